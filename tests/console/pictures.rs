//! The pictures of docs/console.md: `MIRROR_SCREENSHOTS=docs/images cargo test --test console pictures`.

use crate::browser::{Browser, browser};
use crate::house::{House, with_console};
use crate::stage::Stage;
use crate::work::hold;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

const DESK: (u32, u32) = (1280, 860);
const PHONE: (u32, u32) = (390, 844);

/// Writes what the browser took.
async fn keep(browser: &mut Browser, folder: &Path, name: &str) {
    let taken = browser.picture().await;
    let path: PathBuf = folder.join(format!("console-{name}.png"));
    let file = std::fs::File::create(&path).unwrap();
    let mut decode = Command::new("base64").arg("-d").stdin(Stdio::piped()).stdout(file).spawn().unwrap();
    decode.stdin.take().unwrap().write_all(taken.as_bytes()).await.unwrap();
    assert!(decode.wait().await.unwrap().success());
    let bytes = std::fs::metadata(&path).unwrap().len();
    assert!(bytes < 200_000, "{} has {bytes} bytes", path.display());
}

/// A house with something to see.
async fn lively() -> (House, u64) {
    let mut stage = Stage::new(0);
    with_console(&mut stage);
    for name in ["general", "harbour-talk", "lobby", "announcements"] {
        let channel = stage.discord.create_channel(stage.guild, name);
        stage.channels.push(channel);
    }
    let house = House::over(stage).await;
    let stage = &house.stage;
    stage.link_all().await;
    let talk = ["Good morning, everyone", "The ferry is late again", "Who has the keys to the boat house?"];
    for (number, text) in talk.iter().enumerate() {
        stage.say(stage.channels[number % 2], text);
    }
    let said = stage.say(stage.channels[0], "We meet at the old harbour at six, bring something warm");
    let copies = |count| move |stage: &Stage| (stage.copies(stage.channels[2]).len() == count).then_some(());
    stage.until("all is said", || copies(4)(stage)).await;
    stage.discord.edit(
        stage.channels[0],
        said,
        "We meet at the new harbour at seven, bring something warm to drink",
    );
    stage
        .until("it is edited", || {
            stage.texts(stage.channels[3]).iter().any(|text| text.contains("seven")).then_some(())
        })
        .await;
    (house, said)
}

#[tokio::test]
async fn pictures_are_taken_where_they_are_asked_for() {
    let Some(folder) = std::env::var_os("MIRROR_SCREENSHOTS").map(PathBuf::from) else {
        println!("not run: MIRROR_SCREENSHOTS names no folder");
        return;
    };
    let Some(mut browser) = browser().await else { return };
    std::fs::create_dir_all(&folder).unwrap();
    let (house, said) = lively().await;
    house.enter(&mut browser).await;
    let mirrors = house.stage.json(&["mirrors"]).await;
    let id = mirrors["mirrors"][0]["id"].as_str().unwrap().to_owned();
    let open = async |browser: &mut Browser, path: &str| browser.open(&format!("{}{path}", house.base)).await;
    let more = std::env::var_os("MIRROR_SCREENSHOTS_ALL").is_some();
    let calm = [("/", "calm"), ("/message/", "message"), ("/events", "events"), ("/replay/", "replay")];
    for (path, name) in calm {
        let path = match name {
            "message" => format!("{path}{said}"),
            "replay" => format!("{path}{id}"),
            _ => path.to_owned(),
        };
        for (is_dark, scheme) in [(false, "light"), (true, "dark")] {
            browser.look(DESK, is_dark).await;
            open(&mut browser, &path).await;
            keep(&mut browser, &folder, &format!("{name}-{scheme}")).await;
        }
        if more {
            browser.look(PHONE, false).await;
            open(&mut browser, &path).await;
            keep(&mut browser, &folder, &format!("{name}-phone")).await;
        }
    }
    hold(&house.stage);
    browser.open(&house.base).await;
    browser.until("it is held", "document.querySelector('h1').innerText.includes('held')").await;
    for (path, name) in [
        ("/", "overview"),
        ("/quarantine", "held"),
        ("/links", "links"),
        (&format!("/mirrors/{id}"), "mirror"),
    ] {
        for (is_dark, scheme) in [(false, "light"), (true, "dark")] {
            browser.look(DESK, is_dark).await;
            open(&mut browser, path).await;
            keep(&mut browser, &folder, &format!("{name}-{scheme}")).await;
        }
        browser.look(PHONE, true).await;
        open(&mut browser, path).await;
        keep(&mut browser, &folder, &format!("{name}-phone")).await;
    }
    house.stop().await;
}
