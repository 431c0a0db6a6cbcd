//! The places in a document that a path leads to: dots go deeper, a number is a place in a list, `*` is
//! every field or place.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::Json;

/// What is wrong with a path, if anything is.
///
/// # Errors
/// A sentence without a subject.
pub fn check_path(path: &str) -> Result<(), String> {
    match path.split('.').all(|step| !step.is_empty() && !step.contains('\0')) {
        true => Ok(()),
        false => Err(format!("must be a field of the args such as password or auth.token, got {path:?}")),
    }
}

/// Puts something in the place of each value that one of the paths leads to; the rest of the text stays
/// as it is. A null hides nothing, and is left.
pub(super) fn replace<E>(
    json: &Json,
    paths: &[String],
    mut put: impl FnMut(&str) -> Result<String, E>,
) -> Result<Json, E> {
    let mut json = json.clone();
    for path in paths {
        let text = json.as_str();
        let mut places = places(text, path);
        places.sort_unstable_by_key(|place| place.start);
        if places.is_empty() {
            continue;
        }
        let (mut out, mut done) = (String::with_capacity(text.len()), 0);
        for place in places {
            out.push_str(&text[done..place.start]);
            out.push_str(&put(&text[place.clone()])?);
            done = place.end;
        }
        out.push_str(&text[done..]);
        json = Json::trusted(out);
    }
    Ok(json)
}

fn places(text: &str, path: &str) -> Vec<Range<usize>> {
    let Ok(whole) = serde_json::from_str::<&RawValue>(text) else { return Vec::new() };
    let mut here = vec![whole];
    for step in path.split('.') {
        here = here.into_iter().flat_map(|value| parts(value, step)).collect();
    }
    let found = here.into_iter().map(RawValue::get).filter(|value| *value != "null");
    found
        .map(|value| {
            // It was borrowed from the text.
            let start = value.as_ptr() as usize - text.as_ptr() as usize;
            start..start + value.len()
        })
        .collect()
}

/// The parts of a value that a step leads to; several where a field stands in it twice.
fn parts<'a>(value: &'a RawValue, step: &str) -> Vec<&'a RawValue> {
    let Ok(Parts(parts)) = serde_json::from_str(value.get()) else { return Vec::new() };
    parts.into_iter().filter(|(name, _)| step == "*" || name == step).map(|(_, value)| value).collect()
}

/// The fields of an object, or the items of a list with their numbers.
struct Parts<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Parts<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Parts<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object or a list")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut parts = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                    parts.push((Cow::Owned(name), value));
                }
                Ok(Parts(parts))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut parts = Vec::new();
                while let Some(value) = seq.next_element::<&'de RawValue>()? {
                    parts.push((Cow::Owned(parts.len().to_string()), value));
                }
                Ok(Parts(parts))
            }
        }
        deserializer.deserialize_any(Collect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(text: &str, path: &str) -> String {
        let put = |_: &str| Ok::<_, ()>("#".to_owned());
        replace(&Json::trusted(text), &[path.to_owned()], put).unwrap().as_str().to_owned()
    }

    #[test]
    fn values_are_replaced_and_nothing_else() {
        assert_eq!(
            put(r#"{ "a" : 1.50, "b":{"c":[1, "x" ]} }"#, "b.c.1"),
            r#"{ "a" : 1.50, "b":{"c":[1, # ]} }"#
        );
        assert_eq!(put(r#"{"a":{"x":[1]},"b":2}"#, "a"), r#"{"a":#,"b":2}"#);
        assert_eq!(
            put(r#"{"u":[{"p":"a"},{"p":"b"},{"q":1}]}"#, "u.*.p"),
            r#"{"u":[{"p":#},{"p":#},{"q":1}]}"#
        );
        assert_eq!(put(r#"[{"p":"a"}]"#, "0.p"), r#"[{"p":#}]"#);
        assert_eq!(put(r#"{"p":"first","p":"second"}"#, "p"), r#"{"p":#,"p":#}"#);
        assert_eq!(put(r#"{"\u0070":"x"}"#, "p"), r#"{"\u0070":#}"#);
        for same in [r#"{"p":null}"#, r#"{"q":1}"#, "[]", r#""p""#] {
            assert_eq!(put(same, "p"), same);
        }
        assert!(check_path("a.b").is_ok() && check_path("a..b").is_err() && check_path("").is_err());
    }
}
