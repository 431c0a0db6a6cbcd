//! A JSON object taken apart, its values unread.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::given::{Given, Text, shorten};
use crate::error::FieldFault;

/// The most fields that one object may have: far more than any call knows.
pub(super) const MAX_FIELDS: usize = 64;

/// Why a text is not a JSON object.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotAnObject {
    /// It is not JSON at all.
    #[error("is not JSON: {0}")]
    NotJson(String),
    /// It is some other JSON.
    #[error("must be a JSON object, got {0}")]
    OtherJson(String),
}

/// The fields of an object, in order, each name once; and the names that were not so.
pub(super) struct Object<'a> {
    pub(super) given: Vec<(Cow<'a, str>, Given<'a>)>,
    pub(super) faults: Vec<FieldFault>,
}

/// Takes a text apart.
pub(super) fn parse(text: &str) -> Result<Object<'_>, NotAnObject> {
    serde_json::from_str(text).map_err(|e| not_an_object(text, &e))
}

/// Says why a text is no object.
fn not_an_object(text: &str, error: &serde_json::Error) -> NotAnObject {
    // A value of another kind is noticed at its first character; the rest may still be broken.
    let broken = if error.is_data() { serde_json::from_str::<&RawValue>(text).err() } else { None };
    match broken {
        Some(e) => NotAnObject::NotJson(e.to_string()),
        None if error.is_data() => NotAnObject::OtherJson(shorten(text.trim_ascii())),
        None => NotAnObject::NotJson(error.to_string()),
    }
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
        let mut given: Vec<(Cow<'de, str>, Given<'de>)> = Vec::with_capacity(8);
        let mut faults: Vec<FieldFault> = Vec::new();
        while let Some(Text(name)) = map.next_key()? {
            if given.len() == MAX_FIELDS {
                // Bounded, for each further name would be compared with all before it.
                faults.push(FieldFault::new(shorten(&name), format!("is one field more than {MAX_FIELDS}")));
                map.next_value::<IgnoredAny>()?;
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                break;
            }
            let value = Given::Json(map.next_value()?);
            if given.iter().all(|(n, _)| *n != name) {
                given.push((name, value));
            } else if faults.iter().all(|f| f.field != name) {
                faults.push(FieldFault::new(shorten(&name), "is given more than once"));
            }
        }
        Ok(Object { given, faults })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_broken_json_from_json_of_another_kind() {
        for broken in ["", "{", "{\"a\"}", "[1,", "nul", "{} x", "{\"\\ud800\":1}", "\u{feff}{}"] {
            assert!(matches!(parse(broken), Err(NotAnObject::NotJson(_))), "{broken}");
        }
        for other in ["[]", "5", "null", "\"x\"", "true"] {
            assert!(matches!(parse(other), Err(NotAnObject::OtherJson(_))), "{other}");
        }
    }
}
