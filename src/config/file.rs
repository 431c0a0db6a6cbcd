//! `callboard.toml`: finding it, reading it, and its values with the lines they stand on.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ::config::{Map, Value, ValueKind};
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::fault::{ConfigError, Fault};
use super::section::key_text;

/// What is read when nobody names a file.
pub(super) const DEFAULT_FILE: &str = "callboard.toml";
/// No configuration is larger; this keeps a wrong path such as `/dev/zero` from filling the memory.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// A configuration file's name and text.
pub(super) struct ConfigFile {
    pub name: String,
    pub text: String,
}

impl ConfigFile {
    /// Reads the file that was named, else `callboard.toml` in `dir` if there is one.
    pub fn find(named: Option<PathBuf>, dir: &Path) -> Result<Option<Self>, ConfigError> {
        let must_exist = named.is_some();
        let path = named.unwrap_or_else(|| dir.join(DEFAULT_FILE));
        match read(&path) {
            Ok(text) => Ok(Some(Self { name: path.display().to_string(), text })),
            Err(e) if e.kind() == io::ErrorKind::NotFound && !must_exist => Ok(None),
            Err(e) => Err(ConfigError::of_file(path.display().to_string(), format!("cannot be read: {e}"))),
        }
    }

    /// Its values. Every one knows its line.
    pub fn values(&self) -> Result<FileValues, ConfigError> {
        let lines = Lines::of(self);
        let (table, errors) = DeTable::parse_recoverable(&self.text);
        if errors.is_empty() {
            return Ok(lines.top_level(table.into_inner()));
        }
        let mut faults: Vec<_> = errors.iter().map(|e| lines.syntax_fault(e)).collect();
        faults.sort_by_key(|(at, _)| *at);
        // What else is odd on the same line mostly follows from the first fault there.
        faults.dedup_by(|later, first| later.1.source == first.1.source);
        let faults = faults.into_iter().map(|(_, fault)| fault).collect();
        Err(ConfigError { faults })
    }
}

/// What stands in a file.
pub(super) struct FileValues {
    pub values: Map<String, Value>,
    /// Keys that cannot be handed on.
    pub faults: Vec<Fault>,
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let size = File::open(path)?.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    if size as u64 > MAX_BYTES {
        return Err(io::Error::other(format!("it is larger than {MAX_BYTES} bytes")));
    }
    Ok(text)
}

/// Turns parsed TOML into values, and places in the text into line numbers.
struct Lines<'a> {
    name: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(file: &'a ConfigFile) -> Self {
        let ends = file.text.match_indices('\n').map(|(at, _)| at + 1);
        Self { name: &file.name, starts: std::iter::once(0).chain(ends).collect() }
    }

    fn origin(&self, at: usize) -> String {
        format!("{}:{}", self.name, self.starts.partition_point(|start| *start <= at))
    }

    /// The fault, with its place in the text.
    fn syntax_fault(&self, e: &toml::de::Error) -> (usize, Fault) {
        let at = e.span().map_or(0, |span| span.start);
        let message = format!("is not TOML: {}", e.message().replace('\n', ", "));
        (at, Fault { key: String::new(), source: self.origin(at), message })
    }

    /// The merging reads a key of the top level as a path, in which `a.b` and `a[7]` mean something
    /// else than they do in TOML. No known key looks like that, so such keys end here.
    fn top_level(&self, table: DeTable<'_>) -> FileValues {
        let mut found = FileValues { values: Map::new(), faults: Vec::new() };
        for (key, value) in table {
            let plain = key.get_ref().bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'-');
            if plain && !key.get_ref().is_empty() {
                found.values.insert(key.into_inner().into_owned(), self.value(value));
            } else {
                let source = self.origin(key.span().start);
                let message = "is not a known key".to_owned();
                found.faults.push(Fault { key: key_text(key.get_ref()), source, message });
            }
        }
        found
    }

    fn value(&self, value: Spanned<DeValue<'_>>) -> Value {
        let origin = self.origin(value.span().start);
        let kind = match value.into_inner() {
            DeValue::String(text) => ValueKind::String(text.into_owned()),
            DeValue::Integer(number) => integer(&number),
            DeValue::Float(number) => ValueKind::Float(number.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(on) => ValueKind::Boolean(on),
            DeValue::Datetime(time) => ValueKind::String(time.to_string()),
            DeValue::Array(items) => {
                ValueKind::Array(items.into_iter().map(|item| self.value(item)).collect())
            }
            DeValue::Table(table) => ValueKind::Table(
                table.into_iter().map(|(k, v)| (k.into_inner().into_owned(), self.value(v))).collect(),
            ),
        };
        Value::new(Some(&origin), kind)
    }
}

/// A number beyond 64 bits is out of every range; as infinity it is refused as that.
fn integer(number: &DeInteger<'_>) -> ValueKind {
    i64::from_str_radix(number.as_str(), number.radix())
        .map_or(ValueKind::Float(f64::INFINITY), ValueKind::I64)
}
