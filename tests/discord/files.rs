//! Files on their way: from where they lie to the request that carries them.

use crate::stage::{Act, Client, Wire, answer, client, lane, part};
use events::event::Attachment;
use events::{MessageId, WebhookId};
use mirror::discord::files::{Files, Origin, Settings};
use mirror::discord::sink::DiscordSink;
use projections::render::{Rendered, ShownFile};
use projections::sink::{Answer, No, Request, Sink as _};
use serde_json::Value;
use std::sync::Arc;

const CHANNEL: &str = r#"{"id":"3","type":0}"#;
const HOOKS: &str = r#"[{"id":"7","name":"mirror abcdef01","application_id":"5","token":"hook-secret"}]"#;
const MESSAGE: MessageId = MessageId(9);

/// A sink over scripted Discord, with files from a scripted place.
struct Stage {
    discord: Wire,
    cdn: Wire,
    sink: DiscordSink,
    files: Arc<Files>,
}

/// The sink looks its webhook up first, unless Discord is asked for something else before.
async fn stage(before: Vec<Act>, discord: Vec<Act>, cdn: Vec<Act>) -> Stage {
    let opening = vec![answer(200, CHANNEL), answer(200, HOOKS)];
    let discord = Wire::play([before, opening, discord].concat()).await;
    let cdn = Wire::play(cdn).await;
    let Client { rest, sink, .. } = client(&discord.base, 5, true);
    let settings =
        Settings { file_bytes_max: 1 << 20, added: Origin::parse(&cdn.base), folder: std::env::temp_dir() };
    let files = Arc::new(Files::new(settings, Some(rest)).unwrap());
    let sink = sink.with_files(Some(files.clone()));
    Stage { discord, cdn, sink, files }
}

impl Stage {
    fn file(&self, id: u64, bytes: u64) -> Attachment {
        let url = format!("{}/attachments/1/{id}/a.png?ex=1", self.cdn.base);
        Attachment { id, url, size: bytes, name: "a.png".to_owned(), ..Attachment::default() }
    }

    /// The first line of the last request to Discord, its payload, and all of it.
    fn last(&self) -> (String, Value, String) {
        let text = self.discord.asked().pop().unwrap();
        let line = text.lines().next().unwrap().replace(" HTTP/1.1", "");
        let start = text.find("\r\n\r\n{").unwrap() + 4;
        let mut payload = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
        (line, payload.next().unwrap().unwrap(), text)
    }
}

/// A part that carries these files.
fn carrying(text: &str, files: &[(u64, &str)]) -> Box<Rendered> {
    let shown = |(id, name): &(u64, &str)| ShownFile {
        id: *id,
        name: (*name).to_owned(),
        description: (*id == 1).then(|| "a cat".to_owned()),
    };
    Box::new(Rendered { files: files.iter().map(shown).collect(), ..*part(text) })
}

