//! The part of a job that limits and fairness tell jobs apart by.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

use super::Json;

/// Longer values are kept as their hash.
const MAX_VALUE: usize = 100;

/// `target_id`, `args.x` or `metadata.x`; dots go deeper.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KeyPath {
    /// What the job works on.
    Target,
    /// A part of its args.
    Args(String),
    /// A part of its metadata.
    Metadata(String),
}

impl KeyPath {
    /// The value that a job has there, as short text that is equal for equal values; `None` when it
    /// has none, or null.
    #[must_use]
    pub fn of(&self, target_id: Option<&str>, args: &Json, metadata: &Json) -> Option<String> {
        let text = match self {
            Self::Target => serde_json::to_string(target_id?).ok()?,
            Self::Args(path) => args.at_path(path)?.canonical(),
            Self::Metadata(path) => metadata.at_path(path)?.canonical(),
        };
        (text != "null").then(|| if text.len() > MAX_VALUE { hash(&text) } else { text })
    }
}

fn hash(text: &str) -> String {
    let sum = Sha256::digest(text.as_bytes());
    sum.iter().take(16).map(|b| format!("{b:02x}")).collect()
}

impl FromStr for KeyPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let steps = |path: &str| path.split('.').all(|step| !step.is_empty() && !step.contains('\0'));
        match text.split_once('.') {
            None if text == "target_id" => Ok(Self::Target),
            Some(("args", path)) if steps(path) => Ok(Self::Args(path.to_owned())),
            Some(("metadata", path)) if steps(path) => Ok(Self::Metadata(path.to_owned())),
            _ => Err(format!("must be target_id, args.x or metadata.x, got {text:?}")),
        }
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target => f.write_str("target_id"),
            Self::Args(path) => write!(f, "args.{path}"),
            Self::Metadata(path) => write!(f, "metadata.{path}"),
        }
    }
}

impl Serialize for KeyPath {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyPath {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(path: &str, args: &str) -> Option<String> {
        let path: KeyPath = path.parse().unwrap();
        path.of(Some("a\"b"), &Json::checked(args).unwrap(), &Json::checked(r#"{"tenant":"x"}"#).unwrap())
    }

    #[test]
    fn reads_the_part_it_names() {
        assert_eq!(value("target_id", "{}").as_deref(), Some(r#""a\"b""#));
        assert_eq!(
            value("args.user.id", r#"{"user":{"id":9007199254740993}}"#).as_deref(),
            Some("9007199254740993")
        );
        assert_eq!(value("metadata.tenant", "{}").as_deref(), Some(r#""x""#));
        assert_eq!(value("args.user", "{}"), None);
        assert_eq!(value("args.user", r#"{"user":null}"#), None);
    }

    #[test]
    fn equal_values_are_equal_text_and_long_ones_are_short() {
        assert_eq!(value("args.o", r#"{"o":{"a":1,"b":2}}"#), value("args.o", r#"{"o":{ "b":2, "a":1 }}"#));
        let long = format!(r#"{{"s":"{}"}}"#, "x".repeat(5000));
        assert_eq!(value("args.s", &long).unwrap().len(), 32);
    }

    #[test]
    fn other_paths_are_refused() {
        for wrong in ["", "queue", "args", "args.", "args.a..b", "target_id.x", "metadata"] {
            assert!(wrong.parse::<KeyPath>().is_err(), "{wrong}");
        }
    }
}
