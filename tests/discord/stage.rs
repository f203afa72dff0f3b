//! What the tests here stand on: a wire that answers as scripted, and clients of it or of the stand-in.

use events::{ApplicationId, ChannelId, MirrorId};
use mirror::discord::limits;
use mirror::discord::rest::Rest;
use mirror::discord::sink::DiscordSink;
use mirror::discord::transport::{Settings, Transport};
use mirror::discord::webhooks::Webhooks;
use projections::lanes::LaneId;
use projections::render::Rendered;
use secrecy::SecretString;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const TOKEN: &str = "standin-bot-token";
pub(crate) const DEADLINE: Duration = Duration::from_millis(600);

/// What the wire does with one request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Says this, byte for byte, and keeps the connection.
    Say(String),
    /// Says this and closes.
    SayAndCut(String),
    /// Never answers.
    Hang,
}

/// An answer with a JSON body.
pub(crate) fn answer(status: u16, body: &str) -> Act {
    Act::Say(format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

/// A server that plays a script, one act a request, and keeps what it was asked.
pub(crate) struct Wire {
    pub(crate) base: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Wire {
    pub(crate) async fn play(script: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let script = Arc::new(Mutex::new(script.into_iter().collect::<VecDeque<_>>()));
        let seen = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&script), Arc::clone(&seen)));
            }
        });
        Self { base, asked }
    }

    /// The requests so far, head and body, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// The first lines of the requests so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.asked().iter().map(|asked| asked.lines().next().unwrap().replace(" HTTP/1.1", "")).collect()
    }
}

type Script = Arc<Mutex<VecDeque<Act>>>;

async fn serve(mut stream: TcpStream, script: Script, seen: Arc<Mutex<Vec<String>>>) {
    while let Some(request) = read(&mut stream).await {
        seen.lock().unwrap().push(request);
        let act = script.lock().unwrap().pop_front();
        let (text, keeps) = match act {
            Some(Act::Say(text)) => (text, true),
            Some(Act::SayAndCut(text)) => (text, false),
            Some(Act::Hang) | None => std::future::pending().await,
        };
        stream.write_all(text.as_bytes()).await.unwrap();
        if !keeps {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut text = Vec::new();
    loop {
        let found = String::from_utf8_lossy(&text).into_owned();
        if let Some((head, body)) = found.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(found);
            }
        }
        let mut part = [0; 4096];
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return None,
            Ok(n) => text.extend_from_slice(&part[..n]),
        }
    }
}

pub(crate) fn transport(base: &str) -> Transport {
    let base = base.to_owned();
    let settings = Settings { base, deadline: DEADLINE, body_bytes_max: 1 << 16, ..Settings::default() };
    Transport::new(settings, &SecretString::from(TOKEN)).unwrap()
}

/// A client and what it is made of.
pub(crate) struct Client {
    pub(crate) rest: Arc<Rest>,
    pub(crate) webhooks: Arc<Webhooks>,
    pub(crate) sink: DiscordSink,
}

pub(crate) fn client(base: &str, application: u64, unlimited: bool) -> Client {
    let limits = limits::Settings { unlimited, ..limits::Settings::default() };
    assembled(transport(base), application, limits)
}

/// A client over this transport, within these limits.
pub(crate) fn assembled(transport: Transport, application: u64, limits: limits::Settings) -> Client {
    let rest = Arc::new(Rest::new(transport, limits));
    let webhooks = Arc::new(Webhooks::new(Arc::clone(&rest), ApplicationId(application)));
    let sink = DiscordSink::new(Arc::clone(&rest), Arc::clone(&webhooks));
    Client { rest, webhooks, sink }
}

pub(crate) fn lane(channel: u64) -> LaneId {
    LaneId { mirror: MirrorId(uuid::Uuid::from_u128(0xabcd_ef01 << 96)), link: ChannelId(channel) }
}

pub(crate) fn part(text: &str) -> Box<Rendered> {
    Box::new(Rendered {
        username: "Alice".to_owned(),
        avatar_url: Some("https://cdn.discordapp.com/avatars/1/a.png".to_owned()),
        content: text.to_owned(),
        ..Rendered::default()
    })
}