#[tokio::test]
async fn a_file_is_fetched_and_sent_as_it_is() {
    let made = answer(200, r#"{"id":"70"}"#);
    let stage = stage(vec![], vec![made], vec![answer(200, "first bytes"), answer(200, "--second--")]).await;
    let both = [stage.file(1, 11), stage.file(2, 10)];
    stage.files.fetch(lane(3), MESSAGE, &both[..1]).await;
    assert_eq!(stage.files.carried(lane(3), MESSAGE, &both), [1]);
    stage.files.forget(lane(3));
    stage.files.fetch(lane(3), MESSAGE, &both[1..]).await;
    let sent = stage.sink.send(lane(3), Request::Create(carrying("look", &[(2, "b \"x\".png")]))).await;
    assert_eq!(sent, Answer::Yes(MessageId(70), WebhookId(7)));
    let (line, payload, text) = stage.last();
    assert_eq!(line, "POST /api/v10/webhooks/7/hook-secret?wait=true&with_components=false");
    assert_eq!(payload["content"], "look");
    assert_eq!(payload["allowed_mentions"], serde_json::json!({"parse": []}));
    assert_eq!(payload["attachments"], serde_json::json!([{"id": 0, "filename": "b \"x\".png"}]));
    let boundary =
        text.lines().find_map(|line| line.strip_prefix("content-type: multipart/form-data; boundary="));
    let boundary = boundary.unwrap();
    let file = format!(
        "\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"b %22x%22.png\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n--second--\r\n--{boundary}--\r\n"
    );
    assert!(text.ends_with(&file), "{text}");
    assert!(stage.cdn.asked().iter().all(|asked| asked.contains("accept-encoding: identity")));
    assert!(stage.cdn.asked().iter().all(|asked| !asked.contains("authorization")), "nobody's business");
}

#[tokio::test]
async fn an_address_that_expired_is_signed_anew_once() {
    for (refreshed, fetches, carried) in [(true, 2, &[1][..]), (false, 1, &[])] {
        let cdn = vec![answer(403, "expired"), answer(200, "bytes")];
        let stage = stage(vec![], vec![], cdn).await;
        let file = stage.file(1, 5);
        // Discord's answer names the place, which is known only now.
        let new =
            if refreshed { file.url.replace("ex=1", "ex=2") } else { "https://evil.example/a".to_owned() };
        let told = format!(r#"{{"refreshed_urls":[{{"original":"{}","refreshed":"{new}"}}]}}"#, file.url);
        let api = Wire::play(vec![answer(200, &told)]).await;
        let settings = Settings {
            file_bytes_max: 9,
            added: Origin::parse(&stage.cdn.base),
            folder: std::env::temp_dir(),
        };
        let files = Files::new(settings, Some(client(&api.base, 5, true).rest)).unwrap();
        files.fetch(lane(3), MESSAGE, &[file]).await;
        assert_eq!(api.lines(), ["POST /api/v10/attachments/refresh-urls"]);
        assert_eq!(stage.cdn.asked().len(), fetches, "what Discord says is looked at as anything else is");
        assert_eq!(files.carried(lane(3), MESSAGE, &[]), carried);
    }
}

#[tokio::test]
async fn an_edit_names_the_files_that_stay_only_where_one_goes() {
    let keep = |had: &[u64], keeps: &[u64]| {
        let file = |id: &u64| ShownFile { id: *id, ..ShownFile::default() };
        projections::render::Keep::of(had, keeps, false).map(|keep| Rendered {
            keep: Some(keep),
            files: keeps.iter().filter(|id| **id != 0).map(file).collect(),
            ..*part("x")
        })
    };
    let copy = r#"{"id":"70","attachments":[{"id":"91"},{"id":"92"}]}"#;
    let script = vec![answer(200, copy), answer(200, r#"{"id":"70"}"#), answer(200, r#"{"id":"70"}"#)];
    let stage = stage(vec![], script, vec![]).await;
    let edited = Box::new(keep(&[1, 2], &[0, 2]).unwrap());
    let done = Answer::Yes(MessageId(70), WebhookId(7));
    assert_eq!(stage.sink.send(lane(3), Request::Edit(MessageId(70), edited)).await, done);
    let (line, payload, _) = stage.last();
    assert_eq!(line, "PATCH /api/v10/webhooks/7/hook-secret/messages/70");
    assert_eq!(payload["attachments"], serde_json::json!([{"id": "92"}]));
    assert!(keep(&[1, 2], &[1, 2]).is_none());
    let same = Box::new(Rendered { files: vec![ShownFile::default()], ..*part("y") });
    assert_eq!(stage.sink.send(lane(3), Request::Edit(MessageId(70), same)).await, done);
    assert_eq!(
        stage.last().1.get("attachments"),
        None,
        "without the field all stay, and nothing is sent again"
    );
}

#[tokio::test]
async fn files_that_are_not_here_any_more_are_fetched_again() {
    let stage = stage(vec![], vec![answer(200, r#"{"id":"70"}"#)], vec![answer(200, "bytes")]).await;
    let create = || Request::Create(carrying("look", &[(1, "a.png")]));
    assert!(matches!(stage.sink.send(lane(3), create()).await, Answer::No(No::Wait(_))));
    assert_eq!(stage.discord.asked().len(), 2, "nothing was posted");
    stage.files.fetch(lane(3), MESSAGE, &[stage.file(1, 5)]).await;
    assert!(matches!(stage.sink.send(lane(3), create()).await, Answer::Yes(..)));
}

#[tokio::test]
async fn too_large_is_a_refusal_whoever_says_it() {
    for said in [r#"{"code":40005,"message":"Request entity too large"}"#, "<html>413</html>"] {
        let stage = stage(vec![], vec![answer(413, said)], vec![answer(200, "bytes")]).await;
        stage.files.fetch(lane(3), MESSAGE, &[stage.file(1, 5)]).await;
        let sent = stage.sink.send(lane(3), Request::Create(carrying("look", &[(1, "a.png")]))).await;
        assert!(matches!(sent, Answer::No(No::Refused(_))), "{sent:?}");
        // The lane's driver then says so, and plans with links.
        stage.files.refuse(lane(3), MESSAGE);
        assert!(stage.files.carried(lane(3), MESSAGE, &[stage.file(1, 5)]).is_empty());
    }
}
