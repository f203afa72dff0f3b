//! `lineage` from a source, a copy and an address: every version, every copy, and who removed one.

use crate::stage::Stage;
use serde_json::Value;

/// `STATE` of the copies by channel.
fn states(lineage: &Value) -> Vec<(String, String)> {
    let copies = lineage["copies"].as_array().unwrap();
    let state = |copy: &Value| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&copy["channel"]["id"]), text(&copy["state"]))
    };
    copies.iter().map(state).collect()
}

#[tokio::test]
async fn a_message_is_traced_from_its_source_a_copy_and_an_address() {
    let stage = Stage::linked(3).await;
    let node = stage.start().await;
    let [home, two, three] = stage.channels[..] else { unreachable!() };
    let source = stage.say(home, "The boat leaves at seven");
    stage.until_texts(two, &["The boat leaves at seven".to_owned()]).await;
    stage.discord.edit(home, source, "The boat leaves at eight");
    for channel in [two, three] {
        stage.until_texts(channel, &["The boat leaves at eight".to_owned()]).await;
    }
    let copy = stage.copies(two)[0].id;
    assert!(stage.discord.delete(two, copy));

    let gone = (two.to_string(), "gone_by_another".to_owned());
    let known = |lineage: &Value| states(lineage).contains(&gone);
    let found = stage.until_json(&["lineage", &source.to_string()], "the removal is known", known).await;
    assert!(found["copies"].to_string().contains(&copy.to_string()), "{found}");
    let live = |channel: u64| (channel.to_string(), "live".to_owned());
    assert_eq!(states(&found), [gone, live(three)]);
    assert_eq!((&found["source"], &found["author"]), (&Value::from(source.to_string()), &Value::from("Ada")));
    assert_eq!(found["channel"]["id"], home.to_string());

    let versions = found["versions"].as_array().unwrap();
    let said: Vec<_> = versions.iter().filter(|version| version["what"] != "refreshed").collect();
    let what: Vec<&str> = said.iter().map(|version| version["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["created", "edited"], "{found}");
    assert_eq!(said[1]["changes"], "The boat leaves at [-seven-]{+eight+}");
    let status = stage.json(&["status"]).await;
    let offsets: Vec<u64> = said.iter().map(|version| version["found"]["offset"].as_u64().unwrap()).collect();
    assert!(offsets[0] < offsets[1], "{found}");
    assert!(said.iter().all(|version| version["found"]["node"] == status["node"]["name"]), "{found}");

    // From a copy and from either's address the answer is the same, but for what was asked.
    let asked = [
        copy.to_string(),
        format!("{}/{copy}", stage.address(two)),
        format!("{}/{source}", stage.address(home)),
    ];
    for word in asked {
        let mut other = stage.json(&["lineage", &word]).await;
        let is_copy = word.ends_with(&copy.to_string());
        let named = other["asked_for_copy"].take();
        assert_eq!(named.as_str().is_some(), is_copy, "{word}");
        assert_eq!(other, found, "{word}");
    }
    let text = stage.done(&["lineage", &copy.to_string()]).await;
    for words in
        ["is a copy of", "by Ada", "[-seven-]{+eight+}", "gone, removed by another", &format!("{source}")]
    {
        assert!(text.contains(words), "{words} is missing: {text}");
    }
    // What another removed stays removed, whatever becomes of the source.
    stage.discord.edit(home, source, "The boat leaves at nine");
    stage.until_texts(three, &["The boat leaves at nine".to_owned()]).await;
    assert_eq!(stage.texts(two), Vec::<String>::new());
    node.stop().await;
}
