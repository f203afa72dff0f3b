//! Plays a page: its lines one after another, on a stage of its own.

use crate::book::{Page, Piece, pieces};
use crate::stage::{Said, Stage};
use crate::tables::{ARRIVING, NOT_RUN, PROGRAMS, RUN_AS};
use crate::told;
use clap::Parser;
use mirror::cli::Cli;
use rusqlite::{Connection, OpenFlags};

/// What came of a page.
pub(crate) struct Play {
    /// Lines that were run.
    pub(crate) lines: usize,
    /// What was not as the page says.
    pub(crate) wrong: Vec<String>,
    path: String,
    stage: Stage,
}

/// How a line is run.
enum Way<'a> {
    /// It is not: the words are only read.
    Excused,
    /// In another form.
    As(&'a str),
    /// It is what it says.
    Itself,
}

impl Play {
    pub(crate) async fn of(page: &Page) -> Self {
        let archives = page.text.contains("mirror archive");
        let mut stage = if page.is_bare() { Stage::bare() } else { Stage::talked().await };
        if archives {
            stage.set("MIRROR_ARCHIVE_URL", "archive");
            stage.start("mirror run").await;
        }
        let mut play = Self { lines: 0, wrong: Vec::new(), path: page.path.clone(), stage };
        for piece in pieces(page) {
            match piece {
                Piece::Stage { number, what } => play.happens(number, &what).await,
                Piece::Line { number, typed, told } => play.line(number, &typed, told.as_deref()).await,
                Piece::Toml { .. } => {}
            }
        }
        play.stage.stop().await;
        play
    }

    /// What happens on the stage between two blocks.
    async fn happens(&mut self, number: usize, what: &str) {
        self.stage.settled().await;
        let before = self.stage.tail().await;
        let words: Vec<&str> = what.split(' ').collect();
        let stage = &mut self.stage;
        match words.as_slice() {
            ["bare"] => {}
            ["wipe", channel] => assert!(stage.discord.wipe(stage.id(channel)) > 0, "nothing was there"),
            ["say", channel, user, text @ ..] => {
                let message = stage.say(channel, user, &text.join(" "));
                stage.names_first(message);
            }
            ["delete-webhooks", channel] => {
                let hooks = stage.discord.webhooks(stage.id(channel));
                assert!(hooks.into_iter().all(|hook| stage.discord.delete_webhook(hook)));
            }
            ["delete-channel", channel] => assert!(stage.discord.delete_channel(stage.id(channel))),
            ["expect-copies", channel, count] => {
                let shown = stage.discord.messages(stage.id(channel));
                let copies = shown.iter().filter(|message| message.webhook.is_some()).count();
                if copies.to_string() != *count {
                    self.wrong(number, &format!("channel {channel} shows {copies} copies, not {count}"));
                }
            }
            [..] => panic!("{}:{number}: '{what}' is nothing that happens on a stage", self.path),
        }
        if let ["wipe" | "say", ..] = words.as_slice() {
            self.stage.heard(before).await;
        }
    }

    async fn line(&mut self, number: usize, typed: &str, told: Option<&str>) {
        let run = match way(typed) {
            Way::Excused => return self.reads(number, typed),
            Way::As(other) => other,
            Way::Itself => typed,
        };
        if program(run).is_some_and(|program| !PROGRAMS.contains(&program)) {
            return self.wrong(
                number,
                &format!("`{typed}` is not run here: list it in tests/docs/tables.rs, with a reason"),
            );
        }
        self.lines += 1;
        self.stage.settled().await;
        let said = match kind(run) {
            Kind::Node => {
                self.stage.start(run).await;
                return;
            }
            Kind::Start => return self.stage.start("mirror run").await,
            Kind::Stop => return self.stage.stop().await,
            Kind::Alone => {
                self.stage.stop().await;
                self.stage.shell(run).await
            }
            Kind::Sql => self.sql(run).await,
            Kind::Shell => self.stage.shell(run).await,
        };
        let failed = said.code != Some(0);
        let difference = told.and_then(|told| told::difference(told, &said.text));
        // A page may show a refusal, with its words.
        let is_shown = told.is_some_and(|told| told.starts_with("mirror: "));
        if let Some(why) = difference {
            self.wrong(number, &format!("`{typed}`:\n    {why}"));
        } else if failed && !is_shown {
            self.wrong(number, &format!("`{typed}` ends with {:?}: {}", said.code, said.text));
        }
    }

