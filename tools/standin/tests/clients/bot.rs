//! A bot as a child process: what it tells, one JSON line each, and what it is told to do.

use std::{process::Stdio, time::Duration};

use serde_json::{Value, json};
use standin::Standin;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout},
    time::timeout,
};

use crate::cache::Program;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// See the module.
pub(crate) struct Bot {
    child: Child,
    orders: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    /// What nobody has asked for yet.
    heard: Vec<Value>,
    /// All of it.
    report: Vec<Value>,
    next: u64,
}

impl Bot {
    pub(crate) fn start(program: Program, discord: &Standin, patience_s: f64) -> Self {
        let mut command = program.command;
        command.env("BOT_API", format!("{}/api/v10", discord.api_url()));
        command.env("BOT_GATEWAY", discord.gateway_url()).env("BOT_TOKEN", "standin-bot-token");
        command.env("BOT_PATIENCE_S", patience_s.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("it was there a moment ago");
        let (orders, out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let lines = BufReader::new(out).lines();
        Self { child, orders, lines, heard: Vec::new(), report: Vec::new(), next: 0 }
    }

    /// The first thing told that fits; what comes before it is kept for later questions.
    pub(crate) async fn until(&mut self, event: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let fits = |told: &Value| told["event"] == event && fits(told);
        if let Some(at) = self.heard.iter().position(&fits) {
            return self.heard.remove(at);
        }
        loop {
            let line = timeout(PATIENCE, self.lines.next_line()).await;
            let Ok(Ok(Some(line))) = line else {
                panic!("the bot told no such `{event}` ({line:?}); it told {:#?}", self.report);
            };
            let told: Value =
                serde_json::from_str(&line).unwrap_or_else(|_| json!({"event": "odd", "text": line}));
            self.report.push(told.clone());
            if fits(&told) {
                return told;
            }
            self.heard.push(told);
        }
    }

    /// Has it do something, with success.
    pub(crate) async fn does(&mut self, what: &str, order: Value) -> Value {
        self.next += 1;
        let mut order = order;
        (order["do"], order["id"]) = (json!(what), json!(self.next));
        self.orders.write_all(format!("{order}\n").as_bytes()).await.unwrap();
        let id = self.next;
        let is_end = |told: &Value| told["id"] == id && told["event"] != "message";
        let done = async {
            loop {
                if let Some(at) = self.heard.iter().position(|told| told["event"] == "failed" && is_end(told))
                {
                    panic!("{what}: {}", self.heard[at]);
                }
                let line = self.lines.next_line().await.unwrap().expect("the bot ended");
                let told: Value = serde_json::from_str(&line).unwrap();
                self.report.push(told.clone());
                if told["event"] == "done" && is_end(&told) {
                    return told;
                }
                self.heard.push(told);
            }
        };
        timeout(PATIENCE, done).await.unwrap_or_else(|_| panic!("{what} takes too long"))
    }

    /// No more orders: it says goodbye and ends well. All that it told.
    pub(crate) async fn ends(mut self) -> Vec<Value> {
        drop(self.orders);
        let rest = async {
            while let Ok(Some(line)) = self.lines.next_line().await {
                self.report.push(serde_json::from_str(&line).unwrap());
            }
            self.child.wait().await.unwrap()
        };
        let status = timeout(PATIENCE, rest).await.expect("the bot does not end");
        assert!(status.success(), "{status}: {:#?}", self.report);
        self.report
    }
}
