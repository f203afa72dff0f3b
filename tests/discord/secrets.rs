//! No token in any log line, at any level.

use crate::stage::{TOKEN, client, lane, part};
use events::MessageId;
use projections::sink::{Answer, Request, Sink as _};
use standin::{Config, Faults, Matcher, RestFault, RouteKind, Rule, Standin};
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Every way for a request to end, and a gateway that resumes, with a listener that hears everything.
#[tokio::test]
async fn no_token_is_logged_however_a_request_ends() {
    let lines = Lines::default();
    let listener = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(lines.clone());
    // For the whole process: one for a thread alone misses what another thread's test met first.
    tracing::subscriber::set_global_default(listener.finish()).unwrap();

    let discord = Standin::start(Config { unlimited: true, ..Config::default() }).unwrap();
    let guild = discord.create_guild("home");
    let channel = discord.create_channel(guild, "general");
    let sink = client(&discord.api_url(), discord.bot_id(), true).sink;
    let mut told = vec![format!("{:?}", sink.send(lane(channel), Request::Notice(MessageId(0))).await)];
    let on = || Matcher::kind(RouteKind::ExecuteWebhook);
    for fault in [
        RestFault::LostResponse,
        RestFault::ErrorBeforeEffect { status: 503 },
        RestFault::Refuse { for_ms: 300 },
        RestFault::LateEffect { effect_ms: 900, answer_ms: 900 },
    ] {
        discord.set_faults(Faults::script(vec![Rule::next(on(), fault)]));
        for _ in 0..2 {
            told.push(format!("{:?}", sink.send(lane(channel), Request::Create(part("x"))).await));
        }
    }
    told.push(format!("{:?}", sink.send(lane(channel), Request::Create(part(&"x".repeat(2_001)))).await));
    told.push(format!("{:?}", sink.send(lane(channel), Request::Delete(MessageId(1), None)).await));
    assert!(told.iter().any(|told| told.starts_with("Yes")), "{told:?}");
    let tokens = discord.webhook_tokens();
    assert!(!tokens.is_empty());
    for hook in discord.webhooks(channel) {
        discord.delete_webhook(hook);
    }
    let dead = sink.send(lane(channel), Request::Create(part("x"))).await;
    assert!(matches!(dead, Answer::No(_)), "{dead:?}");
    told.push(format!("{dead:?}"));

    let mut running = crate::gateway::run(&discord, None, 9, 16);
    assert_eq!(running.happening().await, "ready");
    discord.cut_all();
    while running.happening().await != "resumed" {}

    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap() + &told.join("\n");
    for heard in ["POST /webhooks/{webhook}/{token} [", "identifying", "twilight_gateway"] {
        assert!(text.contains(heard), "the listener does not hear {heard}");
    }
    for secret in tokens.iter().map(String::as_str).chain([TOKEN]) {
        let at = text.find(secret).map(|at| &text[at.saturating_sub(200)..at]);
        assert!(at.is_none(), "a token behind: {at:?}");
    }
}
