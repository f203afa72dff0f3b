//! What a node shows at `telemetry.metrics`: asked for over HTTP, read as series.

use crate::stage::{PATIENCE, Stage};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(50);

/// One reading of a page of metrics: values by series (`name{label="value"}`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scrape(pub(crate) BTreeMap<String, String>);

impl Scrape {
    /// Reads a page.
    pub(crate) fn read(page: &str) -> Self {
        let lines = page.lines().filter(|line| !line.starts_with('#'));
        let series = lines.map(|line| line.rsplit_once(' ').unwrap());
        Self(series.map(|(series, value)| (series.to_owned(), value.to_owned())).collect())
    }

    /// The value of a series; what is not there is zero.
    pub(crate) fn value(&self, series: &str) -> f64 {
        self.0.get(series).map_or(0.0, |value| value.parse().unwrap())
    }

    /// The names of all series.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        self.0.keys().map(|series| series.split('{').next().unwrap().to_owned()).collect()
    }
}

impl Stage {
    /// Nodes of this stage show their metrics.
    pub(crate) fn watched(&mut self) {
        self.environment.push(("MIRROR_TELEMETRY_METRICS".to_owned(), "127.0.0.1:0".to_owned()));
    }

    /// Where the last node does, once it says so.
    fn metrics_at(&self) -> Option<String> {
        let log = self.log();
        let (_, rest) = log.rsplit_once("metrics are at http://")?;
        rest.split_once("/metrics").map(|(address, _)| address.to_owned())
    }

    /// Asks the last node for a path: status and body. `None`: nobody listens there.
    pub(crate) async fn get(&self, path: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(self.metrics_at()?).await.ok()?;
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    }

    /// Asks until the answer fits; its body.
    pub(crate) async fn until_answer(
        &self,
        path: &str,
        what: &str,
        fits: impl Fn(u16, &str) -> bool,
    ) -> String {
        let began = Instant::now();
        loop {
            let answer = self.get(path).await;
            match answer {
                Some((status, body)) if fits(status, &body) => return body,
                other => {
                    let in_time = began.elapsed() < PATIENCE;
                    assert!(in_time, "waited in vain until {what}: {other:?}; {}", self.tail());
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Reads the metrics until they fit.
    pub(crate) async fn until_scrape(&self, what: &str, fits: impl Fn(&Scrape) -> bool) -> Scrape {
        let body =
            self.until_answer("/metrics", what, |status, body| status == 200 && fits(&Scrape::read(body)));
        Scrape::read(&body.await)
    }
}
