//! `mirror migrate`: the log while the node runs, the lanes once it has stopped; nothing lost, nothing doubled.

use crate::stage::{MIRROR, Stage};
use standin::Change;

#[tokio::test(flavor = "multi_thread")]
async fn a_node_moves_and_goes_on_where_it_was() {
    let stage = Stage::linked(3).await;
    let [first, second, third] = stage.channels[..] else { panic!("three channels") };
    let node = stage.start().await;
    let mut wanted: Vec<String> = (0..20).map(|number| format!("before {number}")).collect();
    let said: Vec<u64> = wanted.iter().map(|text| stage.say(first, text)).collect();
    stage.until_texts(second, &wanted).await;

    let moved = stage.beside("moved");
    let (old, new) = (stage.data().display().to_string(), moved.display().to_string());
    let migrate = ["migrate", "--from", &old, "--to", &new];
    let copied = stage.done(&migrate).await;
    assert!(copied.contains("copied ") && copied.contains("--switch"), "{copied}");
    // It went on meanwhile.
    wanted.push("meanwhile".to_owned());
    stage.say(first, "meanwhile");
    stage.until_texts(second, &wanted).await;
    stage.until_texts(third, &wanted).await;
    let refused = stage.ask(&[&migrate[..], &["--switch"]].concat()).await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("in use by process"), "{}", refused.err);
    node.stop().await;
    // Nobody works on what is half filled.
    let refused = stage.ask_on(&moved, &["status"]).await;
    assert!(refused.code == Some(1) && refused.err.contains("not finished"), "{refused:?}");

    let switched = stage.json(&[&migrate[..], &["--switch"]].concat()).await;
    let mirrors = switched["switched"]["mirrors"].as_array().unwrap();
    assert_eq!((mirrors.len(), mirrors[0]["name"].as_str()), (1, Some(MIRROR)));
    let refused = stage.ask(&["run"]).await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("was moved to") && refused.err.contains("--back"), "{}", refused.err);

    let node = stage.start_on(&moved).await;
    wanted.push("after".to_owned());
    stage.say(first, "after");
    stage.discord.edit(first, said[3], "before 3, edited");
    wanted[3] = "before 3, edited".to_owned();
    stage.discord.delete(first, said[5]);
    wanted.remove(5);
    for channel in [second, third] {
        stage.until_texts(channel, &wanted).await;
    }
    node.stop().await;
    let verified = stage.ask_on(&moved, &["verify"]).await;
    assert_eq!(verified.code, Some(0), "{verified:?}");
    let posted = stage.deeds(Change::Create);
    // A notice in each of three channels, and 22 messages in two others each.
    assert_eq!(posted, 3 + 2 * 22, "nothing was sent twice");

    // Back: the old directory is in use again, the new one is not.
    let back = stage.done(&[&migrate[..], &["--back"]].concat()).await;
    assert!(back.contains("in use again"), "{back}");
    stage.done(&["status"]).await;
    let refused = stage.ask_on(&moved, &["status"]).await;
    assert!(refused.err.contains("given up"), "{refused:?}");
}
