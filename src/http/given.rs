//! One value as a caller gave it: a piece of JSON from a body, or text from a query string.

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;

use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::domain::{Json, Timestamp};

/// The most characters of a wrong value that an error repeats.
const SHOWN: usize = 60;

/// The longest text that can be a time; jiff allows a fraction and a time zone.
const MAX_TIME_LEN: usize = 100;

/// A value that is still to be read. Each reader gives the value, or a sentence that says what is
/// wrong with it.
#[derive(Clone, Debug)]
pub(crate) enum Given<'a> {
    /// From a JSON body.
    Json(&'a RawValue),
    /// From a query string, decoded.
    Text(Cow<'a, str>),
}

/// JSON text that borrows where it holds no escapes.
#[derive(Deserialize, Serialize, PartialEq, Eq)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

impl<'a> Given<'a> {
    /// The JSON, or the text as it stands in the query.
    pub(crate) fn source(&self) -> &str {
        match self {
            Self::Json(raw) => raw.get(),
            Self::Text(text) => text,
        }
    }

    /// Whether it is JSON's `null`. In a query the word stands for it, where no text is wanted.
    pub(crate) fn is_null(&self) -> bool {
        self.source() == "null"
    }

    /// A text without NUL.
    pub(crate) fn text(&self) -> Result<Cow<'_, str>, String> {
        let text = match self {
            Self::Text(text) => Cow::Borrowed(text.as_ref()),
            Self::Json(raw) if raw.get().starts_with('"') => {
                serde_json::from_str::<Text<'_>>(raw.get())
                    .map_err(|_| format!("must be Unicode text, got {}", self.shown()))?
                    .0
            }
            Self::Json(_) => return Err(format!("must be a string, got {}", self.shown())),
        };
        if text.contains('\0') { Err("must not contain NUL".into()) } else { Ok(text) }
    }

    /// A whole number within `range`; `5.0` is one too.
    pub(crate) fn integer(&self, range: RangeInclusive<i64>) -> Result<i64, String> {
        let found = self.source().parse().ok().or_else(|| self.whole_float());
        found.filter(|n| range.contains(n)).ok_or_else(|| {
            if range == (i64::MIN..=i64::MAX) {
                format!("must be a whole number of at most 64 bits, got {}", self.shown())
            } else {
                let (low, high) = range.into_inner();
                format!("must be a whole number from {low} to {high}, got {}", self.shown())
            }
        })
    }

    /// Any whole number that names something, such as a job.
    pub(crate) fn id(&self) -> Result<i64, String> {
        self.integer(i64::MIN..=i64::MAX)
    }

    fn whole_float(&self) -> Option<i64> {
        // Beyond 2^53 a float stands for several integers.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let float: f64 = self.source().parse().ok()?;
        #[expect(clippy::cast_possible_truncation, reason = "the value is whole and not beyond 2^53")]
        (float.fract() == 0.0 && float.abs() <= EXACT).then_some(float as i64)
    }

    /// A finite number.
    pub(crate) fn number(&self) -> Result<f64, String> {
        match self.source().parse::<f64>() {
            Ok(n) if n.is_finite() => Ok(n),
            _ => Err(format!("must be a number within range, got {}", self.shown())),
        }
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self) -> Result<bool, String> {
        match self.source() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(format!("must be true or false, got {}", self.shown())),
        }
    }

    /// An RFC 3339 time.
    pub(crate) fn time(&self) -> Result<Timestamp, String> {
        let text = self.text()?;
        if text.len() > MAX_TIME_LEN {
            return Err(format!("must be an RFC 3339 time, got {}", self.shown()));
        }
        // In a query, the plus of `+01:00` means a blank unless it is written as %2B; no one who
        // asks with a blank there can mean anything else.
        match (text.parse(), self) {
            (Err(_), Self::Text(_)) if text.contains(' ') => text.replace(' ', "+").parse(),
            (read, _) => read,
        }
    }

    /// One of the words that `T` knows.
    pub(crate) fn word<T: DeserializeOwned>(&self) -> Result<T, String> {
        let text = self.text()?;
        if text.len() > SHOWN {
            return Err(format!("is no word that is known here: {}", self.shown()));
        }
        T::deserialize(StrDeserializer::<WordError>::new(&text))
            .map_err(|e| e.to_string().replace("unknown variant", "must not be"))
    }

    /// Any JSON, kept as it was written.
    pub(crate) fn json(&self) -> Result<Json, String> {
        Json::checked(self.source())
    }

    /// The items of a JSON array.
    pub(super) fn items(&self, max: usize) -> Result<Vec<Given<'a>>, String> {
        let Self::Json(raw) = self else { return Err("must be a JSON array".into()) };
        if !raw.get().starts_with('[') {
            return Err(format!("must be an array, got {}", self.shown()));
        }
        let mut json = serde_json::Deserializer::from_str(raw.get());
        let found = json.deserialize_seq(Items { max }).map_err(|e| e.to_string())?;
        if found.total > max {
            return Err(format!("must have at most {max} items, got {}", found.total));
        }
        Ok(found.items)
    }

    /// The value for an error message: cut short, and safe to print.
    pub(super) fn shown(&self) -> String {
        shorten(self.source())
    }
}

