//! What a single value may be. Each function reads one kind and says in a sentence what would have
//! been right.

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ::config::{Value, ValueKind};
use bytesize::ByteSize;

use crate::domain::{ident, new_job};

type Read<T> = Result<T, String>;

/// The longest text.
const MAX_TEXT: usize = 4096;
/// The longest text of several lines.
const MAX_LONG_TEXT: usize = 64 * 1024;
/// Seconds in a day.
pub(super) const DAY: f64 = 86_400.0;

/// Text that is not empty.
pub(super) fn text(value: &Value) -> Read<String> {
    match &value.kind {
        ValueKind::String(text) => ident::check_text(text, MAX_TEXT).map(|()| text.clone()),
        _ => Err(wrong("text in quotes", value)),
    }
}

/// Text of several lines.
pub(super) fn long_text(value: &Value) -> Read<String> {
    match &value.kind {
        ValueKind::String(text) => ident::check_text(text, MAX_LONG_TEXT).map(|()| text.clone()),
        _ => Err(wrong("text in quotes", value)),
    }
}

/// The URL of a web service. What was given is not shown: a password may be in it.
pub(super) fn web_url(value: &Value) -> Read<url::Url> {
    let http = |url: &url::Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    let parsed = text(value)?.parse().ok().filter(http);
    parsed.ok_or_else(|| "must be a URL that begins with https:// or http://".to_owned())
}

/// The name of an environment variable.
pub(super) fn variable_name(value: &Value) -> Read<String> {
    let name = text(value)?;
    variable(&name).map(|()| name)
}

/// A path.
pub(super) fn path(value: &Value) -> Read<PathBuf> {
    text(value).map(PathBuf::from)
}

/// `true` or `false`.
pub(super) fn boolean(value: &Value) -> Read<bool> {
    match value.kind {
        ValueKind::Boolean(on) => Ok(on),
        _ => Err(wrong("true or false", value)),
    }
}

/// A number; its range is checked elsewhere.
pub(super) fn number(value: &Value) -> Read<f64> {
    match value.kind {
        ValueKind::Float(number) if number.is_finite() => Ok(number),
        #[expect(clippy::cast_precision_loss, reason = "numbers beyond 2^53 are out of every range")]
        ValueKind::I64(number) => Ok(number as f64),
        _ => Err(wrong("a number", value)),
    }
}

/// A number within a range, ends included.
pub(super) fn between(low: f64, high: f64) -> impl Fn(&Value) -> Read<f64> {
    move |value| match number(value) {
        Ok(number) if (low..=high).contains(&number) => Ok(number),
        _ => Err(wrong(format!("a number from {low} to {high}"), value)),
    }
}

/// A whole number within a range, ends included.
pub(super) fn whole(low: u32, high: u32) -> impl Fn(&Value) -> Read<u32> {
    move |value| {
        match value.kind {
            ValueKind::I64(number) => u32::try_from(number).ok(),
            _ => None,
        }
        .filter(|number| (low..=high).contains(number))
        .ok_or_else(|| wrong(format!("a whole number from {low} to {high}"), value))
    }
}

/// A text with a form of its own.
pub(super) fn parsed<T: FromStr<Err = String>>(value: &Value) -> Read<T> {
    text(value)?.parse()
}

/// How many failures are followed by another try.
pub(super) fn max_retries(value: &Value) -> Read<u32> {
    whole(0, 1000)(value)
}

/// A span in seconds within a range, ends included.
pub(super) fn secs(low: f64, high: f64) -> impl Fn(&Value) -> Read<Duration> {
    move |value| between(low, high)(value).and_then(span)
}

/// A span in days, up to a hundred years.
pub(super) fn days(value: &Value) -> Read<Duration> {
    between(0.0, 36_525.0)(value).and_then(|days| span(days * DAY))
}

fn span(secs: f64) -> Read<Duration> {
    Duration::try_from_secs_f64(secs).map_err(|e| e.to_string())
}

/// How long an attempt may take: seconds, or `"none"` for no limit.
pub(super) fn timeout(value: &Value) -> Read<Option<f64>> {
    match &value.kind {
        ValueKind::String(text) if text == "none" => Ok(None),
        _ => match number(value) {
            Ok(secs) => new_job::check_timeout(secs).map(|()| Some(secs)),
            Err(_) => Err(wrong("a number of seconds, or \"none\" for no limit", value)),
        },
    }
}

/// How long a job waits to count as one priority better, or `"none"` if it never does.
pub(super) fn aging(value: &Value) -> Read<Option<Duration>> {
    match &value.kind {
        ValueKind::String(text) if text == "none" => Ok(None),
        _ => secs(1.0, 31_536_000.0)(value).map(Some),
    }
}

/// A size: a number of bytes, or text such as `"10 MiB"`; from 1 KiB to 1 TiB.
pub(super) fn bytes(value: &Value) -> Read<u64> {
    match &value.kind {
        ValueKind::I64(number) => u64::try_from(*number).ok(),
        ValueKind::String(text) => text.parse().ok().map(|ByteSize(bytes)| bytes),
        _ => None,
    }
    .filter(|bytes| (bytesize::KIB..=bytesize::TIB).contains(bytes))
    .ok_or_else(|| wrong("a number of bytes or text such as \"10 MiB\", from 1 KiB to 1 TiB", value))
}

/// A list of texts, each looked at by `check`.
pub(super) fn texts(
    check: impl Fn(&str) -> Result<(), String>,
) -> impl Fn(&Value) -> Result<Vec<String>, String> {
    move |value| {
        let ValueKind::Array(items) = &value.kind else { return Err(wrong("a list of texts", value)) };
        let one = |(i, item): (usize, &Value)| {
            let ValueKind::String(text) = &item.kind else {
                return Err(format!("must be a list of texts, but item {i} is {}", shown(item)));
            };
            check(text).map(|()| text.clone()).map_err(|e| format!("is wrong at item {i}: it {e}"))
        };
        items.iter().enumerate().map(one).collect()
    }
}

/// Arguments for a program.
pub(super) fn arguments(value: &Value) -> Result<Vec<String>, String> {
    texts(|text| if text.contains('\0') { Err("must not contain NUL".to_owned()) } else { Ok(()) })(value)
}

/// One of a few words.
pub(super) fn one_of<T: Copy>(words: &[(&str, T)]) -> impl Fn(&Value) -> Read<T> {
    move |value| {
        let given = match &value.kind {
            ValueKind::String(text) => text.as_str(),
            _ => "",
        };
        words.iter().find(|(word, _)| *word == given).map(|(_, meaning)| *meaning).ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
            wrong(words.join(" or "), value)
        })
    }
}

/// The name of an environment variable.
pub(super) fn variable(name: &str) -> Result<(), String> {
    let fits = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
    if !name.is_empty() && name.bytes().all(fits) && !name.as_bytes()[0].is_ascii_digit() {
        Ok(())
    } else {
        Err(format!("must be the name of an environment variable, got {}", quoted(name)))
    }
}

/// The sentence for a value of the wrong kind.
pub(super) fn wrong(right: impl Display, value: &Value) -> String {
    format!("must be {right}, got {}", shown(value))
}

fn shown(value: &Value) -> String {
    match &value.kind {
        ValueKind::String(text) => quoted(text),
        ValueKind::Table(_) => "a table".into(),
        ValueKind::Array(_) => "a list".into(),
        other => other.to_string(),
    }
}

/// Text in quotes, cut short.
fn quoted(text: &str) -> String {
    let shown: String = text.chars().take(60).collect();
    let rest = if shown.len() < text.len() { "…" } else { "" };
    format!("{shown:?}{rest}")
}
