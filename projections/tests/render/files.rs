//! What a message has besides its text.

use super::{Slots, Story, check, check_ends};
use expect_test::expect;

#[test]
fn files_are_links() {
    let url = "https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&is=2&hm=3&";
    check(
        &Story::says("look").file("a_b.png", url),
        Slots::Free,
        &expect![[r#"
        [0] look
        [a\_b.png](https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&is=2&hm=3&)
    "#]],
    );
    check(
        &Story::says("").file("SPOILER_a.png", url).file("b.png", url),
        Slots::Free,
        &expect![[r#"
        [0] ||[a.png](https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&is=2&hm=3&)||
        [b.png](https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&is=2&hm=3&)
    "#]],
    );
    check(
        &Story::says("").file("a](http://evil) `b", "https://x/(a) b|c>`é"),
        Slots::Free,
        &expect![[r#"
            [0] [a\](http\://evil) ˋb](https://x/%28a%29%20b%7Cc%3E%60%C3%A9)
        "#]],
    );
    check(
        &Story::says("").file("", "javascript:alert(1)"),
        Slots::Free,
        &expect![[r#"
        [0] file
    "#]],
    );
    check_ends(
        &Story::says("").file("a", &format!("https://{}", "x".repeat(3000))),
        Slots::Free,
        &expect![[r#"
        [0] "a"
    "#]],
    );
}

#[test]
fn bars_do_not_uncover_a_hidden_file() {
    let hidden = |text: &str| Story::says(text).file("SPOILER_a.png", "https://x/a");
    check(
        &hidden("a || b"),
        Slots::Free,
        &expect![[r#"
        [0] a \|\| b
        ||[a.png](https://x/a)||
    "#]],
    );
    check(
        &hidden("||a|| b"),
        Slots::Free,
        &expect![[r#"
        [0] ||a|| b
        ||[a.png](https://x/a)||
    "#]],
    );
    check(
        &hidden("`||` b"),
        Slots::Free,
        &expect![[r#"
        [0] `||` b
        ||[a.png](https://x/a)||
    "#]],
    );
}

#[test]
fn stickers_are_links() {
    let story =
        Story::says("").sticker("Wave", 1).sticker("Dance", 2).sticker("Spin", 4).sticker("Lottie", 3);
    check(
        &story,
        Slots::Free,
        &expect![[r#"
        [0] [Wave](https://media.discordapp.net/stickers/9.png)
        [Dance](https://media.discordapp.net/stickers/9.png)
        [Spin](https://media.discordapp.net/stickers/9.gif)
        *sticker:* Lottie
    "#]],
    );
}

#[test]
fn a_poll_is_lines() {
    check(
        &Story::says("").asks("Tea *or* coffee?", &["Tea", "Coffee\n# x"]),
        Slots::Free,
        &expect![[r#"
        [0] 📊 **Tea \*or\* coffee?**
        - Tea
        - Coffee \# x
    "#]],
    );
}

#[test]
fn a_forward_is_quoted() {
    check(
        &Story::says("").forwards("old <@1>\nnews"),
        Slots::Free,
        &expect![[r#"
        [0] ↪ *Forwarded*
        >>> old @Bob
        news
        [cat.png](https://cdn/cat.png)
    "#]],
    );
    check(
        &Story::says("").forwards(""),
        Slots::Free,
        &expect![[r#"
        [0] ↪ *Forwarded*
        [cat.png](https://cdn/cat.png)
    "#]],
    );
}

#[test]
fn own_embeds_are_passed_on() {
    let whole = r#"{"type":"rich","title":"T <@1>","description":"D","url":"https://x","color":255,
        "timestamp":"2026-01-01T00:00:00.000000+00:00","footer":{"text":"F","icon_url":"https://i","proxy_icon_url":"https://p"},
        "image":{"url":"https://i","width":1},"thumbnail":{"url":"attachment://x"},"video":{"url":"https://v"},
        "author":{"name":"A","url":"javascript:x"},"fields":[{"name":"N","value":"V","inline":true},{"name":"","value":"V"}]}"#;
    check(
        &Story::says("").embed(whole),
        Slots::Free,
        &expect![[r#"
            [0] (no text)
                {"author":{"name":"A"},"color":255,"description":"D","fields":[{"inline":true,"name":"N","value":"V"}],"footer":{"icon_url":"https://i","text":"F"},"image":{"url":"https://i"},"timestamp":"2026-01-01T00:00:00.000000+00:00","title":"T @Bob","type":"rich","url":"https://x"}
        "#]],
    );
    check(
        &Story::says("text").embed("{").embed("[]").embed("{}"),
        Slots::Free,
        &expect![[r#"
        [0] text
    "#]],
    );
    check(
        &Story::says("").embed(r#"{"type":"video","title":"unfurled"}"#),
        Slots::Free,
        &expect![[r#"
        [0] -# a message that can only be seen at its place · [original](https://discord.com/channels/1/2/3)
    "#]],
    );
    check(
        &Story::says("").embed(r#"{"title":"t","color":-1,"timestamp":"soon"}"#),
        Slots::Free,
        &expect![[r#"
            [0] (no text)
                {"title":"t","type":"rich"}
        "#]],
    );
    check(
        &Story::says("").embed("{\"fields\":[{\"name\":\"\u{200b}\",\"value\":\"v\"}]}"),
        Slots::Free,
        &expect![[r#"
            [0] (no text)
                {"fields":[{"inline":false,"name":"{zero}","value":"v"}],"type":"rich"}
        "#]],
    );
}

#[test]
fn embeds_keep_the_limits() {
    let long = format!(r#"{{"title":"{0}","description":"{0}"}}"#, "word ".repeat(2000));
    check_ends(
        &Story::says("").embed(&long).embed(&long).embed(&long),
        Slots::Free,
        &expect![[r#"
        [0] ""
            "{\"description\":\"word word" .. "ord word…\",\"type\":\"rich\"}" (4363 units)
            "{\"description\":\"word word" .. "ord word…\",\"type\":\"rich\"}" (1708 units)
    "#]],
    );
    let many = (0..12).fold(Story::says(""), |story, n| story.embed(&format!(r#"{{"title":"{n}"}}"#)));
    assert_eq!(many.parts(Slots::Free)[0].embeds.len(), 10);
    let code = format!(r#"{{"title":"`{} <@1>` x"}}"#, "y".repeat(245));
    check_ends(
        &Story::says("").embed(&code),
        Slots::Free,
        &expect![[r#"
        [0] ""
            "{\"title\":\"`yyyyyyyyyyyyyy" .. "y <@1>` x\",\"type\":\"rich\"}" (280 units)
    "#]],
    );
}

#[test]
fn embeds_ride_on_the_last_part() {
    let story = Story::says(&"word ".repeat(500)).embed(r#"{"title":"t"}"#);
    check_ends(
        &story,
        Slots::Free,
        &expect![[r#"
        [0] "word word word word word " .. " word word word word word" (1984 units)
        [1] "word word word word word " .. " word word word word word" (514 units)
            "{\"title\":\"t\",\"type\":\"rich\"}"
    "#]],
    );
}
