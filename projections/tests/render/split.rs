//! Texts that one message does not hold.

use super::{Slots, Story, check_ends};
use expect_test::{Expect, expect};

fn says(text: &str, expect: &Expect) {
    check_ends(&Story::says(text), Slots::Free, expect);
}

fn words(units: usize) -> String {
    "word ".repeat(units / 5)
}

#[test]
fn at_the_limit_it_is_whole() {
    says(
        &"a".repeat(2000),
        &expect![[r#"
        [0] "aaaaaaaaaaaaaaaaaaaaaaaaa" .. "aaaaaaaaaaaaaaaaaaaaaaaaa" (2000 units)
    "#]],
    );
    says(
        &"a".repeat(2001),
        &expect![[r#"
        [0] "aaaaaaaaaaaaaaaaaaaaaaaaa" .. "aaaaaaaaaaaaaaaaaaaaaaaaa" (1988 units)
        [1] "aaaaaaaaaaaaa"
    "#]],
    );
    says(
        &"😀".repeat(1000),
        &expect![[r#"
        [0] "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀" .. "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀" (2000 units)
    "#]],
    );
    says(
        &"😀".repeat(1001),
        &expect![[r#"
        [0] "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀" .. "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀" (1988 units)
        [1] "😀😀😀😀😀😀😀"
    "#]],
    );
}

#[test]
fn at_a_line_break_else_a_space() {
    says(
        &format!("{}\nlast line {}", words(1800), words(500)),
        &expect![[r#"
        [0] "word word word word word " .. " word word word word word" (1799 units)
        [1] "last line word word word " .. " word word word word word" (509 units)
    "#]],
    );
    says(
        &words(2500),
        &expect![[r#"
        [0] "word word word word word " .. " word word word word word" (1984 units)
        [1] "word word word word word " .. " word word word word word" (514 units)
    "#]],
    );
    says(
        &format!("early\n{}", "a".repeat(2500)),
        &expect![[r#"
        [0] "early\naaaaaaaaaaaaaaaaaaa" .. "aaaaaaaaaaaaaaaaaaaaaaaaa" (1988 units)
        [1] "aaaaaaaaaaaaaaaaaaaaaaaaa" .. "aaaaaaaaaaaaaaaaaaaaaaaaa" (518 units)
    "#]],
    );
    says(
        &format!("{}{}end", words(1995), " \n\u{200b}".repeat(3000)),
        &expect![[r#"
            [0] "word word word word word " .. " word word word word word" (1984 units)
            [1] "word word  \n\u{200b} \n\u{200b} \n\u{200b} \n\u{200b} \n\u{200b}" .. "\u{200b} \n\u{200b} \n\u{200b} \n\u{200b} \n\u{200b} \n\u{200b} \n\u{200b} \n\u{200b} \n\u{200b}" (1984 units)
            [2] "\u{200b} \n\u{200b} \n\u{200b} \n\u{200b} \n\u{200b} \n\u{200b} \n\u{200b} \n\u{200b} \n\u{200b}" .. "\u{200b} \n\u{200b} \n\u{200b} \n\u{200b} \n\u{200b} \n\u{200b} \n\u{200b} \n\u{200b}end" (1069 units)
        "#]],
    );
}

#[test]
fn not_within_a_character() {
    says(
        &"e\u{301}".repeat(1500),
        &expect![[r#"
        [0] "e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e" .. "\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}" (1988 units)
        [1] "e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e" .. "\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}" (1012 units)
    "#]],
    );
    says(
        &"👨‍👩‍👧".repeat(300),
        &expect![[r#"
        [0] "👨\u{200d}👩\u{200d}👧👨\u{200d}👩\u{200d}👧👨\u{200d}👩\u{200d}👧👨\u{200d}👩\u{200d}👧👨\u{200d}👩\u{200d}👧" .. "👨\u{200d}👩\u{200d}👧👨\u{200d}👩\u{200d}👧👨\u{200d}👩\u{200d}👧👨\u{200d}👩\u{200d}👧👨\u{200d}👩\u{200d}👧" (1984 units)
        [1] "👨\u{200d}👩\u{200d}👧👨\u{200d}👩\u{200d}👧👨\u{200d}👩\u{200d}👧👨\u{200d}👩\u{200d}👧👨\u{200d}👩\u{200d}👧" .. "👨\u{200d}👩\u{200d}👧👨\u{200d}👩\u{200d}👧👨\u{200d}👩\u{200d}👧👨\u{200d}👩\u{200d}👧👨\u{200d}👩\u{200d}👧" (416 units)
    "#]],
    );
    says(
        &format!("a{}", "\u{301}".repeat(2500)),
        &expect![[r#"
        [0] "a\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}" .. "\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}" (1988 units)
        [1] "\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}" .. "\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}" (513 units)
    "#]],
    );
}

#[test]
fn not_within_a_link_or_token() {
    says(
        &format!("{}https://example.com/{}", words(1900), "x".repeat(200)),
        &expect![[r#"
        [0] "word word word word word " .. " word word word word word" (1899 units)
        [1] "https://example.com/xxxxx" .. "xxxxxxxxxxxxxxxxxxxxxxxxx" (220 units)
    "#]],
    );
    says(
        &format!("https://example.com/{}", "x".repeat(2500)),
        &expect![[r#"
        [0] "https://example.com/xxxxx" .. "xxxxxxxxxxxxxxxxxxxxxxxxx" (1988 units)
        [1] "xxxxxxxxxxxxxxxxxxxxxxxxx" .. "xxxxxxxxxxxxxxxxxxxxxxxxx" (532 units)
    "#]],
    );
    says(
        &format!("{}<:wave:123456789>", "a".repeat(1980)),
        &expect![[r#"
        [0] "aaaaaaaaaaaaaaaaaaaaaaaaa" .. "aaaaaaaa<:wave:123456789>" (1997 units)
    "#]],
    );
    says(
        &format!("{}[two words](https://example.com)", "a".repeat(1980)),
        &expect![[r#"
        [0] "aaaaaaaaaaaaaaaaaaaaaaaaa" .. "aaaaaaaaaaaaaaaaaaaaaaaaa" (1980 units)
        [1] "[two words](https://example.com)"
    "#]],
    );
    says(
        &format!("{}\\*\\*\\*\\*\\*\\*\\*\\*\\*\\*\\*", "a".repeat(1979)),
        &expect![[r#"
        [0] "aaaaaaaaaaaaaaaaaaaaaaaaa" .. "aaaaaaaaaaaaaaaaa\\*\\*\\*\\*" (1987 units)
        [1] "\\*\\*\\*\\*\\*\\*\\*"
    "#]],
    );
}

#[test]
fn code_is_closed_and_opened_again() {
    says(
        &format!("```rust\n{}```", "let a = 1;\n".repeat(250)),
        &expect![[r#"
        [0] "```rust\nlet a = 1;\nlet a " .. "let a = 1;\nlet a = 1;\n```" (1991 units)
        [1] "```rust\nlet a = 1;\nlet a " .. "let a = 1;\nlet a = 1;\n```" (781 units)
    "#]],
    );
    says(
        &format!("{}```\ncode\n```end", words(1985)),
        &expect![[r#"
        [0] "word word word word word " .. "word word ```\ncode\n```end" (2000 units)
    "#]],
    );
    says(
        &format!("{}\n```\ncode\n```{}", words(1980), words(100)),
        &expect![[r#"
        [0] "word word word word word " .. " word word word word word" (1979 units)
        [1] "```\ncode\n```word word wor" .. " word word word word word" (111 units)
    "#]],
    );
    says(
        &format!("``{}``", "a b ` ".repeat(400)),
        &expect![[r#"
        [0] "``a b ` a b ` a b ` a b `" .. " b ` a b ` a b ` a b ` ``" (1990 units)
        [1] "`` a b ` a b ` a b ` a b " .. " b ` a b ` a b ` a b ` ``" (419 units)
    "#]],
    );
    says(
        &format!("{} `code {}`", words(1900), words(100)),
        &expect![[r#"
        [0] "word word word word word " .. " word word word word word" (1899 units)
        [1] "`code word word word word" .. "ord word word word word `" (107 units)
    "#]],
    );
    says(
        &format!("```\n{}", words(2500)),
        &expect![[r#"
        [0] "```\nword word word word w" .. " word word word word word" (1983 units)
        [1] "word word word word word " .. " word word word word word" (519 units)
    "#]],
    );
}

#[test]
fn a_mark_of_ours_does_not_join_one_of_the_text() {
    says(
        &format!("`{}\n```<@1>``` {}`", words(1980), words(100)),
        &expect![[r#"
        [0] "`word word word word word" .. "ord word word word word `" (1982 units)
        [1] "` ```<@1>``` word word wo" .. "ord word word word word `" (114 units)
    "#]],
    );
    says(
        &format!("`{}``` {}`", "a".repeat(1985), words(100)),
        &expect![[r#"
        [0] "`aaaaaaaaaaaaaaaaaaaaaaaa" .. "aaaaaaaaaaaaaaaaaaaaaaaa`" (1987 units)
        [1] "` ``` word word word word" .. "ord word word word word `" (107 units)
    "#]],
    );
}

#[test]
fn no_spoiler_is_left_empty() {
    says(
        &format!("{}||{}||", "a".repeat(1986), "b".repeat(100)),
        &expect![[r#"
        [0] "aaaaaaaaaaaaaaaaaaaaaaaaa" .. "aaaaaaaaaaaaaaaaaaaaaaaaa" (1986 units)
        [1] "||bbbbbbbbbbbbbbbbbbbbbbb" .. "bbbbbbbbbbbbbbbbbbbbbbb||" (104 units)
    "#]],
    );
    says(
        &format!("||{}||{}", "a".repeat(1986), "b".repeat(100)),
        &expect![[r#"
        [0] "||aaaaaaaaaaaaaaaaaaaaaaa" .. "aaaaaaaaaaaaaaaaaaaaaaa||" (1990 units)
        [1] "bbbbbbbbbbbbbbbbbbbbbbbbb" .. "bbbbbbbbbbbbbbbbbbbbbbbbb" (100 units)
    "#]],
    );
}

#[test]
fn a_spoiler_is_closed_and_opened_again() {
    says(
        &format!("||{}||", words(2500)),
        &expect![[r#"
        [0] "||word word word word wor" .. "ord word word word word||" (1988 units)
        [1] "||word word word word wor" .. "rd word word word word ||" (519 units)
    "#]],
    );
    says(
        &format!("{}||hidden||", words(1985)),
        &expect![[r#"
        [0] "word word word word word " .. "word word word ||hidden||" (1995 units)
    "#]],
    );
    says(
        &format!("||```js\n{}```||", words(2500)),
        &expect![[r#"
        [0] "||```js\nword word word wo" .. "word word word word\n```||" (1993 units)
        [1] "||```js\n word word word w" .. "word word word word ```||" (534 units)
    "#]],
    );
    says(
        &format!("|| {}", words(2500)),
        &expect![[r#"
        [0] "|| word word word word wo" .. " word word word word word" (1987 units)
        [1] "word word word word word " .. " word word word word word" (514 units)
    "#]],
    );
}
