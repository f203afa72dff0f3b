//! A headless Chromium with one tab. It ends with whoever holds it.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks at a page.
const LOOK: Duration = Duration::from_millis(30);
/// What installs it, where there is none; the second that comes waits.
const GET: &str = "exec 9> \"${TMPDIR:-/tmp}/mirror-test-chromium.lock\"; flock 9; command -v chromium && exit 0; \
                   apt-get -qq update && apt-get -qq install --yes --no-install-recommends chromium";

/// As Chromium wants it as root, in a container, with no network of its own.
const FLAGS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
];

pub(crate) struct Browser {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    tab: String,
    next: u64,
    /// What the page, or the browser about it, had to say.
    pub(crate) said: Vec<String>,
    _process: Child,
    _profile: TempDir,
}

/// One at a time: two cores are soon busy.
static INSTALLING: Mutex<()> = Mutex::const_new(());

/// A browser, or the words why there is none.
pub(crate) async fn browser() -> Option<Browser> {
    match installed().await {
        Ok(()) => Some(Browser::start().await),
        Err(why) => {
            println!("not run: {why}");
            None
        }
    }
}

async fn installed() -> Result<(), String> {
    if std::env::var("MIRROR_TEST_CLIENTS").is_ok_and(|asked| asked == "none") {
        return Err("MIRROR_TEST_CLIENTS is none".to_owned());
    }
    let _one_at_a_time = INSTALLING.lock().await;
    let there = || Path::new("/usr/bin/chromium").exists();
    if !there() {
        let output = Command::new("sh").args(["-c", GET]).stdin(Stdio::null()).output().await;
        let said = output.map_err(|error| error.to_string())?;
        let words = String::from_utf8_lossy(&said.stderr).lines().last().unwrap_or_default().to_owned();
        if !there() {
            return Err(format!(
                "no Chromium, and it cannot be installed (apt-get install chromium): {words}"
            ));
        }
    }
    Ok(())
}

impl Browser {
    async fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut command = Command::new("/usr/bin/chromium");
        command.args(FLAGS).arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let listening = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if let Some(address) = line.strip_prefix("DevTools listening on ") {
                    return address.to_owned();
                }
            }
            panic!("the browser ended before it listened");
        };
        let address = timeout(PATIENCE, listening).await.expect("the browser does not begin");
        // What else it says must not fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let (socket, _) = connect_async(address).await.unwrap();
        let (tab, said) = (String::new(), Vec::new());
        let mut browser = Self { socket, tab, next: 0, said, _process: process, _profile: profile };
        let made = browser.call("Target.createTarget", json!({ "url": "about:blank" })).await;
        let attach = json!({ "targetId": made["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", attach).await;
        browser.tab = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({})).await;
        }
        browser
    }

    /// Asks the browser what it can answer.
    pub(crate) async fn call(&mut self, method: &str, params: Value) -> Value {
        self.ask(method, params).await.unwrap_or_else(|why| panic!("{method}: {why}"))
    }

    /// Asks the browser, and notes what it says besides.
    async fn ask(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        self.next += 1;
        let id = self.next;
        let mut asked = json!({ "id": id, "method": method, "params": params });
        if !self.tab.is_empty() {
            asked["sessionId"] = self.tab.clone().into();
        }
        self.socket.send(Message::text(asked.to_string())).await.unwrap();
        let answered = async {
            loop {
                let message = self.socket.next().await.expect("the browser is gone").unwrap();
                let Message::Text(text) = message else { continue };
                let mut told: Value = serde_json::from_str(text.as_str()).unwrap();
                if told["id"] == id {
                    let error = told["error"].take();
                    return if error.is_null() { Ok(told["result"].take()) } else { Err(error) };
                }
                self.said.extend(complaint(&told));
            }
        };
        timeout(PATIENCE, answered).await.unwrap_or_else(|_| panic!("the browser does not answer {method}"))
    }

    /// Opens a page and waits until it is there.
    pub(crate) async fn open(&mut self, url: &str) {
        let opened = self.call("Page.navigate", json!({ "url": url })).await;
        assert!(opened["errorText"].is_null(), "{url}: {opened}");
        self.until(&format!("{url} is there"), "document.readyState === 'complete'").await;
    }

    /// What a script in the page comes to.
    pub(crate) async fn run(&mut self, script: &str) -> Value {
        self.try_run(script).await.unwrap_or_else(|why| panic!("{script}: {why}"))
    }

    async fn try_run(&mut self, script: &str) -> Result<Value, Value> {
        let params = json!({ "expression": script, "returnByValue": true, "awaitPromise": true });
        let mut told = self.ask("Runtime.evaluate", params).await?;
        match told["exceptionDetails"].take() {
            Value::Null => Ok(told["result"]["value"].take()),
            why => Err(why),
        }
    }

    /// Waits until a script is true.
    pub(crate) async fn until(&mut self, what: &str, script: &str) {
        let began = Instant::now();
        // A page that is just being left has no answer.
        while self.try_run(script).await != Ok(Value::Bool(true)) {
            if began.elapsed() > PATIENCE {
                let text = self.run("document.body.innerText").await;
                panic!("waited in vain until {what}; {:?}; the page says: {text}", self.said);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// A window of this width, in light or dark.
    pub(crate) async fn look(&mut self, (width, height): (u32, u32), is_dark: bool) {
        let is_phone = width < 600;
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone });
        self.call("Emulation.setDeviceMetricsOverride", metrics).await;
        let scheme = if is_dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme },
                              { "name": "prefers-reduced-motion", "value": "reduce" }]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// The page as a picture, PNG in base64.
    pub(crate) async fn picture(&mut self) -> String {
        let taken = self.call("Page.captureScreenshot", json!({ "format": "png" })).await;
        taken["data"].as_str().unwrap().to_owned()
    }

    /// What was said of this is no complaint.
    pub(crate) fn forgive(&mut self, words: &str) {
        self.said.retain(|said| !said.contains(words));
    }

    /// That nobody complained and nothing ran.
    pub(crate) async fn is_content(&mut self, where_: &str) {
        assert_eq!(self.said, Vec::<String>::new(), "{where_}");
        let ran = self.run("typeof window.__pwned").await;
        assert_eq!(ran, "undefined", "{where_}: something ran");
    }
}

/// What a page should not give rise to: errors, policy violations, windows that ask.
fn complaint(told: &Value) -> Option<String> {
    let params = &told["params"];
    match told["method"].as_str()? {
        "Log.entryAdded" => Some(format!("{}: {}", params["entry"]["text"], params["entry"]["url"])),
        "Runtime.exceptionThrown" => Some(params["exceptionDetails"].to_string()),
        "Runtime.consoleAPICalled" => Some(params["args"].to_string()),
        "Page.javascriptDialogOpening" => Some(params["message"].to_string()),
        _ => None,
    }
}
