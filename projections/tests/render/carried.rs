//! Files that a copy carries itself.

use super::{Slots, Story};
use expect_test::{Expect, expect};

/// The names under which files of these names are sent.
fn names(names: &[&str], expect: &Expect) {
    let mut story = names.iter().fold(Story::says("x"), |story, name| story.file(name, "https://x/a"));
    story.said.attachments.iter_mut().zip(1..).for_each(|(file, id)| file.id = id);
    story.carried = (1..=names.len() as u64).collect();
    let parts = story.parts(Slots::Free);
    assert_eq!(parts[0].content, "x", "what is carried is no link");
    let shown: Vec<&str> = parts[0].files.iter().map(|file| file.name.as_str()).collect();
    expect.assert_eq(&shown.join("\n"));
}

#[test]
fn names_of_files_are_one_line_and_short() {
    names(
        &[
            "a b.png",
            "SPOILER_a.png",
            "",
            "../../etc/passwd",
            "..\\x.exe",
            "a\"; filename=\"b.png",
            "a\r\nContent-Type: text/html.png",
            "\u{202e}gpj.exe",
            "\u{200b}\u{feff}",
            &format!("{}.tar.gz", "n".repeat(3000)),
            &format!("n.{}", "z".repeat(3000)),
        ],
        &expect![[r#"
            a b.png
            SPOILER_a.png
            file
            .._.._etc_passwd
            .._x.exe
            a_; filename=_b.png
            a Content-Type: text_html.png
            gpj.exe
            file
            nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn.gz
            n.zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"#]],
    );
}
