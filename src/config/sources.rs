//! Where configuration comes from, and in which order it counts.

use super::place::{self, Place, excerpt, line_of};
use super::{Config, DATA_DIR, KEYS, Shape};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

/// Variables by name.
pub type Environment = BTreeMap<String, String>;

/// What a configuration is read from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Where `./mirror.toml` and relative paths of the environment and of flags are looked for.
    pub working_dir: PathBuf,
    /// A file named by flag: it has to exist.
    pub file: Option<PathBuf>,
    /// The environment.
    pub environment: Environment,
    /// Keys set by flags, as text.
    pub flags: Vec<(&'static str, String)>,
}

/// Why there is no configuration: words that name the place and, where a name is wrong, the nearest right one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// A file with its line, a variable, or a flag.
    pub place: String,
    /// What is wrong there.
    pub why: String,
    /// The line of the file, marked; no secret is in it.
    pub excerpt: Option<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.why)?;
        self.excerpt.iter().try_for_each(|excerpt| write!(f, "\n{excerpt}"))
    }
}

impl ConfigError {
    fn at(place: impl fmt::Display, why: String) -> Self {
        Self { place: place.to_string(), why, excerpt: None }
    }
}

/// What is wrong with the value of a key, wherever it was said.
pub(super) struct Unfit {
    pub(super) key: &'static str,
    pub(super) why: String,
}

/// A file as it was read.
#[derive(Default)]
pub(super) struct Written {
    path: PathBuf,
    text: String,
    pub(super) table: Table,
    /// Where each key stands.
    spans: BTreeMap<String, Range<usize>>,
}

impl Written {
    fn place(&self, key: &str) -> Option<Place> {
        let span = self.spans.get(key)?;
        Some(Place::File(self.path.clone(), line_of(&self.text, span.start)))
    }

    fn excerpt(&self, key: &str) -> Option<String> {
        excerpt(&self.text, self.spans.get(key)?)
    }
}

/// What begins the name of every variable.
const PREFIX: &str = "MIRROR_";

/// What begins the name of every variable of the project's own tests.
const OF_TESTS: &str = "MIRROR_TEST_";

/// The variable that names the file.
const FILE_VARIABLE: &str = "MIRROR_CONFIG";

/// The file looked for.
const FILE_NAME: &str = "mirror.toml";

/// The variable of a dotted key.
#[must_use]
pub fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_uppercase())
}

impl Sources {
    /// The process's own: its working directory and its `MIRROR_*` variables.
    #[must_use]
    pub fn of_process() -> Self {
        let ours = std::env::vars().filter(|(name, _)| name.starts_with(PREFIX));
        let working_dir = std::env::current_dir().unwrap_or_default();
        Self { working_dir, environment: ours.collect(), ..Self::default() }
    }

    /// Reads and joins all sources.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place.
    pub fn load(&self) -> Result<Config, ConfigError> {
        let file = self.find()?;
        let written = file.as_deref().map(read_file).transpose()?.unwrap_or_default();
        file.as_deref().map_or(Ok(()), |file| refuse_open_secret(file, &written.table))?;
        let mut table = written.table.clone();
        let file_dir = file.as_deref().and_then(Path::parent).unwrap_or(&self.working_dir).to_owned();
        root_paths(&mut table, &file_dir);
        self.overlay(&mut table)?;
        let mut config = build(&table, "configuration")?;
        if !table.contains_key("data_dir") {
            config.data_dir = self.default_data_dir(file.as_deref());
        }
        config.places = self.places(&written);
        if let Err(Unfit { key, why }) = config.check() {
            let place = config.places.get(key).unwrap_or(&Place::Default);
            let is_written = matches!(place, Place::File(..));
            let excerpt = written.excerpt(key).filter(|_| is_written);
            return Err(ConfigError { excerpt, ..ConfigError::at(place, why) });
        }
        self.add_token(&mut config)?;
        config.warnings.extend(self.unknown_variables());
        Ok(config)
    }

