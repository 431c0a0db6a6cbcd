//! Values of options that clap does not know by itself.

use std::io::Read;
use std::path::Path;
use std::str::FromStr;

use clap::builder::PossibleValuesParser;
use serde::Serialize;

use crate::domain::{Json, State, ident};

use super::failure::Failure;

/// A number of seconds, or `none` for no limit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub(super) struct Limit(Option<f64>);

impl FromStr for Limit {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        if s == "none" { Ok(Self(None)) } else { seconds(s).map(|secs| Self(Some(secs))) }
    }
}

/// A number of seconds that is not negative.
pub(super) fn seconds(s: &str) -> Result<f64, String> {
    match s.parse::<f64>() {
        Ok(secs) if secs.is_finite() && secs >= 0.0 => Ok(secs),
        _ => Err("must be a number of seconds, such as 30 or 0.5".into()),
    }
}

/// Any JSON, kept as it was written.
pub(super) fn json(s: &str) -> Result<Json, String> {
    Json::checked(s).map_err(|e| format!("not JSON: {e}"))
}

/// The JSON in a file, or on standard input for `-`.
pub(super) fn json_file(path: &Path) -> Result<Json, Failure> {
    let read = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    let wrong = |why: String| Failure::Usage(format!("{}: {why}", path.display()));
    let text = read.map_err(|e| wrong(e.to_string()))?;
    json(text.trim()).map_err(wrong)
}

/// A job type.
pub(super) fn job_type(s: &str) -> Result<String, String> {
    ident::check_job_type(s).map(|()| s.to_owned())
}

/// A queue.
pub(super) fn queue(s: &str) -> Result<String, String> {
    ident::check_queue(s).map(|()| s.to_owned())
}

/// One of the states.
pub(super) fn states() -> PossibleValuesParser {
    PossibleValuesParser::new(State::ALL.map(State::as_str))
}
