//! Names and pictures.

use super::{Slots, Story};
use expect_test::{Expect, expect};

fn name(story: &Story, expect: &Expect) {
    let parts = story.parts(Slots::Free);
    expect.assert_eq(&parts[0].username.escape_debug().to_string().replace('\u{200a}', "{hair}"));
}

#[test]
fn a_name_is_made_legal() {
    let rows: &[(&str, Expect)] = &[
        ("Ann", expect!["Ann"]),
        ("  Ann \t of\n Green  Gables ", expect!["Ann of Green Gables"]),
        ("Clyde", expect![[r#"C\u{200a}lyde"#]]),
        ("xDiScOrDx", expect![[r#"xD\u{200a}iScOrDx"#]]),
        ("cly\u{200b}de and dis\ncord", expect![[r#"c\u{200a}lyde and dis cord"#]]),
        ("d\u{202e}is\u{2060}cord", expect![[r#"d\u{200a}iscord"#]]),
        ("diſcord", expect![[r#"d\u{200a}iſcord"#]]),
        ("ｄｉｓｃｏｒｄ", expect!["ｄｉｓｃｏｒｄ"]),
        ("here", expect![[r#"h\u{200a}ere"#]]),
        ("EVERYONE", expect![[r#"E\u{200a}VERYONE"#]]),
        ("everyone else", expect!["everyone else"]),
        ("", expect!["user 1234"]),
        ("\u{3164}\u{200b} ", expect!["user 1234"]),
        ("❤\u{fe0f} dis\u{fe0f}cord", expect![[r#"❤️ d\u{200a}iscord"#]]),
        ("@here <@1> `x`", expect!["@here <@1> `x`"]),
    ];
    for (display, expect) in rows {
        name(&Story::named(display, "ann"), expect);
    }
}

#[test]
fn a_name_is_cut_between_characters() {
    let long = "Ann ".repeat(30);
    name(
        &Story::named(&long, "ann"),
        &expect!["Ann Ann Ann Ann Ann Ann Ann Ann Ann Ann Ann Ann Ann Ann Ann Ann Ann Ann Ann Ann"],
    );
    let family = format!("{}{}", "x".repeat(79), "👩🏽");
    name(
        &Story::named(&family, "ann"),
        &expect!["xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"],
    );
    let discord = "discord".repeat(20);
    name(
        &Story::named(&discord, "ann"),
        &expect![[
            r#"d\u{200a}iscordd\u{200a}iscordd\u{200a}iscordd\u{200a}iscordd\u{200a}iscordd\u{200a}iscordd\u{200a}iscordd\u{200a}iscordd\u{200a}iscordd\u{200a}iscord"#
        ]],
    );
}

#[test]
fn namesakes_stay_apart() {
    name(&Story::named("Ann", "ann_of_green_gables").namesake(), &expect!["Ann (ann_of_green_gables)"]);
    name(&Story::named("Ann", "ANN").namesake(), &expect!["Ann · 1234"]);
    name(&Story::named("Ann", "").namesake(), &expect!["Ann · 1234"]);
    name(&Story::named("", "ann").namesake(), &expect!["user 1234 (ann)"]);
    name(&Story::named("here", "discordian").namesake(), &expect![[r#"here (d\u{200a}iscordian)"#]]);
    name(
        &Story::named(&"A".repeat(100), &"b".repeat(100)).namesake(),
        &expect!["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA (bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb)"],
    );
}

#[test]
fn a_picture_is_at_the_cdn() {
    let picture = |avatar: Option<&str>| {
        let mut story = Story::says("x");
        story.author.id.0 = (7 << 22) + 1;
        story.author.avatar = avatar.map(str::to_owned);
        story.parts(Slots::Free)[0].avatar_url.clone().unwrap()
    };
    assert_eq!(picture(Some("avatars/1/a_b2")), "https://cdn.discordapp.com/avatars/1/a_b2.png?size=128");
    assert_eq!(picture(None), "https://cdn.discordapp.com/embed/avatars/1.png");
    assert_eq!(picture(Some("../x?y=@evil")), "https://cdn.discordapp.com/embed/avatars/1.png");
}