    /// Where each key has its value from.
    fn places(&self, written: &Written) -> BTreeMap<&'static str, Place> {
        let place = |key: &'static str| {
            let flag = self.flags.iter().any(|(set, _)| *set == key);
            let name = variable(key);
            if flag {
                Place::Flag(flag_of(key))
            } else if self.environment.contains_key(&name) {
                Place::Variable(name)
            } else {
                written.place(key).unwrap_or(Place::Default)
            }
        };
        KEYS.iter().map(|(key, _)| (*key, place(key))).collect()
    }

    fn find(&self) -> Result<Option<PathBuf>, ConfigError> {
        let named = self.file.clone().or_else(|| self.environment.get(FILE_VARIABLE).map(PathBuf::from));
        if let Some(named) = named {
            return Ok(Some(self.working_dir.join(named)));
        }
        let places = [self.working_dir.join(FILE_NAME), self.data_dir().join(FILE_NAME)];
        Ok(places.into_iter().find(|place| place.is_file()))
    }

    /// The data directory as flags and environment name it, else the usual one.
    fn data_dir(&self) -> PathBuf {
        let flag = self.flags.iter().find(|(key, _)| *key == "data_dir").map(|(_, value)| value);
        let named = flag.or_else(|| self.environment.get("MIRROR_DATA_DIR"));
        self.working_dir.join(named.map_or(DATA_DIR, String::as_str))
    }

    /// A file that lies in a data directory means that one.
    fn default_data_dir(&self, file: Option<&Path>) -> PathBuf {
        let beside = self.data_dir();
        if file.is_some_and(|file| file.parent() == Some(&beside)) {
            return beside;
        }
        self.working_dir.join(DATA_DIR)
    }

    /// Puts variables, then flags, over what a file says; each is checked on its own, so that its name can be
    /// told.
    fn overlay(&self, table: &mut Table) -> Result<(), ConfigError> {
        let variables = KEYS.iter().filter_map(|(key, _)| {
            let name = variable(key);
            let value = self.environment.get(&name)?;
            Some((*key, value.clone(), name))
        });
        let flags =
            self.flags.iter().map(|(key, value)| (*key, value.clone(), format!("--{}", flag_of(key))));
        for (key, text, place) in variables.chain(flags) {
            let value = value_of(key, &text).map_err(|why| ConfigError::at(&place, why))?;
            insert(table, key, value);
            build(table, &place)?;
        }
        root_paths(table, &self.working_dir);
        Ok(())
    }

    fn add_token(&self, config: &mut Config) -> Result<(), ConfigError> {
        let Some(file) = config.discord.token_file.as_ref().filter(|_| config.discord.token.is_none()) else {
            return Ok(());
        };
        let place = file.display();
        let text = std::fs::read_to_string(file)
            .map_err(|error| ConfigError::at(&place, format!("no token here: {error}")))?;
        let token = text.trim();
        if token.is_empty() {
            return Err(ConfigError::at(place, "the token file is empty".to_owned()));
        }
        refuse_open(file, "the token")?;
        config.discord.token = Some(SecretString::from(token));
        Ok(())
    }

    fn unknown_variables(&self) -> Vec<String> {
        let known: Vec<_> =
            KEYS.iter().map(|(key, _)| variable(key)).chain([FILE_VARIABLE.to_owned()]).collect();
        let unknown =
            self.environment.keys().filter(|name| !name.starts_with(OF_TESTS) && !known.contains(name));
        unknown.map(|name| format!("variable {name} means nothing here{}", hint(name, &known))).collect()
    }
}

fn flag_of(key: &str) -> String {
    key.rsplit('.').next().unwrap_or(key).replace('_', "-")
}

fn read_file(path: &Path) -> Result<Written, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::at(path.display(), format!("cannot be read: {error}")))?;
    parse(text, path)
}

/// Parses a file's text; `path` names it in errors.
pub(super) fn parse(text: String, path: &Path) -> Result<Written, ConfigError> {
    let at = |span: Option<Range<usize>>, why: String| {
        let span = span.unwrap_or_default();
        let place = Place::File(path.to_owned(), line_of(&text, span.start));
        ConfigError { excerpt: excerpt(&text, &span), ..ConfigError::at(place, why) }
    };
    let wrong = |error: toml::de::Error| at(error.span(), plainly(error.message()));
    let spanned = DeTable::parse(&text).map_err(wrong)?;
    if let Some((span, why)) = unknown_key(spanned.get_ref(), "") {
        return Err(at(Some(span), why));
    }
    toml::from_str::<Config>(&text).map_err(wrong)?;
    let table = toml::from_str(&text).map_err(wrong)?;
    let mut spans = BTreeMap::new();
    note_spans(spanned.get_ref(), "", &mut spans);
    Ok(Written { path: path.to_owned(), text, table, spans })
}

/// Notes where each key of a table and of its sections stands.
fn note_spans(table: &DeTable<'_>, prefix: &str, spans: &mut BTreeMap<String, Range<usize>>) {
    for (key, value) in table {
        let path = format!("{prefix}{}", key.get_ref());
        match value.get_ref() {
            DeValue::Table(inner) => note_spans(inner, &format!("{path}."), spans),
            _ => drop(spans.insert(path, key.span())),
        }
    }
}

