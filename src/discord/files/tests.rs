//! Servers that do what none should, each a listener of its own: what is carried, and what becomes a link.

use super::*;
use async_trait::async_trait;
use events::{ChannelId, MirrorId};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const LANE: LaneId = LaneId { mirror: MirrorId(uuid::Uuid::nil()), link: ChannelId(5) };
const MESSAGE: MessageId = MessageId(9);

/// A server that says `answer` to every request, and counts them.
struct Server {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    _serving: JoinSet<()>,
}

impl Server {
    async fn says(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = asked.clone();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(&answer).await;
                // What it owes beyond that never comes, and the connection stays.
                if answer.ends_with(b"...") {
                    std::future::pending::<()>().await;
                }
            }
        });
        Self { address, asked, _serving: serving }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Names lead where the test says, one answer after another.
struct Names {
    answers: Vec<Vec<SocketAddr>>,
    asked: AtomicUsize,
}

#[async_trait]
impl Resolve for Names {
    async fn resolve(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst);
        Ok(self.answers.get(number).or(self.answers.last()).cloned().unwrap_or_default())
    }
}

fn files(added: Option<&str>, resolver: Arc<dyn Resolve>) -> Files {
    let settings = Settings {
        file_bytes_max: 1 << 20,
        added: added.map(|added| Origin::parse(added).unwrap()),
        folder: std::env::temp_dir(),
    };
    let tls = crate::tls::client(None).unwrap().with_no_client_auth();
    Files::over(settings, None, Fetcher { resolver, tls: Arc::new(tls) })
}

fn attachment(id: u64, url: &str, size: u64) -> Attachment {
    Attachment { id, url: url.to_owned(), size, name: "a.png".to_owned(), ..Attachment::default() }
}

fn whole(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// What is carried of one file of `size` bytes for which the server says `answer`.
async fn carried(answer: &str, size: u64) -> Result<Vec<u8>, Refusal> {
    let server = Server::says(answer).await;
    let files = files(Some(&server.url("")), Arc::new(System));
    let (_, fetched) = files.one(&attachment(1, &server.url("/a"), size)).await;
    let spooled = fetched?;
    let bytes = spooled.read(0, usize::MAX).await.unwrap().to_vec();
    assert_eq!(bytes.len() as u64, spooled.bytes());
    Ok(bytes)
}

#[tokio::test]
async fn a_file_is_carried_to_the_byte() {
    assert_eq!(carried(&whole("hello"), 5).await.unwrap(), b"hello");
    let large = "x".repeat(300_000);
    assert_eq!(carried(&whole(&large), 300_000).await.unwrap(), large.as_bytes());
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let target = Server::says(whole("secret")).await;
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let answer =
            format!("HTTP/1.1 {status}\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", target.url("/"));
        let refusal = carried(&answer, 6).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Status(301..=308)), "{status}: {refusal}");
    }
    assert_eq!(target.asked(), 0);
}

#[tokio::test]
async fn a_length_that_lies_is_a_link() {
    let answer = |head: &str, body: &str| format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}");
    for (answer, wanted) in [
        // Longer than Discord said, by its own word.
        (answer("Content-Length: 6", "123456"), Refusal::TooLarge),
        (answer("Content-Length: 99999999999", ""), Refusal::TooLarge),
        // Shorter than Discord said.
        (answer("Content-Length: 4", "1234"), Refusal::Length),
        // It does not say.
        (answer("Transfer-Encoding: chunked", "5\r\n12345\r\n0\r\n\r\n"), Refusal::Length),
        (answer("Connection: close", "12345"), Refusal::Length),
        (answer("Content-Length: 5\r\nContent-Encoding: gzip", "12345"), Refusal::Encoded),
        (answer("Content-Length: 5\r\nContent-Encoding: br", "12345"), Refusal::Encoded),
    ] {
        assert_eq!(carried(&answer, 5).await.unwrap_err(), wanted, "{answer:?}");
    }
    // It says five and closes after three; the length is a number no 64 bits hold; it is negative.
    for head in ["Content-Length: 5", "Content-Length: 99999999999999999999999", "Content-Length: -5"] {
        let refusal = carried(&answer(head, "123"), 5).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Broken(_) | Refusal::Length), "{head}: {refusal}");
    }
}

