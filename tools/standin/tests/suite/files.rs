//! Files: sent, kept, served under addresses that run out, and downloads that go wrong.

use serde_json::{Value, json};
use standin::{CdnFault, CdnRate, Config, Faults, File, Said, Standin};

use crate::http::{Got, Http};

struct Stage {
    discord: Standin,
    http: Http,
    channel: u64,
    alice: u64,
    hook: String,
}

impl Stage {
    fn new() -> Self {
        let config = Config { unlimited: true, ..Default::default() };
        let token = config.token.clone();
        let discord = Standin::start(config).unwrap();
        let channel = discord.create_channel(discord.create_guild("home"), "general");
        let alice = discord.create_user("alice");
        let hook = discord.create_webhook(channel, "hook", alice);
        let hook = format!("/webhooks/{hook}/{}", discord.webhook_token(hook).unwrap());
        let http = Http::new(&discord.api_url(), &token);
        Self { discord, http, channel, alice, hook }
    }

    /// A message of alice's with this file; the address of the file.
    fn posted(&self, file: File) -> (u64, String) {
        let with = Said { files: vec![file], ..Said::default() };
        let message = self.discord.say_with(self.channel, self.alice, "look", with);
        (message, self.address(message))
    }

    fn address(&self, message: u64) -> String {
        let shown = self.discord.message(self.channel, message).unwrap();
        shown.attachments[0]["url"].as_str().unwrap().to_owned()
    }

    async fn fetch(&self, url: &str) -> (u16, Vec<u8>) {
        match self.http.fetch(url, 2000).await {
            Got::Answer { status, bytes, .. } => (status, bytes.to_vec()),
            Got::Cut => (0, Vec::new()),
            Got::TimedOut => (1, Vec::new()),
            Got::Refused => panic!("refused"),
        }
    }
}

fn played<F: Future<Output = ()>>(story: impl FnOnce(Stage) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stage = Stage::new();
    // A story captures only what it names.
    let _running = stage.discord.clone();
    runtime.block_on(story(stage));
}

fn answered(got: Got) -> (u16, Value) {
    match got {
        Got::Answer { status, body, .. } => (status, body),
        Got::Refused => panic!("refused"),
        Got::Cut => panic!("cut"),
        Got::TimedOut => panic!("timed out"),
    }
}

fn names(body: &Value) -> Vec<&str> {
    body["attachments"].as_array().unwrap().iter().map(|file| file["filename"].as_str().unwrap()).collect()
}

#[test]
fn what_a_webhook_sends_can_be_downloaded() {
    played(|stage| async move {
        let json =
            r#"{"content":"","attachments":[{"id":1,"filename":"SPOILER_b.txt","description":"two"}]}"#;
        let files: [(&str, &[u8]); 2] = [("a b?.txt", b"one"), ("b.txt", b"two\r\n--MARKS\r\n\0")];
        let (status, body) =
            answered(stage.http.upload("POST", &format!("{}?wait=true", stage.hook), json, &files).await);
        assert_eq!((status, names(&body)), (200, vec!["a_b.txt", "SPOILER_b.txt"]));
        let second = &body["attachments"][1];
        assert_eq!((&second["size"], &second["description"]), (&json!(15), &json!("two")));
        assert_eq!(second["content_type"], "text/plain");
        let url = second["url"].as_str().unwrap();
        assert!(url.starts_with(&format!("{}/attachments/{}/", stage.discord.api_url(), stage.channel)));
        assert_eq!(stage.fetch(url).await, (200, files[1].1.to_vec()));
        let message = body["id"].as_str().unwrap().parse().unwrap();
        let kept: Vec<_> =
            stage.discord.files(stage.channel, message).into_iter().map(|file| file.bytes.to_vec()).collect();
        assert_eq!(kept, files.map(|(_, bytes)| bytes.to_vec()));
        assert_eq!((stage.discord.counts().files, stage.discord.counts().downloads), (2, 1));
        assert_eq!(stage.discord.downloads(stage.channel, message), 1);
    });
}

#[test]
fn addresses_run_out_and_are_refreshed() {
    played(|stage| async move {
        let (message, old) = stage.posted(File::new("a.png", "bytes"));
        let path = old.split('?').next().unwrap();
        assert_eq!(stage.fetch(&old).await.0, 200);
        assert_eq!(stage.fetch(path).await.0, 404, "not signed");
        assert_eq!(stage.fetch(&old.replace("&hm=", "&hm=0")).await.0, 404, "signed by somebody else");
        assert_eq!(stage.fetch(&old.replace("a.png", "b.png")).await.0, 404, "signed for another name");
        stage.discord.expire_urls();
        assert_eq!(stage.fetch(&old).await.0, 404, "run out");
        assert_eq!(stage.fetch(&stage.address(message)).await.0, 200, "payloads carry fresh ones");
        let asked = json!({"attachment_urls": [old, "http://elsewhere/attachments/1/2/x"]}).to_string();
        let (status, body) =
            answered(stage.http.send("POST", "/attachments/refresh-urls", Some(&asked), 1000).await);
        let fresh = &body["refreshed_urls"];
        assert_eq!((status, &fresh[0]["original"], &fresh[1]["refreshed"]), (200, &json!(old), &Value::Null));
        assert_eq!(stage.fetch(fresh[0]["refreshed"].as_str().unwrap()).await, (200, b"bytes".to_vec()));
    });
}

