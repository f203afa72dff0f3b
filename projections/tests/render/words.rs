//! Text, mentions, replies.

use super::{Slots, Story, check};
use expect_test::{Expect, expect};

fn says(text: &str, expect: &Expect) {
    check(&Story::says(text), Slots::Free, expect);
}

#[test]
fn mentions_become_names() {
    says(
        "hi <@1> and <@!1>, see <#5>, ask <@&6>",
        &expect![[r#"
        [0] hi @Bob and @Bob, see #general, ask @mods
    "#]],
    );
    says(
        "<@2> <#2> <@&2> <@99999999999999999999999>",
        &expect![[r#"
        [0] @unknown-user #unknown @unknown-role @unknown-user
    "#]],
    );
    says(
        "@everyone @here <:wave:7> <a:dance:8> <t:1:R> </cmd:4>",
        &expect![[r#"
        [0] @everyone @here <:wave:7> <a:dance:8> <t:1:R> </cmd:4>
    "#]],
    );
    says(
        "<@> <@x> <@1 > <@!>",
        &expect![[r#"
        [0] <@> <@x> <@1 > <@!>
    "#]],
    );
}

#[test]
fn code_stays_as_it_is() {
    says(
        "`<@1>` <@1> ``a ` <@1>``",
        &expect![[r#"
        [0] `<@1>` @Bob ``a ` <@1>``
    "#]],
    );
    says(
        "```rust\nlet a = <@1>;\n``` <@1>",
        &expect![[r#"
        [0] ```rust
        let a = <@1>;
        ``` @Bob
    "#]],
    );
    says(
        "```rs\n``` a ` <@1> `",
        &expect![[r#"
        [0] ```rs
        ``` a ` <@1> `
    "#]],
    );
    // A block without anything to show is three backticks' inline code.
    says(
        "```\n```<@1>`",
        &expect![[r#"
        [0] ```
        ```@Bob`
    "#]],
    );
    says(
        "`<@1>",
        &expect![[r#"
        [0] `@Bob
    "#]],
    );
    says(
        "```<@1> ``",
        &expect![[r#"
        [0] ```<@1> ``
    "#]],
    );
    says(
        "\\`<@1>`",
        &expect![[r#"
        [0] \`@Bob`
    "#]],
    );
    says(
        "``a <@1>`",
        &expect![[r#"
        [0] ``a <@1>`
    "#]],
    );
}

#[test]
fn a_hostile_name_breaks_nothing() {
    let called = |name: &str, text: &str, expect: &Expect| {
        check(&Story::says(text).calls(2, name), Slots::Free, expect);
    };
    called(
        "**b** _i_ ~~s~~ ||x|| `c` > # [a](http://b)",
        "<@2>",
        &expect![[r#"
            [0] @\*\*b\*\* \_i\_ \~\~s\~\~ \|\|x\|\| ˋcˋ \> \# \[a\](http\://b)
        "#]],
    );
    called(
        "<@1> <:e:1> <3",
        "<@2>",
        &expect![[r#"
            [0] @\<{zero}@1\> \<{zero}:e:1\> \<3
        "#]],
    );
    called(
        "<@",
        "<@2>5>",
        &expect![[r#"
            [0] @\<{zero}@5>
        "#]],
    );
    called(
        "123",
        "<<@2>>",
        &expect![[r#"
            [0] <{zero}@123>
        "#]],
    );
    called(
        "a\n```\nb",
        "<@2>",
        &expect![[r#"
        [0] @a ˋˋˋ b
    "#]],
    );
    called(
        " \u{200b}",
        "<@2>",
        &expect![[r#"
        [0] @unknown-user
    "#]],
    );
    called(
        &"n".repeat(500),
        "<@2>",
        &expect![[r#"
        [0] @nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn…
    "#]],
    );
}

#[test]
fn an_answer_quotes_first() {
    let answers = |author: &str, text: &str, expect: &Expect| {
        check(&Story::says("yes").answers(author, text), Slots::Free, expect);
    };
    answers(
        "Bob",
        "shall we?",
        &expect![[r#"
        [0] -# ↩ [Bob](https://discord.com/channels/1/8/9): shall we?
        yes
    "#]],
    );
    answers(
        "Bob",
        "two\n\nlines  and **bold** <@1> <:wave:7> `x`",
        &expect![[r#"
        [0] -# ↩ [Bob](https://discord.com/channels/1/8/9): two lines and \*\*bold\*\* @Bob :wave: ˋxˋ
        yes
    "#]],
    );
    answers(
        "Bob",
        "",
        &expect![[r#"
        [0] -# ↩ [Bob](https://discord.com/channels/1/8/9)
        yes
    "#]],
    );
    answers(
        " ",
        "x",
        &expect![[r#"
        [0] -# ↩ [someone](https://discord.com/channels/1/8/9): x
        yes
    "#]],
    );
    answers(
        "B](http://evil)",
        "x",
        &expect![[r#"
            [0] -# ↩ [B\](http\://evil)](https://discord.com/channels/1/8/9): x
            yes
        "#]],
    );
    answers(
        "Bob",
        "the murderer is ||the gardener|| ||and the",
        &expect![[r#"
            [0] -# ↩ [Bob](https://discord.com/channels/1/8/9): the murderer is (spoiler) (spoiler)
            yes
        "#]],
    );
    answers(
        "Bob",
        &"word ".repeat(60),
        &expect![[r#"
        [0] -# ↩ [Bob](https://discord.com/channels/1/8/9): word word word word word word word word word word word word word word word word word word word word…
        yes
    "#]],
    );
    answers(
        "Bob",
        "<@1",
        &expect![[r#"
            [0] -# ↩ [Bob](https://discord.com/channels/1/8/9): \<{zero}@1
            yes
        "#]],
    );
}

#[test]
fn an_answer_without_words_says_so() {
    check(
        &Story::says("").answers("Bob", "x"),
        Slots::Free,
        &expect![[r#"
        [0] -# ↩ [Bob](https://discord.com/channels/1/8/9): x
        -# a message that can only be seen at its place · [original](https://discord.com/channels/1/2/3)
    "#]],
    );
}

#[test]
fn nothing_is_shown_as_a_link() {
    check(
        &Story::says(""),
        Slots::Free,
        &expect![[r#"
        [0] -# a message that can only be seen at its place · [original](https://discord.com/channels/1/2/3)
    "#]],
    );
    check(
        &Story::says(" \u{200b}\n"),
        Slots::Free,
        &expect![[r#"
        [0] -# a message that can only be seen at its place · [original](https://discord.com/channels/1/2/3)
    "#]],
    );
    check(
        &Story::says("").of_kind(6),
        Slots::Free,
        &expect![[r#"
            [0] -# 📌 pinned a message
        "#]],
    );
    check(
        &Story::says("new name").of_kind(4),
        Slots::Free,
        &expect![[r#"
            [0] -# ✏️ renamed the channel: **new name**
        "#]],
    );
}
