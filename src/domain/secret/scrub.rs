//! Taking values out of texts that are to be seen: errors, logs, messages.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::REDACTED;

/// Shorter values stand in many a text by chance.
const SHORTEST: usize = 6;

/// The values that must not be seen. Cloning is cheap.
#[derive(Clone, Default)]
pub struct Scrub(Arc<[String]>);

/// Shows how many there are.
impl fmt::Debug for Scrub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scrub({})", self.0.len())
    }
}

impl Scrub {
    /// The texts in these JSON values: all strings and numbers that are long enough.
    #[must_use]
    pub fn of(values: &[String]) -> Self {
        let mut texts = Vec::new();
        for value in values {
            collect(&serde_json::from_str(value).unwrap_or_default(), value, &mut texts);
        }
        texts.retain(|text| text.len() >= SHORTEST);
        // The longest first: one may be a part of another.
        texts.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        texts.dedup();
        Self(texts.into())
    }

    /// Whether there is nothing to take out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A text as it may be seen.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.0.iter().fold(Cow::Borrowed(text), |text, secret| match text.contains(secret.as_str()) {
            true => Cow::Owned(text.replace(secret.as_str(), REDACTED)),
            false => text,
        })
    }

    /// Takes in the next piece of a stream and gives out what may be seen of it. What could be the
    /// beginning of a secret waits in `held` for the next piece.
    #[must_use]
    pub fn piece(&self, held: &mut Vec<u8>, piece: &[u8]) -> Vec<u8> {
        held.extend_from_slice(piece);
        let (mut seen, mut at) = (Vec::with_capacity(held.len()), 0);
        while at < held.len() {
            let rest = &held[at..];
            if let Some(secret) = self.0.iter().find(|secret| rest.starts_with(secret.as_bytes())) {
                seen.extend_from_slice(REDACTED.as_bytes());
                at += secret.len();
            } else if self.0.iter().any(|secret| secret.as_bytes().starts_with(rest)) {
                break;
            } else {
                seen.push(rest[0]);
                at += 1;
            }
        }
        held.drain(..at);
        seen
    }
}

/// The texts of a value, and what they look like within JSON.
fn collect(value: &Value, raw: &str, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let escaped = value.to_string();
            texts.push(escaped[1..escaped.len() - 1].to_owned());
            texts.push(text.clone());
        }
        // As it was written: a long one would not survive being read.
        Value::Number(_) => texts.push(raw.trim().to_owned()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, &item.to_string(), texts)),
        Value::Object(fields) => fields.values().for_each(|item| collect(item, &item.to_string(), texts)),
        Value::Null | Value::Bool(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrub(values: &[&str]) -> Scrub {
        Scrub::of(&values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn long_values_are_taken_out_wherever_they_are() {
        let scrub =
            scrub(&[r#""opensesame""#, r#"{"a":["back\"slash"],"b":12345678901234567890123}"#, r#""short""#]);
        assert_eq!(scrub.text("x opensesame, short"), "x [redacted], short");
        assert_eq!(scrub.text(r#"back"slash {"e":"back\"slash"}"#), r#"[redacted] {"e":"[redacted]"}"#);
        assert!(Scrub::default().is_empty() && Scrub::default().text("x") == "x");
    }

    #[test]
    fn a_secret_in_pieces_is_found() {
        let scrub = scrub(&[r#""opensesame""#]);
        for cut in 0..=20 {
            let text = b"say opensesame, open";
            let mut held = Vec::new();
            let mut seen = scrub.piece(&mut held, &text[..cut.min(text.len())]);
            seen.extend(scrub.piece(&mut held, &text[cut.min(text.len())..]));
            seen.extend_from_slice(&held);
            assert_eq!(String::from_utf8(seen).unwrap(), "say [redacted], open", "cut at {cut}");
        }
    }
}
