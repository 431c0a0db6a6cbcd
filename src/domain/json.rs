//! JSON text that is kept as it was given, so that numbers beyond 2^53 and long decimals survive.

use std::fmt;
use std::sync::Arc;

use serde::de::{self, DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// How deep arrays and objects may be nested in what a caller sends.
pub const MAX_DEPTH: usize = 100;

/// A JSON document, kept as text. Cloning is cheap.
#[derive(Clone, PartialEq, Eq)]
pub struct Json(Arc<str>);

impl Json {
    /// The empty object, `{}`.
    #[must_use]
    pub fn empty_object() -> Self {
        Self(Arc::from("{}"))
    }

    /// Takes text that a caller sent.
    ///
    /// # Errors
    /// When it is not JSON, is nested deeper than [`MAX_DEPTH`], or holds a NUL character. The
    /// text says which.
    pub fn checked(text: &str) -> Result<Self, String> {
        check(text)?;
        Ok(Self(Arc::from(text)))
    }

    /// Takes text that is known to be JSON, such as what the store holds.
    #[must_use]
    pub fn trusted(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// Writes any serialisable value as JSON.
    ///
    /// # Errors
    /// When the value has no JSON form (a map with keys that are not strings, say).
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        Ok(Self(serde_json::to_string(value)?.into()))
    }

    /// Reads it as a Rust value.
    ///
    /// # Errors
    /// When it does not have the shape of `T`.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.0)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the document is an object.
    #[must_use]
    pub fn is_object(&self) -> bool {
        self.0.trim_start().starts_with('{')
    }

    /// Whether the document is an array.
    #[must_use]
    pub fn is_array(&self) -> bool {
        self.0.trim_start().starts_with('[')
    }

    /// The part that a dotted path such as `video.id` leads to, if there is one.
    #[must_use]
    pub fn at_path(&self, path: &str) -> Option<Json> {
        let mut here: Box<RawValue> = serde_json::from_str(&self.0).ok()?;
        for step in path.split('.') {
            here = if here.get().starts_with('[') {
                let mut items: Vec<Box<RawValue>> = serde_json::from_str(here.get()).ok()?;
                let index: usize = step.parse().ok()?;
                (index < items.len()).then(|| items.swap_remove(index))?
            } else {
                let mut fields: std::collections::HashMap<String, Box<RawValue>> =
                    serde_json::from_str(here.get()).ok()?;
                fields.remove(step)?
            };
        }
        Some(Self(Arc::from(here.get())))
    }

    /// As text for people and command lines: a string without its quotes, anything else as JSON.
    #[must_use]
    pub fn to_plain_text(&self) -> String {
        serde_json::from_str::<String>(&self.0).unwrap_or_else(|_| self.0.to_string())
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(s)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(d)?;
        Ok(Self(Arc::from(String::from(Box::<str>::from(raw)))))
    }
}

fn check(text: &str) -> Result<(), String> {
    let mut d = serde_json::Deserializer::from_str(text);
    // The depth is ours to count; the library's own limit would name no limit to the caller.
    Shape { depth: 0 }.deserialize(&mut d).map_err(|e| strip_position(&e))?;
    d.end().map_err(|e| strip_position(&e))
}

fn strip_position(e: &serde_json::Error) -> String {
    let text = e.to_string();
    match text.rfind(" at line ") {
        Some(at) if e.is_data() => text[..at].to_owned(),
        _ => text,
    }
}

/// Walks a document without building it.
#[derive(Clone, Copy)]
struct Shape {
    depth: usize,
}

impl Shape {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

fn no_nul<E: de::Error>(s: &str) -> Result<(), E> {
    if s.contains('\0') { Err(E::custom("text must not contain NUL")) } else { Ok(()) }
}

impl<'de> DeserializeSeed<'de> for Shape {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Shape {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E: de::Error>(self, s: &str) -> Result<(), E> {
        no_nul(s)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inside = self.deeper()?;
        while items.next_element_seed(inside)?.is_some() {}
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let inside = self.deeper()?;
        while let Some(name) = fields.next_key::<std::borrow::Cow<'de, str>>()? {
            no_nul::<A::Error>(&name)?;
            fields.next_value_seed(inside)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_numbers_exactly() {
        let text = r#"{"big":123456789012345678901234567890,"pi":3.14159265358979323846264338327950288}"#;
        let json = Json::checked(text).unwrap();
        assert_eq!(serde_json::to_string(&json).unwrap(), text);
        assert_eq!(json.at_path("big").unwrap().as_str(), "123456789012345678901234567890");
    }

    #[test]
    fn refuses_nul_depth_and_broken_text() {
        assert!(Json::checked("{\"a\":\"x\\u0000y\"}").unwrap_err().contains("NUL"));
        assert!(Json::checked("{\"a\\u0000\":1}").unwrap_err().contains("NUL"));
        let deep = "[".repeat(101) + &"]".repeat(101);
        assert!(Json::checked(&deep).unwrap_err().contains("100 levels"));
        let ok = "[".repeat(100) + &"]".repeat(100);
        assert!(Json::checked(&ok).is_ok());
        assert!(Json::checked("{\"a\":1} x").is_err());
        assert!(Json::checked("\"\\ud800\"").is_err());
    }

    #[test]
    fn follows_paths_into_objects_and_arrays() {
        let j = Json::checked(r#"{"a":{"b":[10,{"c":"d e"}]}}"#).unwrap();
        assert_eq!(j.at_path("a.b.1.c").unwrap().to_plain_text(), "d e");
        assert_eq!(j.at_path("a.b.0").unwrap().to_plain_text(), "10");
        assert!(j.at_path("a.x").is_none());
    }
}