#[tokio::test]
async fn an_endless_head_is_cut_off() {
    let long = format!("HTTP/1.1 200 OK\r\nX-Long: {}...", "x".repeat(1 << 20));
    assert!(matches!(carried(&long, 5).await.unwrap_err(), Refusal::Broken(_)));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X-Many: x\r\n".repeat(500));
    assert!(matches!(carried(&many, 5).await.unwrap_err(), Refusal::Broken(_)));
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_with_all_its_addresses() {
    let inside = Server::says(whole("secret")).await;
    let public: SocketAddr = "1.1.1.1:443".parse().unwrap();
    for answer in [vec![inside.address], vec![public, inside.address], vec![inside.address, public]] {
        let names = Arc::new(Names { answers: vec![answer], asked: AtomicUsize::new(0) });
        let (_, fetched) = files(None, names).one(&attachment(1, "https://cdn.discordapp.com/a", 6)).await;
        assert_eq!(fetched.unwrap_err(), Refusal::Private);
    }
    assert_eq!(inside.asked(), 0);
}

#[tokio::test]
async fn a_name_is_asked_once_and_its_answer_is_the_address_read_from() {
    let first = Server::says(whole("first!")).await;
    let second = Server::says(whole("second")).await;
    let names = Arc::new(Names {
        answers: vec![vec![first.address], vec![second.address]],
        asked: AtomicUsize::new(0),
    });
    let files = files(Some("http://files.test"), names.clone());
    let (_, fetched) = files.one(&attachment(1, "http://files.test/a", 6)).await;
    assert_eq!(&fetched.unwrap().read(0, 9).await.unwrap()[..], b"first!");
    assert_eq!((names.asked.load(Ordering::SeqCst), second.asked()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_never_ends_holds_the_copy_for_no_longer_than_is_said() {
    let server = Server::says("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n...").await;
    let files = files(Some(&server.url("")), Arc::new(System));
    let slow = [attachment(1, &server.url("/a"), 100)];
    let started = tokio::time::Instant::now();
    files.fetch(LANE, MESSAGE, &slow).await;
    assert!(started.elapsed() <= FETCH_TIME + Duration::from_secs(1), "{:?}", started.elapsed());
    assert!(files.carried(LANE, MESSAGE, &slow).is_empty());
    assert_eq!(files.spool.bytes_free(), SPOOL_BYTES_MAX, "its room is given back");
}

#[tokio::test]
async fn what_is_carried_is_settled_by_the_fetch() {
    let server = Server::says(whole("hello")).await;
    let files = files(Some(&server.url("")), Arc::new(System));
    let url = server.url("/a");
    let two = [attachment(1, &url, 5), attachment(2, &url, 6), attachment(3, "https://evil.example/a", 5)];
    assert_eq!(files.carried(LANE, MESSAGE, &two), [1, 2], "hoped for");
    files.fetch(LANE, MESSAGE, &two).await;
    assert_eq!(files.carried(LANE, MESSAGE, &two), [1], "the second is not as long as it says");
    assert_eq!(files.take(LANE, &[1]).unwrap().len(), 1);
    assert!(files.take(LANE, &[1, 2]).is_none());
    assert_eq!(files.carried(LANE, MessageId(10), &two), [1, 2], "of another message nothing is known");
    files.refuse(LANE, MESSAGE);
    assert!(files.carried(LANE, MESSAGE, &two).is_empty());
    files.forget(LANE);
    assert_eq!(files.spool.bytes_free(), SPOOL_BYTES_MAX);
}

#[tokio::test]
async fn sizes_and_numbers_are_bounded() {
    let files = files(Some("http://127.0.0.1:1"), Arc::new(System));
    let of = |sizes: &[u64]| {
        let url = "http://127.0.0.1:1/a";
        let all: Vec<_> = sizes.iter().zip(1..).map(|(size, id)| attachment(id, url, *size)).collect();
        files.carried(LANE, MESSAGE, &all)
    };
    assert_eq!(of(&[1 << 20, (1 << 20) + 1, 0, u64::MAX]), [1], "over the limit, empty, absurd");
    assert_eq!(of(&[1; 12]).len(), FILES_MAX);
    let settings = Settings { file_bytes_max: u64::MAX, ..files.settings.clone() };
    let files =
        Files::over(settings, None, Fetcher { resolver: Arc::new(System), tls: files.fetcher.tls.clone() });
    let url = "http://127.0.0.1:1/a";
    let large = [1, REQUEST_BYTES_MAX, REQUEST_BYTES_MAX - 1].into_iter().zip(1..);
    let large: Vec<_> = large.map(|(size, id)| attachment(id, url, size)).collect();
    assert_eq!(files.carried(LANE, MESSAGE, &large), [1, 3], "one request holds no more");
    let twice = [attachment(1, url, 1), attachment(1, url, 1)];
    assert_eq!(files.carried(LANE, MESSAGE, &twice), [1]);
}

#[tokio::test]
async fn room_runs_out_at_the_limit() {
    let spool = Spool::new(std::env::temp_dir(), 10 << 10);
    let first = spool.room(8 << 10).unwrap();
    assert!(matches!(spool.room(3 << 10), Err(Refusal::Room(_))));
    drop(first);
    assert!(spool.room(10 << 10).is_ok());
    assert!(spool.room(u64::MAX).is_err());
}
