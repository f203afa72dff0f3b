//! Files, end to end: carried as bytes once, or shown as a link.

use crate::stage::Stage;
use standin::{CdnFault, File, Filter, Matcher, RouteKind, Said};

/// Two linked rooms whose files come from the stand-in.
async fn stage() -> Stage {
    let mut stage = Stage::new(2);
    let cdn = stage.discord.api_url().trim_end_matches("/api").to_owned();
    stage.environment.push(("MIRROR_DISCORD_CDN".to_owned(), cdn));
    stage.link_all().await;
    stage
}

fn posted(stage: &Stage, text: &str, files: Vec<File>) -> u64 {
    stage.discord.say_with(stage.channels[0], stage.user, text, Said { files, ..Said::default() })
}

/// The last copy, with names and bytes of its files.
fn copy(stage: &Stage) -> (u64, Vec<(String, Vec<u8>)>) {
    let copy = stage.discord.messages(stage.channels[1]).pop().unwrap().id;
    let files = stage.discord.files(stage.channels[1], copy);
    (copy, files.into_iter().map(|file| (file.name, file.bytes.to_vec())).collect())
}

#[tokio::test]
async fn a_file_is_carried_once_whatever_becomes_of_the_message() {
    let stage = stage().await;
    let node = stage.start().await;
    let [home, away] = stage.channels[..] else { unreachable!() };
    let bytes: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    let message = posted(&stage, "look", vec![File::new("a.bin", bytes.clone()), File::new("b.txt", "two")]);
    stage.until_texts(away, &["look".to_owned()]).await;
    let both = vec![("a.bin".to_owned(), bytes), ("b.txt".to_owned(), b"two".to_vec())];
    assert_eq!(copy(&stage).1, both);
    let downloads = stage.discord.downloads(home, message);
    assert_eq!(downloads, 2);

    assert!(stage.discord.edit(home, message, "see"));
    stage.until_texts(away, &["see".to_owned()]).await;
    assert_eq!(copy(&stage).1, both, "an edit keeps them");
    assert_eq!(stage.discord.downloads(home, message), downloads, "and neither fetches nor sends them again");
    let reads = Matcher::kind(RouteKind::GetWebhookMessage);
    assert_eq!(stage.discord.requests(&Filter { on: reads, ..Filter::default() }).len(), 0);
    node.stop().await;
    stage.done(&["verify"]).await;
}

#[tokio::test]
async fn what_cannot_be_had_is_a_link_and_holds_nothing_up() {
    let stage = stage().await;
    let node = stage.start().await;
    let away = stage.channels[1];
    let elsewhere = "http://169.254.169.254/latest/meta-data".to_owned();
    let faults = [
        CdnFault::Redirect { to: elsewhere },
        CdnFault::Cut { after: 2 },
        CdnFault::LyingLength { length: 4 },
        CdnFault::Endless,
        CdnFault::Status { status: 503 },
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        stage.discord.set_cdn_faults(vec![fault.clone()]);
        posted(&stage, &format!("number {number}"), vec![File::new("a.txt", "bytes")]);
        let begins = format!("number {number}");
        let shown = || stage.texts(away).pop().filter(|text| text.starts_with(&begins));
        let text = stage.until("the copy is there", shown).await;
        assert!(text.contains("\n[a.txt](http"), "{fault:?}: {text}");
        assert_eq!(copy(&stage).1, [], "{fault:?}");
    }
    posted(&stage, "", vec![File::new("SPOILER_a.txt", "bytes")]);
    let alone = [("SPOILER_a.txt".to_owned(), b"bytes".to_vec())];
    stage.until("files alone go over", || (copy(&stage).1 == alone).then_some(())).await;
    node.stop().await;
    stage.done(&["verify"]).await;
}
