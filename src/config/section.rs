//! Reading a table of the merged configuration key by key, so that every fault is found and no key
//! is overlooked.

use std::collections::{BTreeMap, BTreeSet};

use ::config::{Map, Value, ValueKind};

use super::fault::Fault;

/// What a reading brings to light beside the values.
#[derive(Default)]
pub(super) struct Notes {
    /// What is wrong.
    pub faults: Vec<Fault>,
    /// Where each value came from, by key path.
    pub origins: BTreeMap<String, String>,
    file: Option<String>,
    known: BTreeSet<String>,
    unknown: Vec<(String, String)>,
}

impl Notes {
    /// Nothing noted yet. The file is named as the source of tables, which have no origin of their
    /// own once they are merged.
    pub fn new(file: Option<String>) -> Self {
        Self { file, ..Self::default() }
    }

    fn fault(&mut self, key: String, source: String, message: String) {
        self.faults.push(Fault { key, source, message });
    }

    fn origin_of(&self, value: &Value) -> String {
        let file = || self.file.clone().unwrap_or_else(|| "default".into());
        first_origin(value).map_or_else(file, str::to_owned)
    }

    /// Turns the keys that nobody asked for into faults. Comes last, when all known keys are known.
    pub fn refuse_unknown_keys(&mut self) {
        for (key, source) in std::mem::take(&mut self.unknown) {
            let hint = self.nearest(&key).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            self.fault(key, source, format!("is not a known key{hint}"));
        }
    }

    /// The known key that was probably meant: one in the same table, else one like it elsewhere.
    fn nearest(&self, key: &str) -> Option<&str> {
        let (parent, name) = split(key);
        let best = |here: bool, at_least: f64| {
            let scored = self.known.iter().filter(|known| match here {
                true => split(known).0 == parent,
                false => {
                    !["job_types.", "schedules.", "auth.tokens["].iter().any(|table| known.starts_with(table))
                }
            });
            // Of two that are as near, the first: `defaults` comes before the rest.
            scored
                .rev()
                .map(|known| (strsim::jaro_winkler(name, split(known).1), known.as_str()))
                .filter(|(score, _)| *score >= at_least)
                .max_by(|a, b| a.0.total_cmp(&b.0))
                .map(|(_, known)| known)
        };
        best(true, 0.82).or_else(|| best(false, 0.92))
    }
}

/// One table, while it is read.
pub(super) struct Section<'a> {
    path: String,
    origin: Option<String>,
    values: Map<String, Value>,
    notes: &'a mut Notes,
}

impl Section<'_> {
    /// Reads a table: what `read` does not take is refused.
    pub fn read<T>(
        path: &str,
        table: Value,
        notes: &mut Notes,
        read: impl FnOnce(&mut Section<'_>) -> T,
    ) -> T {
        let origin = first_origin(&table).map(str::to_owned);
        let values = match table.kind {
            ValueKind::Table(values) => values,
            ValueKind::Nil => Map::new(),
            _ => {
                let source = notes.origin_of(&table);
                notes.fault(path.to_owned(), source, format!("must be a table, written [{path}]"));
                Map::new()
            }
        };
        let mut section = Section { path: path.to_owned(), origin, values, notes };
        let read = read(&mut section);
        section.leave_the_rest();
        read
    }

    fn leave_the_rest(mut self) {
        let mut rest: Vec<_> = std::mem::take(&mut self.values).into_iter().collect();
        rest.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        for (key, value) in rest {
            let unknown = (self.at(&key), self.notes.origin_of(&value));
            self.notes.unknown.push(unknown);
        }
    }

    /// The path of a key in this table.
    pub fn at(&self, key: &str) -> String {
        if self.path.is_empty() { key_text(key) } else { format!("{}.{}", self.path, key_text(key)) }
    }

    /// Whether the key is given and was not taken yet.
    pub fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// The names of all keys that were not taken yet, in order.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.values.keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// Takes a value as `read` sees it; `None` when it is not given or not right.
    pub fn get<T>(&mut self, key: &str, read: impl FnOnce(&Value) -> Result<T, String>) -> Option<T> {
        let path = self.at(key);
        self.notes.known.insert(path.clone());
        let value = self.values.remove(key)?;
        let origin = self.notes.origin_of(&value);
        self.notes.origins.insert(path.clone(), origin.clone());
        read(&value).map_err(|message| self.notes.fault(path, origin, message)).ok()
    }

    /// Where a value that was taken came from, if it was given.
    pub fn given_by(&self, key: &str) -> Option<&str> {
        self.notes.origins.get(&self.at(key)).map(String::as_str)
    }

    /// Puts a value in its place, if it is given and right.
    pub fn set<T>(&mut self, key: &str, place: &mut T, read: impl FnOnce(&Value) -> Result<T, String>) {
        if let Some(value) = self.get(key, read) {
            *place = value;
        }
    }

    /// As [`Self::get`], for a value that must be given.
    pub fn needed<T>(&mut self, key: &str, read: impl FnOnce(&Value) -> Result<T, String>) -> Option<T> {
        if !self.has(key) {
            self.fault(key, "is missing");
        }
        self.get(key, read)
    }

    /// Reads a table within this one, which may be missing.
    pub fn section<T>(&mut self, key: &str, read: impl FnOnce(&mut Section<'_>) -> T) -> T {
        let path = self.at(key);
        self.notes.known.insert(path.clone());
        let table = self.values.remove(key).unwrap_or_default();
        Section::read(&path, table, self.notes, read)
    }

    /// Reads a list of tables within this one, which may be missing.
    pub fn list<T>(&mut self, key: &str, mut read: impl FnMut(&mut Section<'_>) -> T) -> Vec<T> {
        let items = self.get(key, |value| match &value.kind {
            ValueKind::Array(items) => Ok(items.clone()),
            _ => Err("must be a list of tables".to_owned()),
        });
        let path = self.at(key);
        let items = items.into_iter().flatten().enumerate();
        items.map(|(i, item)| Section::read(&format!("{path}[{i}]"), item, self.notes, &mut read)).collect()
    }

    /// Notes a fault at a key, whether or not it was given or taken.
    pub fn fault(&mut self, key: &str, message: impl Into<String>) {
        let path = self.at(key);
        let origin = match (self.notes.origins.get(&path), self.values.get(key)) {
            (Some(origin), _) => origin.clone(),
            (None, Some(value)) => self.notes.origin_of(value),
            (None, None) => self.origin(),
        };
        self.notes.fault(path, origin, message.into());
    }

    /// Where this table was begun, as far as that is known.
    fn origin(&self) -> String {
        self.origin.clone().unwrap_or_else(|| "default".to_owned())
    }

    /// Refuses keys that mean something, but not here: takes them and gives `message` for each.
    pub fn refuse(&mut self, keys: &[&str], message: &str) {
        for key in keys {
            if self.has(key) {
                self.fault(key, message);
                self.values.remove(*key);
            }
        }
    }
}

/// A key as it is shown: in quotes unless it is plain.
pub(super) fn key_text(key: &str) -> String {
    let plain = !key.is_empty() && key.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'-');
    if plain { key.to_owned() } else { format!("{key:?}") }
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('.').unwrap_or(("", path))
}

/// A table that was merged knows no origin, but its values do.
fn first_origin(value: &Value) -> Option<&str> {
    value.origin().or_else(|| match &value.kind {
        ValueKind::Table(table) => {
            let first = table.iter().min_by(|a, b| a.0.cmp(b.0))?;
            first_origin(first.1)
        }
        _ => None,
    })
}
