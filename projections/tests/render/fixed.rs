//! Messages that changed after their first send: parts are never added.

use super::{Slots, Story, check, check_ends};
use expect_test::expect;

fn words(units: usize) -> String {
    "word ".repeat(units / 5)
}

#[test]
fn what_fits_is_as_at_first() {
    let story = Story::says(&words(4500));
    assert_eq!(story.parts(Slots::Fixed(3)), story.parts(Slots::Free));
    assert_eq!(story.parts(Slots::Fixed(9)), story.parts(Slots::Free));
}

#[test]
fn shrinking_leaves_fewer_parts() {
    check(
        &Story::says("short"),
        Slots::Fixed(3),
        &expect![[r#"
        [0] short
    "#]],
    );
    check(
        &Story::says(""),
        Slots::Fixed(2),
        &expect![[r#"
        [0] -# a message that can only be seen at its place · [original](https://discord.com/channels/1/2/3)
    "#]],
    );
    check(&Story::says("short"), Slots::Fixed(0), &expect![]);
}

#[test]
fn growth_goes_into_an_embed() {
    check_ends(
        &Story::says(&words(4500)),
        Slots::Fixed(1),
        &expect![[r#"
        [0] "word word word word word " .. " word word word word word" (1984 units)
            "{\"description\":\"word word" .. "word word\",\"type\":\"rich\"}" (2546 units)
    "#]],
    );
    check_ends(
        &Story::says(&words(4500)),
        Slots::Fixed(2),
        &expect![[r#"
        [0] "word word word word word " .. " word word word word word" (1984 units)
        [1] "word word word word word " .. " word word word word word" (1984 units)
            "{\"description\":\"word word" .. "word word\",\"type\":\"rich\"}" (561 units)
    "#]],
    );
}

#[test]
fn too_much_is_cut_with_a_link() {
    check_ends(
        &Story::says(&words(20_000)),
        Slots::Fixed(1),
        &expect![[r#"
        [0] "word word word word word " .. " word word word word word" (1984 units)
            "{\"description\":\"word word" .. "ls/1/2/3)\",\"type\":\"rich\"}" (4112 units)
    "#]],
    );
    check_ends(
        &Story::says(&format!("```\n{}```", words(20_000))),
        Slots::Fixed(1),
        &expect![[r#"
        [0] "```\nword word word word w" .. "d word word word word\n```" (1987 units)
            "{\"description\":\"```\\n wor" .. "ls/1/2/3)\",\"type\":\"rich\"}" (4118 units)
    "#]],
    );
}

#[test]
fn own_embeds_take_what_room_is_left() {
    let embed = format!(r#"{{"title":"own","description":"{}"}}"#, words(4000));
    check_ends(
        &Story::says(&words(20_000)).embed(&embed),
        Slots::Fixed(1),
        &expect![[r#"
        [0] "word word word word word " .. " word word word word word" (1984 units)
            "{\"description\":\"word word" .. "ls/1/2/3)\",\"type\":\"rich\"}" (4112 units)
            "{\"description\":\"word word" .. "tle\":\"own\",\"type\":\"rich\"}" (1946 units)
    "#]],
    );
}
