//! What is done from a page, and watched: a replay, a held lane, what happens.

use crate::browser::{Browser, browser};
use crate::house::House;
use crate::stage::Stage;
use serde_json::json;
use standin::Permissions;

const TEXT: &str = "document.querySelector('main').innerText";

/// Presses a button, once it is there and may be.
pub(crate) async fn press(browser: &mut Browser, words: &str) {
    let find = "[...document.querySelectorAll('main button')]";
    let script = format!(
        "document.readyState === 'complete' && (() => {{ const at = {find}.find((at) => at.innerText.includes('{words}') && \
         !at.disabled); at?.click(); return !!at }})()"
    );
    browser.until(&format!("'{words}' can be pressed"), &script).await;
}

fn says(words: &str) -> String {
    format!("{TEXT}.includes('{words}')")
}

#[tokio::test]
async fn a_replay_is_planned_started_watched_and_taken_back() {
    let Some(mut browser) = browser().await else { return };
    let house = House::linked(2).await;
    let stage = &house.stage;
    let said: Vec<String> = (0..40).map(|number| format!("message {number}")).collect();
    for text in &said {
        stage.say(stage.channels[0], text);
    }
    stage.until_texts(stage.channels[1], &said).await;
    let mirrors = stage.json(&["mirrors"]).await;
    let id = mirrors["mirrors"][0]["id"].as_str().unwrap().to_owned();
    house.enter(&mut browser).await;
    browser.open(&format!("{}/replay/{id}", house.base)).await;
    assert_eq!(browser.run(&says("Would read")).await, true);
    press(&mut browser, "Rebuild").await;
    browser.until("it is done", &says("is read now; build 0 is kept")).await;
    browser.until("both builds are equal", &says("digest is the same")).await;
    assert_eq!(stage.json(&["mirrors"]).await["mirrors"][0]["generation"], 1);
    press(&mut browser, "Read build 0 again").await;
    browser.until("it is taken back", &says("reads build 0 again")).await;
    assert_eq!(stage.json(&["mirrors"]).await["mirrors"][0]["generation"], 0);
    // Said once.
    browser.open(&format!("{}/replay/{id}", house.base)).await;
    assert_eq!(browser.run(&says("reads build 0 again")).await, false);

    // Somebody wipes the channel: what others removed is sent again once it is approved.
    stage.discord.wipe(stage.channels[1]);
    stage.until("it is wiped", || stage.texts(stage.channels[1]).is_empty().then_some(())).await;
    let removed = |told: &serde_json::Value| told["plan"]["lanes"][1]["posts"] == 40 || told["calls"] == 40;
    stage
        .until_json(
            &["replay", "--mirror", "lounge", "--apply", "--restore", "--dry-run"],
            "all is owed",
            removed,
        )
        .await;
    browser.run("document.querySelector('[name=restore]').click()").await;
    press(&mut browser, "Show the plan").await;
    browser.until("the plan is there", &says("40 requests, about")).await;
    assert_eq!(stage.texts(stage.channels[1]), Vec::<String>::new(), "nothing is sent before it is approved");
    press(&mut browser, "Send 40 requests").await;
    browser.until("it has begun", &says("The lanes work at")).await;
    stage.until_texts(stage.channels[1], &said).await;
    browser.is_content("replay").await;
    house.stop().await;
}

#[tokio::test]
async fn a_held_link_is_shown_with_its_reason_and_released() {
    let Some(mut browser) = browser().await else { return };
    let house = House::linked(2).await;
    let stage = &house.stage;
    stage.say(stage.channels[0], "before");
    stage.until_texts(stage.channels[1], &["before".to_owned()]).await;
    house.enter(&mut browser).await;
    browser.until("all is well", "document.querySelector('h1').innerText === 'Everything is in step'").await;
    hold(stage);
    // The page that is open says it by itself.
    browser.until("it is shown", "document.querySelector('h1').innerText === '1 link is held'").await;
    browser.open(&format!("{}/quarantine", house.base)).await;
    let reason = browser.run("document.querySelector('.reason').innerText").await;
    assert!(reason.as_str().unwrap().contains("webhook"), "{reason}");
    stage.discord.set_permissions(stage.channels[1], Permissions::default());
    press(&mut browser, "Release").await;
    browser.until("it is released", &says("the lane goes on")).await;
    stage.until_texts(stage.channels[1], &["before".to_owned(), "after".to_owned()]).await;
    browser.open(&format!("{}/quarantine", house.base)).await;
    browser.until("nothing is held", &says("No link is held")).await;
    browser.is_content("quarantine").await;
    house.stop().await;
}

/// Makes the second channel's lane one that cannot go on.
pub(crate) fn hold(stage: &Stage) {
    let dead = stage.channels[1];
    let hook = stage.discord.webhooks(dead)[0];
    assert!(stage.discord.delete_webhook(hook));
    stage.discord.set_permissions(dead, Permissions { manage_webhooks: false, ..Permissions::default() });
    stage.say(stage.channels[0], "after");
}

#[tokio::test]
async fn what_happens_appears_by_itself_and_only_once() {
    let Some(mut browser) = browser().await else { return };
    let house = House::linked(2).await;
    let stage = &house.stage;
    stage.say(stage.channels[0], "said before");
    stage.until_texts(stage.channels[1], &["said before".to_owned()]).await;
    house.enter(&mut browser).await;
    browser.open(&format!("{}/events?kind=created", house.base)).await;
    browser.until("it is live", "document.documentElement.dataset.watch === 'on'").await;
    stage.say(stage.channels[0], "said live");
    browser.until("it appears", "document.body.innerText.includes('said live')").await;
    stage.say(stage.channels[1], "said last");
    browser.until("so does the next", "document.body.innerText.includes('said last')").await;
    let order =
        "[...document.querySelectorAll('.says')].slice(0, 3).map((at) => at.innerText.split(': ').pop())";
    assert_eq!(browser.run(order).await, json!(["said last", "said live", "said before"]));
    let keys = "(() => { const k = [...document.querySelectorAll('[data-key]')].map((at) => at.dataset.key); return k.length === new Set(k).size })()";
    assert_eq!(browser.run(keys).await, true, "a row is there twice");
    let others = "[...document.querySelectorAll('tbody .badge')].every((at) => at.innerText === 'created')";
    assert_eq!(browser.run(others).await, true, "what was not asked for is there");
    browser.is_content("events").await;
    house.stop().await;
}

/// Without script all can be done but seeing it change.
#[tokio::test]
async fn it_works_without_script() {
    let Some(mut browser) = browser().await else { return };
    let house = House::linked(2).await;
    let stage = &house.stage;
    house.enter(&mut browser).await;
    let mirrors = stage.json(&["mirrors"]).await;
    let id = mirrors["mirrors"][0]["id"].as_str().unwrap().to_owned();
    browser.call("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    browser.open(&format!("{}/replay/{id}", house.base)).await;
    press(&mut browser, "Rebuild").await;
    let built = |told: &serde_json::Value| told["mirrors"][0]["generation"] == 1;
    stage.until_json(&["mirrors"], "it is built", built).await;
    stage.until_json(&["mirrors"], "it has ended", |told| told["mirrors"][0]["building"].is_null()).await;
    browser.open(&format!("{}/replay/{id}", house.base)).await;
    browser.until("it is told", &says("is read now")).await;
    house.stop().await;
}
