//! Plays the rules over two readings of a node, as promtool does, and tells which alerts fire.

use crate::scrape::Scrape;
use serde_json::Value;
use servers::Promtool;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// When it is asked what fires: every `for` is over, and what happened lies in every window.
const ASKED_AT: &str = "14m";
/// What Prometheus adds to each series.
const SCRAPED: &str = "job=\"mirror\",instance=\"node-1\"";

/// A rule of the file.
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) expr: String,
    pub(crate) summary: String,
    pub(crate) description: String,
    pub(crate) runbook: String,
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("ops").join(name)
}

/// All of them. The file is written so that a line-wise reader understands it; promtool says whether it is right.
pub(crate) fn rules() -> Vec<Rule> {
    let text = std::fs::read_to_string(file("prometheus/alerts.yml")).unwrap();
    let read = |rule: &str| {
        let after = |key: &str| {
            let (_, rest) =
                rule.split_once(&format!(" {key}: ")).unwrap_or_else(|| panic!("{key} of {rule}"));
            rest.lines().next().unwrap().trim_matches('"').to_owned()
        };
        let (_, expr) = rule.split_once(" expr: ").unwrap();
        let expr = expr.split("\n        labels:").next().unwrap().to_owned();
        Rule {
            name: rule.lines().next().unwrap().to_owned(),
            expr,
            summary: after("summary"),
            description: after("description"),
            runbook: after("runbook"),
        }
    };
    text.split("- alert: ").skip(1).map(read).collect()
}

/// What the board asks for.
pub(crate) fn board_queries() -> Vec<String> {
    let text = std::fs::read_to_string(file("grafana/mirror.json")).unwrap();
    let board: Value = serde_json::from_str(&text).unwrap();
    assert!(board["uid"].is_string() && board["schemaVersion"].is_u64(), "Grafana imports it");
    let panels = board["panels"].as_array().unwrap();
    let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "each panel has an id of its own");
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect()
}

/// The metrics that words name.
pub(crate) fn metrics_in(words: &str) -> BTreeSet<String> {
    let parts = words.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    parts.filter(|part| part.starts_with("mirror_")).map(str::to_owned).collect()
}

/// A play: how a node stood at first, and from the next minute on.
pub(crate) struct Play {
    folder: TempDir,
    first: Scrape,
    /// None: nobody answers any more.
    then: Option<Scrape>,
    growing: BTreeSet<String>,
}

impl Play {
    /// It stood so at first, and then so.
    pub(crate) fn over(first: &Scrape, then: &Scrape) -> Self {
        Self { then: Some(then.clone()), ..Self::dies(first) }
    }

    /// It stood so, and then nobody answers any more.
    pub(crate) fn dies(first: &Scrape) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, first: first.clone(), then: None, growing: BTreeSet::new() }
    }

    /// A series of seconds goes on growing with the time.
    pub(crate) fn growing(mut self, series: &str) -> Self {
        assert!(self.then.as_ref().is_some_and(|then| then.0.contains_key(series)), "there is no {series}");
        self.growing.insert(series.to_owned());
        self
    }

    /// Exactly these alerts fire.
    pub(crate) async fn fires(self, alerts: &[&str]) {
        if !servers::with_servers() {
            return;
        }
        let promtool = Promtool::get().await.unwrap();
        let rules = file("prometheus/alerts.yml");
        promtool.check(&rules).await.unwrap();
        let tests = self.folder.path().join("play.yml");
        std::fs::write(&tests, self.written(&rules, alerts)).unwrap();
        if let Err(error) = promtool.test(&tests).await {
            panic!("{alerts:?} should fire: {error}");
        }
    }

    fn written(&self, rules: &Path, alerts: &[&str]) -> String {
        let mut text = format!(
            "rule_files: ['{}']\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n",
            rules.display()
        );
        let up = if self.then.is_some() { "1 1x60" } else { "1 0x60" };
        let series = self.series().chain([("up".to_owned(), up.to_owned())]);
        for (name, values) in series {
            let name = scraped(&name).replace('\'', "''");
            writeln!(text, "      - series: '{name}'\n        values: '{values}'").unwrap();
        }
        let expr = "count by (alertname) (ALERTS{alertstate=\"firing\"})";
        write!(text, "    promql_expr_test:\n      - expr: '{expr}'\n        eval_time: {ASKED_AT}\n")
            .unwrap();
        let samples: Vec<_> =
            alerts.iter().map(|name| format!("{{ labels: '{{alertname=\"{name}\"}}', value: 1 }}")).collect();
        writeln!(text, "        exp_samples: [{}]", samples.join(", ")).unwrap();
        text
    }

    /// Each series with its values, one a minute.
    fn series(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let empty = BTreeSet::new();
        let later = self.then.as_ref().map_or(empty, |then| then.0.keys().cloned().collect());
        let names: BTreeSet<String> = self.first.0.keys().cloned().chain(later).collect();
        names.into_iter().map(|name| {
            let first = self.first.0.get(&name).map_or("_", String::as_str);
            let then = self.then.as_ref().and_then(|then| then.0.get(&name));
            let values = match then {
                Some(value) if self.growing.contains(&name) => format!("{first} {value}+60x60"),
                Some(value) => format!("{first} {value}x60"),
                None => format!("{first} _x60"),
            };
            (name, values)
        })
    }
}

/// A series as Prometheus keeps it.
fn scraped(series: &str) -> String {
    match series.split_once('{') {
        Some((name, labels)) => format!("{name}{{{SCRAPED},{labels}"),
        None => format!("{series}{{{SCRAPED}}}"),
    }
}
