//! The pictures of docs/console.md: `MIRROR_SCREENSHOTS=docs/images cargo test --test console pictures`.

use crate::browser::{Browser, browser};
use crate::house::{House, with_console};
use crate::stage::Stage;
use crate::work::{hold, press};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

const DESK: (u32, u32) = (1280, 760);
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
    let (message, replay, mirror) =
        (format!("/message/{said}"), format!("/replay/{id}"), format!("/mirrors/{id}"));
    browser.open(&format!("{}{replay}", house.base)).await;
    press(&mut browser, "Rebuild").await;
    browser.until("it is built", "document.body.innerText.includes('is read now')").await;
    let calm = [("message-light", message.as_str()), ("replay-light", &replay), ("events-dark", "/events")];
    for shot in calm {
        take(&mut browser, &house.base, (&folder, shot)).await;
    }
    hold(&house.stage);
    browser.open(&house.base).await;
    browser.until("it is held", "document.querySelector('h1').innerText.includes('held')").await;
    let held = [
        ("overview-light", "/"),
        ("overview-dark", "/"),
        ("mirror-phone-dark", mirror.as_str()),
        ("events-phone-light", "/events"),
    ];
    for shot in held {
        take(&mut browser, &house.base, (&folder, shot)).await;
    }
    house.stop().await;
}

/// One picture; its name says how it is looked at.
async fn take(browser: &mut Browser, base: &str, (folder, (name, path)): (&Path, (&str, &str))) {
    let size = if name.contains("phone") { PHONE } else { DESK };
    browser.look(size, name.ends_with("dark")).await;
    browser.open(&format!("{base}{path}")).await;
    if browser.run("!!document.querySelector('[data-live]')").await == true {
        browser.until("it is live", "document.documentElement.dataset.watch === 'on'").await;
    }
    keep(browser, folder, name).await;
}
