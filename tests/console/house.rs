//! A stage whose node has a console, and the ways into it.

use crate::browser::Browser;
use crate::stage::{Node, Stage};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use std::fs;

pub(crate) struct House {
    pub(crate) stage: Stage,
    pub(crate) node: Node,
    /// `http://127.0.0.1:PORT`
    pub(crate) base: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl House {
    /// Channels that are linked, and a node with a console.
    pub(crate) async fn linked(channels: usize) -> Self {
        let mut stage = Stage::new(channels);
        with_console(&mut stage);
        stage.link_all().await;
        Self::over(stage).await
    }

    /// Over a stage whose environment has a console.
    pub(crate) async fn over(stage: Stage) -> Self {
        let node = stage.start().await;
        let address = fs::read_to_string(stage.data().join("console.address")).unwrap();
        Self { base: format!("http://{}", address.trim()), stage, node }
    }

    pub(crate) fn token(&self) -> String {
        fs::read_to_string(self.stage.data().join("console.token")).unwrap().trim().to_owned()
    }

    /// The address that `mirror console` prints.
    pub(crate) async fn way_in(&self) -> String {
        let told = self.stage.json(&["console"]).await;
        assert_eq!(told["listens"], Value::Bool(true));
        told["url"].as_str().unwrap().to_owned()
    }

    /// A browser comes in.
    pub(crate) async fn enter(&self, browser: &mut Browser) {
        browser.open(&self.way_in().await).await;
        // A node that has just begun may be busy: then the page comes by itself.
        browser.until("the node has looked", "!document.title.startsWith('Not yet')").await;
        browser.forgive(&format!("503 (Service Unavailable)\": \"{}/\"", self.base));
        let shown = browser.run("location.href").await;
        assert_eq!(shown, format!("{}/", self.base), "the token is not left in the address");
    }

    /// One request as it is, without a browser.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        (lines, body): (&[(&str, &str)], &str),
    ) -> Told {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        let (head, body) = client.request(request).await.unwrap().into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Told { status: head.status, headers: head.headers, text }
    }

    pub(crate) async fn get(&self, path: &str, lines: &[(&str, &str)]) -> Told {
        self.ask(Method::GET, path, (lines, "")).await
    }

    /// A session: its cookie, and what its forms hold.
    pub(crate) async fn session(&self) -> (String, String) {
        let told = self.get(&format!("/enter?token={}", self.token()), &[]).await;
        assert_eq!(told.status, StatusCode::SEE_OTHER, "{told:?}");
        let cookie = told.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let page = self.get("/", &[("cookie", &cookie)]).await;
        let form = page.text.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        (cookie, form.to_owned())
    }

    pub(crate) async fn stop(self) {
        self.node.stop().await;
    }
}

/// On a port that is free.
pub(crate) fn with_console(stage: &mut Stage) {
    stage.environment.retain(|(key, _)| key != "MIRROR_CONSOLE_LISTEN");
    stage.environment.push(("MIRROR_CONSOLE_LISTEN".to_owned(), "127.0.0.1:0".to_owned()));
}
