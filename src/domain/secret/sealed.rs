//! Sealed values in a text: `"[sealed:KEY:DATA]"`, found without reading the JSON around them.

use std::ops::Range;

use serde::{Serialize, Serializer};

use super::{Json, REDACTED_JSON};

/// How the text of a sealed value begins and ends, as JSON.
const BEGIN: &str = "\"[sealed:";
const END: &str = "]\"";

/// A sealed value, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sealed<'a> {
    /// The id of the key.
    pub key: &'a str,
    /// In Base64.
    pub data: &'a str,
}

impl Sealed<'_> {
    /// As JSON.
    pub(super) fn text(self) -> String {
        format!("{BEGIN}{}:{}{END}", self.key, self.data)
    }
}

/// The first sealed value at or behind a place.
fn find(text: &str, from: usize) -> Option<(Range<usize>, Sealed<'_>)> {
    let mut at = from;
    loop {
        let start = at + text.get(at..)?.find(BEGIN)?;
        let inner = start + BEGIN.len();
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_:".contains(&b);
        let len = text.as_bytes()[inner..].iter().position(|b| !is_plain(*b)).unwrap_or(0);
        let parts = text[inner..inner + len].split_once(':');
        if let Some((key, data)) = parts.filter(|(key, data)| is_whole(key, data))
            && text[inner + len..].starts_with(END)
        {
            return Some((start..inner + len + END.len(), Sealed { key, data }));
        }
        at = inner;
    }
}

/// Somebody may have written something like it.
fn is_whole(key: &str, data: &str) -> bool {
    key.len() == 8 && key.bytes().all(|b| b.is_ascii_hexdigit()) && data.len() >= 43 && !data.contains(':')
}

/// Puts something in the place of each sealed value; `None`: there is none.
pub(super) fn replace<E>(
    text: &str,
    mut put: impl FnMut(Sealed<'_>) -> Result<String, E>,
) -> Result<Option<String>, E> {
    let (mut out, mut done) = (String::new(), 0);
    while let Some((place, sealed)) = find(text, done) {
        out.push_str(&text[done..place.start]);
        out.push_str(&put(sealed)?);
        done = place.end;
    }
    if done == 0 {
        return Ok(None);
    }
    out.push_str(&text[done..]);
    Ok(Some(out))
}

/// A document as it is shown.
#[must_use]
pub fn redacted(json: &Json) -> Json {
    let shown = replace(json.as_str(), |_| Ok::<_, std::convert::Infallible>(REDACTED_JSON.to_owned()));
    shown.unwrap_or_else(|never| match never {}).map_or_else(|| json.clone(), Json::trusted)
}

/// Writes a document as it is shown.
///
/// # Errors
/// As the serializer has them.
pub fn serialize_redacted<S: Serializer>(json: &Json, serializer: S) -> Result<S::Ok, S::Error> {
    redacted(json).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_ones_are_sealed() {
        let data = "a".repeat(43);
        let sealed = Sealed { key: "0123abcd", data: &data };
        let text = format!(r#"{{"a":{},"b":"[sealed:x]","c":"[sealed:0123abcd:short]"}}"#, sealed.text());
        let shown = redacted(&Json::trusted(text.as_str()));
        assert_eq!(shown.as_str(), r#"{"a":"[redacted]","b":"[sealed:x]","c":"[sealed:0123abcd:short]"}"#);
        for none in ["{}", "\"[sealed:", r#"{"a":"[sealed:é]"}"#] {
            assert_eq!(redacted(&Json::trusted(none)).as_str(), none);
        }
    }
}