fn unknown_key(table: &DeTable<'_>, prefix: &str) -> Option<(std::ops::Range<usize>, String)> {
    let known: Vec<_> = KEYS.iter().map(|(key, _)| (*key).to_owned()).collect();
    let sections = known.iter().filter_map(|key| Some(key.split_once('.')?.0.to_owned()));
    let names: Vec<_> = known.iter().cloned().chain(sections).collect();
    let is_section = |path: &str| known.iter().any(|key| key.starts_with(&format!("{path}.")));
    table.iter().find_map(|(key, value)| {
        let path = format!("{prefix}{}", key.get_ref());
        match value.get_ref() {
            DeValue::Table(inner) if is_section(&path) => unknown_key(inner, &format!("{path}.")),
            DeValue::Table(_) if path == "log" => {
                Some((key.span(), "what was [log] is [telemetry] now; log says where the log is".to_owned()))
            }
            _ if known.contains(&path) => None,
            _ if is_section(&path) => Some((key.span(), format!("'{path}' is a section: write [{path}]"))),
            _ => Some((key.span(), format!("unknown key '{path}'{}", hint(&path, &names)))),
        }
    })
}

/// `; did you mean ...?` with the nearest of `known`, or nothing.
fn hint(word: &str, known: &[String]) -> String {
    let last = |path: &str| path.rsplit('.').next().unwrap_or(path).to_owned();
    let same_name = known.iter().find(|key| last(key) == last(word)).map(String::as_str);
    let nearest = same_name.or_else(|| tools::mirrors::nearest(word, known.iter().map(String::as_str)));
    nearest.map(|key| format!("; did you mean '{key}'?")).unwrap_or_default()
}

fn value_of(key: &str, text: &str) -> Result<Value, String> {
    let shape = KEYS.iter().find(|(known, _)| *known == key).map_or(Shape::Text, |(_, shape)| *shape);
    match shape {
        Shape::Text => Ok(Value::String(text.to_owned())),
        Shape::Number => {
            text.parse().map(Value::Integer).map_err(|_| format!("'{text}' is not a whole number"))
        }
        Shape::Switch => {
            text.parse().map(Value::Boolean).map_err(|_| format!("'{text}' is neither true nor false"))
        }
    }
}

fn insert(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => drop(table.insert(key.to_owned(), value)),
        Some((section, key)) => {
            let inner = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                insert(inner, key, value);
            }
        }
    }
}

/// Relative paths are meant from where they are written.
fn root_paths(table: &mut Table, dir: &Path) {
    let root = |value: &mut Value| {
        if let Value::String(path) = value {
            *path = dir.join(&*path).display().to_string();
        }
    };
    table.get_mut("data_dir").map(root);
    table.get_mut("discord").and_then(|discord| discord.get_mut("token_file")).map(root);
    let archive = table.get_mut("archive").and_then(|archive| archive.get_mut("url"));
    archive.filter(|url| !url.as_str().is_some_and(|url| url.contains("://"))).map(root);
}

/// People do not count in words of this language.
fn plainly(message: &str) -> String {
    let numbers = ["usize", "u64", "u32"];
    numbers.iter().fold(message.to_owned(), |text, name| {
        text.replace(&format!("expected {name}"), "expected a whole number")
    })
}

fn build(table: &Table, place: &str) -> Result<Config, ConfigError> {
    let config = table.clone().try_into::<Config>();
    config.map_err(|error| ConfigError::at(place, plainly(error.message())))
}

/// A file that holds a secret and that everybody may read is refused: they have read it by now.
fn refuse_open_secret(file: &Path, table: &Table) -> Result<(), ConfigError> {
    let has_token = table.get("discord").and_then(|discord| discord.get("token")).is_some();
    let mut stores = ["log", "views", "hints"].iter().filter_map(|key| table.get(*key)?.as_str());
    match (has_token, stores.any(|url| place::without_password(url) != url)) {
        (true, _) => refuse_open(file, "the token"),
        (false, true) => refuse_open(file, "the password"),
        (false, false) => Ok(()),
    }
}

#[cfg(unix)]
fn refuse_open(file: &Path, what: &str) -> Result<(), ConfigError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(file).map(|found| found.permissions().mode()).unwrap_or_default();
    let why =
        format!("holds {what}, and everybody on this machine may read it: chmod 600 it, and change {what}");
    if mode & 0o007 == 0 { Ok(()) } else { Err(ConfigError::at(file.display(), why)) }
}

#[cfg(not(unix))]
fn refuse_open(_: &Path, _: &str) -> Result<(), ConfigError> {
    Ok(())
}