#[test]
fn bytes_outlive_their_message_for_a_while() {
    played(|stage| async move {
        let (message, url) = stage.posted(File::new("a.png", "bytes"));
        assert!(stage.discord.delete(stage.channel, message));
        assert_eq!(stage.fetch(&url).await.0, 200);
        stage.discord.purge_files();
        assert_eq!(stage.fetch(&url).await.0, 404);
    });
}

#[test]
fn an_edit_keeps_the_files_that_it_lists() {
    played(|stage| async move {
        let files: [(&str, &[u8]); 2] = [("a.txt", b"a"), ("b.txt", b"b")];
        let (_, body) =
            answered(stage.http.upload("POST", &format!("{}?wait=true", stage.hook), "{}", &files).await);
        let path = format!("{}/messages/{}", stage.hook, body["id"].as_str().unwrap());
        let edit = async |json: Value| {
            answered(stage.http.send("PATCH", &path, Some(&json.to_string()), 1000).await).1
        };
        let body = edit(json!({"content": "text"})).await;
        assert_eq!(names(&body), ["a.txt", "b.txt"], "not named: all stay");
        let kept = json!({"attachments": [{"id": body["attachments"][1]["id"]}]}).to_string();
        let (_, body) = answered(stage.http.upload("PATCH", &path, &kept, &[("c.txt", b"c")]).await);
        assert_eq!(names(&body), ["b.txt", "c.txt"], "listed and new");
        let (_, body) = answered(stage.http.upload("PATCH", &path, "{}", &[("d.txt", b"d")]).await);
        assert_eq!(names(&body), ["b.txt", "c.txt", "d.txt"], "only new");
        assert_eq!(names(&edit(json!({"attachments": []})).await), Vec::<&str>::new());
    });
}

#[test]
fn files_have_limits() {
    played(|stage| async move {
        const MIB: usize = 1024 * 1024;
        let sent = async |sizes: &[usize]| {
            let bytes: Vec<Vec<u8>> = sizes.iter().map(|size| vec![b'x'; *size]).collect();
            let files: Vec<(&str, &[u8])> = bytes.iter().map(|bytes| ("x", bytes.as_slice())).collect();
            let (status, body) = answered(stage.http.upload("POST", &stage.hook, "{}", &files).await);
            (status, body["code"].as_u64())
        };
        assert_eq!(sent(&[10 * MIB]).await, (204, None));
        assert_eq!(sent(&[10 * MIB + 1]).await, (413, Some(40005)), "one file");
        assert_eq!(sent(&[9 * MIB, 9 * MIB, 9 * MIB]).await, (413, Some(40005)), "all of it");
        assert_eq!(sent(&[1; 11]).await, (400, Some(50035)), "too many");
        assert_eq!(stage.discord.message_count(stage.channel), 1);
    });
}

#[test]
fn downloads_go_wrong_as_they_are_told() {
    played(|stage| async move {
        let (_, url) = stage.posted(File::new("a.bin", vec![7; 1000]));
        let (_, other) = stage.posted(File::new("b.bin", "other"));
        let faults = vec![
            CdnFault::Slow { piece: 300, pause_ms: 1 },
            CdnFault::Slow { piece: 1, pause_ms: 100 },
            CdnFault::Cut { after: 500 },
            CdnFault::LyingLength { length: 1_000_000_000 },
            CdnFault::LyingLength { length: 10 },
            CdnFault::Redirect { to: other },
            CdnFault::Endless,
            CdnFault::Status { status: 503 },
        ];
        stage.discord.set_cdn_faults(faults);
        let mut met = Vec::new();
        for _ in 0..9 {
            let (status, bytes) = stage.fetch(&url).await;
            met.push((status, bytes.len()));
        }
        let expected =
            [(200, 1000), (1, 0), (0, 0), (0, 0), (200, 10), (302, 0), (1, 0), (503, 0), (200, 1000)];
        assert_eq!(met, expected);
    });
}

/// A seed has its faults; a script comes before them.
#[test]
fn downloads_go_wrong_at_a_rate() {
    let met = || {
        let met = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
        let kept = std::rc::Rc::clone(&met);
        played(|stage| async move {
            let (_, url) = stage.posted(File::new("a.bin", "bytes"));
            let rate = |p, status| CdnRate { p, fault: CdnFault::Status { status } };
            let cdn_rates = vec![rate(0.3, 503), rate(0.3, 500)];
            stage.discord.set_faults(Faults { cdn_rates, ..Faults::none() });
            stage.discord.set_cdn_faults(vec![CdnFault::Status { status: 404 }]);
            for _ in 0..100 {
                let status = stage.fetch(&url).await.0;
                kept.borrow_mut().push(status);
            }
        });
        met.take()
    };
    let first = met();
    assert_eq!((first[0], first.iter().filter(|status| **status == 404).count()), (404, 1));
    for status in [200, 500, 503] {
        assert!(first.iter().filter(|met| **met == status).count() > 10, "{status}: {first:?}");
    }
    assert_eq!(first, met());
}

#[test]
fn a_message_may_claim_what_is_not_true() {
    played(|stage| async move {
        let more = json!({"duration_secs": 1.5, "waveform": "AAAA"});
        let file = File { claimed: Some(5), more, ..File::new("voice-message.ogg", vec![0; 99]) };
        let (message, url) = stage.posted(file);
        let shown = stage.discord.message(stage.channel, message).unwrap();
        assert_eq!(
            (&shown.attachments[0]["size"], &shown.attachments[0]["waveform"]),
            (&json!(5), &json!("AAAA"))
        );
        assert_eq!(stage.fetch(&url).await.1.len(), 99);
    });
}
