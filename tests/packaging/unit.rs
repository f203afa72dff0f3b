//! A unit file, read as systemd reads it, as far as ours goes.

use std::collections::BTreeMap;

/// Values by section and key, each key's in order.
pub(crate) struct Unit(BTreeMap<(String, String), Vec<String>>);

impl Unit {
    pub(crate) fn parse(text: &str) -> Self {
        let (mut section, mut values) = (String::new(), BTreeMap::<_, Vec<String>>::new());
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            match line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                Some(name) => name.clone_into(&mut section),
                None => {
                    let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("no setting: {line}"));
                    values.entry((section.clone(), key.to_owned())).or_default().push(value.to_owned());
                }
            }
        }
        Self(values)
    }

    /// The value of a key that is there once.
    pub(crate) fn one(&self, section: &str, key: &str) -> String {
        let values = self.0.get(&(section.to_owned(), key.to_owned()));
        match values.map(Vec::as_slice) {
            Some([one]) => one.clone(),
            other => panic!("[{section}] {key} is {other:?}"),
        }
    }

    pub(crate) fn words(&self, section: &str, key: &str) -> Vec<String> {
        self.one(section, key).split_whitespace().map(str::to_owned).collect()
    }
}
