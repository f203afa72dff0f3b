//! `link --backfill`: a new channel receives the mirror's history from the log alone.

use crate::stage::{MIRROR, Stage};
use standin::{Change, Said};

/// What was said in two channels, and what a newcomer is to receive of it.
async fn history(stage: &Stage) -> Vec<String> {
    let (first, second) = (stage.channels[0], stage.channels[1]);
    let mut said = Vec::new();
    for number in 0..30 {
        let channel = if number % 3 == 2 { second } else { first };
        said.push((channel, stage.say(channel, &format!("message {number}"))));
    }
    let long = "a long word and another one ".repeat(100);
    said.push((first, stage.say(first, &long)));
    stage.discord.edit(first, said[0].1, "message 0, second form");
    stage.discord.edit(first, said[0].1, "message 0, final form");
    stage.discord.edit(second, said[5].1, "message 5, final form");
    stage.discord.delete(first, said[3].1);
    stage.discord.bulk_delete(first, &[said[6].1, said[7].1]);
    let answer = Said { reply_to: Some(said[1].1), ..Said::default() };
    stage.discord.say_with(first, stage.user, "an answer", answer);
    let gone = [3, 6, 7];
    let text = |number: usize| match number {
        0 | 5 => format!("message {number}, final form"),
        _ => format!("message {number}"),
    };
    let kept: Vec<usize> = (0..30).filter(|number| !gone.contains(number)).collect();
    let of_first = kept.iter().filter(|number| *number % 3 != 2);
    // All of the first channel is in the second: the log holds it.
    let copies =
        of_first.map(|number| text(*number)).chain([long.trim_end().to_owned(), "an answer".to_owned()]);
    let copies: Vec<String> = copies.collect();
    stage
        .until("the second channel is in step", || (whole(&stage.texts(second)) == copies).then_some(()))
        .await;
    kept.into_iter().map(text).chain([long.trim_end().to_owned(), "an answer".to_owned()]).collect()
}

/// Texts without quotes of what they answer, the parts of the long one joined: all others are short.
fn whole(texts: &[String]) -> Vec<String> {
    let mut whole: Vec<String> = Vec::new();
    for text in texts {
        let text = match text.strip_prefix("-# ↩ ") {
            Some(rest) => rest.split_once('\n').map_or("", |(_, text)| text),
            None => text,
        };
        match whole.last_mut() {
            Some(last) if last.len() > 1000 && text.len() > 100 => {
                *last += " ";
                *last += text;
            }
            _ => whole.push(text.trim_end().to_owned()),
        }
    }
    whole.iter().map(|text| text.trim_end().to_owned()).collect()
}

async fn check(running: bool) {
    let stage = Stage::new(3);
    let newcomer = stage.channels[2];
    for channel in &stage.channels[..2] {
        stage.done(&["link", MIRROR, &stage.address(*channel)]).await;
    }
    let node = stage.start().await;
    let wanted = history(&stage).await;
    assert!(stage.discord.delete_channel(stage.channels[0]));
    // What the second channel shows is there to stay, although the first is gone.
    let kept = stage.texts(stage.channels[1]);
    let node = if running {
        Some(node)
    } else {
        node.stop().await;
        None
    };
    let said = stage.done(&["link", MIRROR, &stage.address(newcomer), "--backfill"]).await;
    assert!(said.contains("from the beginning"), "{said}");
    let node = match node {
        Some(node) => node,
        None => stage.start().await,
    };
    stage.until("the newcomer has all", || (whole(&stage.texts(newcomer)) == wanted).then_some(())).await;
    let effects = stage.discord.effects_on(newcomer);
    assert!(
        effects.iter().all(|effect| !matches!(effect.change, Change::Edit | Change::Delete)),
        "final forms"
    );
    let posted = |text: &str| effects.iter().any(|effect| effect.content.as_deref() == Some(text));
    for never in ["message 0", "message 3", "message 6", "message 7", "message 0, second form"] {
        assert!(!posted(never), "'{never}' was posted");
    }
    assert_eq!(stage.texts(stage.channels[1]), kept);
    // And it is a member like any other.
    stage.say(stage.channels[1], "welcome");
    let wanted: Vec<String> = wanted.into_iter().chain(["welcome".to_owned()]).collect();
    stage
        .until("what is said now comes too", || (whole(&stage.texts(newcomer)) == wanted).then_some(()))
        .await;
    node.stop().await;
    stage.done(&["verify"]).await;
}

#[tokio::test]
async fn a_newcomer_receives_final_forms_although_their_channel_is_gone() {
    check(true).await;
}

#[tokio::test]
async fn linked_while_no_node_runs_it_receives_them_from_the_next_one() {
    check(false).await;
}