/// Cuts a text that goes into an error message.
pub(super) fn shorten(text: &str) -> String {
    let mut chars = text.chars();
    let mut short: String = chars.by_ref().take(SHOWN).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}

/// Takes an array apart, but keeps no more than `max` items, so that the caller cannot make the
/// list of them large.
struct Items {
    max: usize,
}

struct FoundItems<'a> {
    items: Vec<Given<'a>>,
    total: usize,
}

impl<'de> Visitor<'de> for Items {
    type Value = FoundItems<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<FoundItems<'de>, A::Error> {
        let mut items = Vec::new();
        while items.len() < self.max {
            match seq.next_element::<&RawValue>()? {
                Some(raw) => items.push(Given::Json(raw)),
                None => return Ok(FoundItems { total: items.len(), items }),
            }
        }
        let mut total = items.len();
        while seq.next_element::<IgnoredAny>()?.is_some() {
            total += 1;
        }
        Ok(FoundItems { items, total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::State;

    fn raw(text: &str) -> &RawValue {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn whole_numbers() {
        for (text, good) in [
            ("5", true),
            ("5.0", true),
            ("1e1", true),
            ("0", false),
            ("11", false),
            ("-1", false),
            ("5.5", false),
            ("1e400", false),
            ("99999999999999999999", false),
            ("\"5\"", false),
            ("null", false),
            ("[]", false),
        ] {
            assert_eq!(Given::Json(raw(text)).integer(1..=10).is_ok(), good, "{text}");
        }
        assert_eq!(Given::Json(raw("9223372036854775807")).id(), Ok(i64::MAX));
        assert!(Given::Json(raw("9223372036854775808")).id().is_err());
        assert!(Given::Text("nan".into()).id().is_err());
        assert!(Given::Text("inf".into()).id().is_err());
    }

    #[test]
    fn numbers_are_finite() {
        assert_eq!(Given::Json(raw("1.5")).number(), Ok(1.5));
        for bad in ["1e400", "-1e400", "\"1\"", "true"] {
            assert!(Given::Json(raw(bad)).number().is_err(), "{bad}");
        }
        for bad in ["nan", "inf", "", " 1"] {
            assert!(Given::Text(bad.into()).number().is_err(), "{bad}");
        }
    }

    #[test]
    fn texts_are_unicode_without_nul() {
        assert_eq!(Given::Json(raw(r#""a\u00e9""#)).text().unwrap(), "aé");
        for bad in [r#""a\u0000""#, r#""\ud800""#, "5", "null", "{}"] {
            assert!(Given::Json(raw(bad)).text().is_err(), "{bad}");
        }
        assert!(Given::Text("a\0".into()).text().is_err());
    }

    #[test]
    fn a_plus_that_became_a_blank_is_understood_in_queries_only() {
        let text = "2030-01-02T03:04:05 01:00";
        assert_eq!(Given::Text(text.into()).time().unwrap().to_string(), "2030-01-02T02:04:05.000Z");
        assert!(Given::Json(raw(&format!("\"{text}\""))).time().is_err());
    }

    #[test]
    fn words_name_their_choices() {
        assert_eq!(Given::Text("failed".into()).word::<State>(), Ok(State::Failed));
        let fault = Given::Text("broken".into()).word::<State>().unwrap_err();
        assert!(fault.contains("`broken`") && fault.contains("`pending`"), "{fault}");
        assert!(Given::Text("x".repeat(1000).into()).word::<State>().unwrap_err().len() < 300);
    }

    #[test]
    fn long_arrays_are_counted_and_not_kept() {
        assert_eq!(Given::Json(raw("[1,2,3]")).items(3).unwrap().len(), 3);
        assert!(Given::Json(raw("[1,2,3]")).items(2).unwrap_err().contains("got 3"));
        assert!(Given::Json(raw("{}")).items(2).is_err());
    }
}