    /// What is not run has to be understood at least.
    fn reads(&mut self, number: usize, typed: &str) {
        let Some(words) = typed.strip_prefix("mirror ") else { return };
        let words = std::iter::once("mirror").chain(words.split(' '));
        if let Err(error) = Cli::try_parse_from(words)
            && !is_arriving(typed)
        {
            self.wrong(number, &format!("`{typed}`: {error}"));
        }
    }

    /// `sqlite3 -readonly FILE SQL`, without that program.
    async fn sql(&self, line: &str) -> Said {
        let split = format!("sqlite3() {{ printf '%s\\n' \"$@\"; }}\n{line}");
        let words = self.stage.shell(&split).await.text;
        let words: Vec<&str> = words.lines().filter(|word| *word != "-readonly").collect();
        let [file, sql] = words[..] else { panic!("`{line}` is not `sqlite3 FILE SQL`") };
        // What the shell said was put into the manual's words.
        let (file, sql) = (self.stage.path(&self.stage.meant(file)), self.stage.meant(sql));
        let rows = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).and_then(|database| {
            let mut statement = database.prepare(&sql)?;
            let mut rows = statement.query([])?;
            let mut count = 0;
            while rows.next()?.is_some() {
                count += 1;
            }
            Ok(count)
        });
        match rows {
            Ok(0) if sql.starts_with("select") && !sql.contains("show_dead") => {
                Said { code: Some(1), text: "no rows".to_owned() }
            }
            Ok(_) => Said { code: Some(0), text: String::new() },
            Err(error) => Said { code: Some(1), text: error.to_string() },
        }
    }

    fn wrong(&mut self, number: usize, why: &str) {
        self.wrong.push(format!("{}:{number}: {why}", self.path));
    }
}

enum Kind {
    /// It runs until it is stopped.
    Node,
    /// What a service manager would do.
    Start,
    Stop,
    /// Where no node may run, as its help says.
    Alone,
    Sql,
    Shell,
}

fn kind(line: &str) -> Kind {
    let mut words = line.split(' ').skip_while(|word| word.starts_with("MIRROR_"));
    match (words.next(), words.next(), words.next()) {
        (Some("mirror"), Some("run"), _) => Kind::Node,
        (Some("systemctl"), Some("start"), Some("mirror")) => Kind::Start,
        (Some("systemctl"), Some("stop"), Some("mirror")) => Kind::Stop,
        (Some("mirror"), Some("archive"), Some("restore")) => Kind::Alone,
        (Some("mirror"), Some("migrate"), _) if line.contains("--switch") => Kind::Alone,
        (Some("sqlite3"), ..) => Kind::Sql,
        (..) => Kind::Shell,
    }
}

/// What a line begins with, behind its variables; none: it sets variables alone.
fn program(line: &str) -> Option<&str> {
    line.split_whitespace().find(|word| !word.split_once('=').is_some_and(|(name, _)| is_variable(name)))
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

fn way(typed: &str) -> Way<'static> {
    if NOT_RUN.iter().any(|(line, _)| *line == typed) || is_arriving(typed) {
        return Way::Excused;
    }
    RUN_AS.iter().find(|(line, _)| *line == typed).map_or(Way::Itself, |(_, other)| Way::As(other))
}

/// Whether another branch brings this command.
pub(crate) fn is_arriving(typed: &str) -> bool {
    let verb = typed.strip_prefix("mirror ").and_then(|words| words.split(' ').next());
    ARRIVING.iter().any(|(arriving, _)| verb == Some(*arriving))
}
