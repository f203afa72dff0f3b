//! Every page in a browser: it is there, nothing complains, and it fits on a phone.

use crate::browser::{Browser, browser};
use crate::house::House;
use crate::stage::MIRROR;

/// As narrow as phones are, and as wide as a desk.
const PHONE: (u32, u32) = (390, 844);
const NARROW: (u32, u32) = (320, 640);
const DESK: (u32, u32) = (1280, 900);

/// Whether anything of the page lies beside the window.
const FITS: &str = "document.documentElement.scrollWidth <= document.documentElement.clientWidth";

/// What somebody who does not see the page needs: a heading, a language, labels for fields, heads for columns, and text
/// that stands out from its ground.
const ACCESSIBLE: &str = r#"(() => {
    const faults = [];
    if (document.querySelectorAll("h1").length !== 1) faults.push("not one h1");
    if (document.documentElement.lang !== "en") faults.push("no language");
    for (const field of document.querySelectorAll("input:not([type=hidden]), select"))
        if (!field.labels.length) faults.push("no label: " + field.outerHTML);
    for (const table of document.querySelectorAll("table"))
        if ([...table.querySelectorAll("thead th")].some((th) => th.scope !== "col")) faults.push("no scope");
    const ids = [...document.querySelectorAll("[id]")].map((at) => at.id);
    if (new Set(ids).size !== ids.length) faults.push("an id twice: " + ids);
    const light = (color) => {
        const canvas = new OffscreenCanvas(1, 1).getContext("2d");
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = [...canvas.getImageData(0, 0, 1, 1).data];
        const part = (c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        return { light: 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b), alpha: a };
    };
    const ground = (at) => {
        for (; at; at = at.parentElement) {
            const found = light(getComputedStyle(at).backgroundColor);
            if (found.alpha === 255) return found.light;
        }
        return 1;
    };
    for (const at of document.querySelectorAll("p, a, td, th, h1, h2, dt, dd, button, .badge, .note, code, li")) {
        if (!at.innerText?.trim() || at.disabled) continue;
        const [ink, paper] = [light(getComputedStyle(at).color).light, ground(at)];
        const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
        if (contrast < 4.5) faults.push(contrast.toFixed(1) + " " + at.outerHTML.slice(0, 80));
    }
    return faults;
})()"#;

async fn check(browser: &mut Browser, base: &str, (path, heading): (&str, &str)) {
    for is_dark in [false, true] {
        browser.look(DESK, is_dark).await;
        browser.open(&format!("{base}{path}")).await;
        let found = browser.run("document.querySelector('h1').innerText").await;
        assert_eq!(found, heading, "{path}");
        let faults = browser.run(ACCESSIBLE).await;
        assert_eq!(faults, serde_json::json!([]), "{path}, dark: {is_dark}");
    }
    for size in [PHONE, NARROW] {
        browser.look(size, false).await;
        assert_eq!(browser.run(FITS).await, true, "{path} is wider than {size:?}");
    }
    browser.is_content(path).await;
}

#[tokio::test]
async fn every_page_is_there_fits_a_phone_and_complains_of_nothing() {
    let Some(mut browser) = browser().await else { return };
    let house = House::linked(3).await;
    let stage = &house.stage;
    let said = stage.say(stage.channels[0], "one two three");
    stage.until_texts(stage.channels[1], &["one two three".to_owned()]).await;
    stage.discord.edit(stage.channels[0], said, "one 2 three");
    stage.until_texts(stage.channels[1], &["one 2 three".to_owned()]).await;
    let mirrors = stage.json(&["mirrors"]).await;
    let id = mirrors["mirrors"][0]["id"].as_str().unwrap().to_owned();
    house.enter(&mut browser).await;
    let (mirror, replay) = (format!("/mirrors/{id}"), format!("/replay/{id}"));
    let (message, address) =
        (format!("/message/{said}"), format!("/message?q={}/{said}", stage.address(stage.channels[0])));
    for page in [
        ("/", "Everything is in step"),
        ("/mirrors", "Mirrors"),
        ("/mirrors?q=nothing", "Mirrors"),
        (&mirror, MIRROR),
        ("/links", "Links"),
        ("/links?q=room-1&state=idle", "Links"),
        ("/links?q=nothing", "Links"),
        ("/quarantine", "Held"),
        ("/message", "Message"),
        (&message, "Message"),
        (&address, "Message"),
        ("/message?q=12345", "Message"),
        ("/replay", "Replay"),
        (&replay, MIRROR),
        ("/events", "Events"),
        ("/events?kind=created", "Events"),
    ] {
        check(&mut browser, &house.base, page).await;
    }
    house.stop().await;
}

#[tokio::test]
async fn a_message_is_told_with_what_changed_and_where_its_copies_are() {
    let Some(mut browser) = browser().await else { return };
    let house = House::linked(3).await;
    let stage = &house.stage;
    let said = stage.say(stage.channels[0], "meet at the old harbour");
    stage.until_texts(stage.channels[1], &["meet at the old harbour".to_owned()]).await;
    stage.discord.edit(stage.channels[0], said, "meet at the new harbour today");
    stage.until_texts(stage.channels[1], &["meet at the new harbour today".to_owned()]).await;
    stage.until_texts(stage.channels[2], &["meet at the new harbour today".to_owned()]).await;
    let copy = stage.copies(stage.channels[1])[0].id;
    house.enter(&mut browser).await;
    // By its copy, through the search box of every page.
    browser.run(&format!("document.querySelector('#find').value = '{copy}'; document.querySelector('.find').requestSubmit()")).await;
    browser.until("the message is told", "!!document.querySelector('.versions')").await;
    let text = |selector: &str| {
        format!("[...document.querySelectorAll('{selector}')].map((at) => at.innerText.trim())")
    };
    assert_eq!(browser.run(&text("del")).await, serde_json::json!(["old"]));
    assert_eq!(browser.run(&text("ins")).await, serde_json::json!(["new", "today"]));
    let states = browser.run(&text("#copies ~ .cases .badge")).await;
    assert_eq!(states, serde_json::json!(["live", "live"]));
    let receipts = browser.run("document.querySelectorAll('.receipts li').length").await;
    assert_eq!(receipts, 4, "each copy was posted and edited");
    let links = browser.run("[...document.querySelectorAll('a.out')].map((at) => at.href)").await;
    assert_eq!(links[1], format!("{}/{copy}", stage.address(stage.channels[1])), "{links}");
    browser.is_content("the message").await;
    house.stop().await;
}
