//! What is wrong with a configuration.

use std::fmt;

/// One wrong value, or one key that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The path of the key, e.g. `retry.jitter`; empty when a whole file is meant.
    pub key: String,
    /// Where the value was given: a file with its line, an environment variable or a flag; `default`
    /// when it was not given at all.
    pub source: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.source)?;
        if !self.key.is_empty() {
            write!(f, "{} ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// Everything that is wrong with a configuration. Shown with one fault a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct ConfigError {
    /// At least one.
    pub faults: Vec<Fault>,
}

impl ConfigError {
    /// One fault of a whole file.
    pub(super) fn of_file(source: impl Into<String>, message: impl Into<String>) -> Self {
        let fault = Fault { key: String::new(), source: source.into(), message: message.into() };
        Self { faults: vec![fault] }
    }
}
