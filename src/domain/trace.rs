//! The trace that a job belongs to, as W3C Trace Context writes it. It stands in the job's metadata,
//! under the names of the headers: so it is where Faktory clients put it, it goes wherever the job
//! goes, and a job without one costs nothing.

use serde::{Deserialize, Serialize};

use super::{Json, ident};

/// The longest `tracestate` that is kept, in bytes.
const MAX_STATE: usize = 512;

/// A place in a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceContext {
    /// Trace, span and flags: `00-…-…-01`.
    pub traceparent: String,
    /// What vendors add.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracestate: Option<String>,
}

impl TraceContext {
    /// Reads the values of the two headers; `None` when the first is not one that means something. A
    /// second one that is too long or not plain text is left out, as the standard has it.
    #[must_use]
    pub fn read(traceparent: &str, tracestate: Option<&str>) -> Option<Self> {
        let traceparent = traceparent.trim();
        if !is_traceparent(traceparent) {
            return None;
        }
        let good = |state: &&str| {
            !state.is_empty() && state.len() <= MAX_STATE && state.bytes().all(|b| (b' '..=b'~').contains(&b))
        };
        let tracestate = tracestate.map(str::trim).filter(good).map(ToOwned::to_owned);
        Some(Self { traceparent: traceparent.to_owned(), tracestate })
    }

    /// That of a job, if it has one.
    #[must_use]
    pub fn of(metadata: &Json) -> Option<Self> {
        #[derive(Deserialize)]
        struct Fields {
            traceparent: Option<String>,
            tracestate: Option<String>,
        }
        // Most jobs have none, and are not read for that.
        if !metadata.as_str().contains("traceparent") {
            return None;
        }
        let Fields { traceparent, tracestate } = metadata.parse().ok()?;
        Self::read(&traceparent?, tracestate.as_deref())
    }

    /// Metadata of a job that is in this trace. What names one already stays as it is, and so does what
    /// has no room.
    #[must_use]
    pub fn put_into(&self, metadata: Json) -> Json {
        let Some(rest) = metadata.as_str().trim().strip_prefix('{') else { return metadata };
        let (Ok(own), false) = (serde_json::to_string(self), rest.contains("\"traceparent\"")) else {
            return metadata;
        };
        let own = own.trim_end_matches('}');
        let comma = if rest.trim_start().starts_with('}') { "" } else { "," };
        let text = format!("{own}{comma}{rest}");
        if text.len() > ident::MAX_METADATA { metadata } else { Json::trusted(text) }
    }
}

/// Version 00, or a later one that may have more at its end.
fn is_traceparent(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let hex = |part: &str, len: usize| {
        part.len() == len && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let [version, trace, span, flags, more @ ..] = parts.as_slice() else { return false };
    let some = |part: &str| part.bytes().any(|b| b != b'0');
    text.len() <= 128
        && text.is_ascii()
        && hex(version, 2)
        && *version != "ff"
        && (*version != "00" || more.is_empty())
        && hex(trace, 32)
        && some(trace)
        && hex(span, 16)
        && some(span)
        && hex(flags, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn only_what_means_something_is_read() {
        assert!(TraceContext::read(&format!(" {PARENT} "), None).is_some());
        assert!(TraceContext::read(&PARENT.replacen("00", "01", 1), None).is_some());
        assert!(TraceContext::read(&(PARENT.replacen("00", "01", 1) + "-more"), None).is_some());
        for bad in [
            String::new(),
            "x".into(),
            PARENT.to_uppercase(),
            format!("{PARENT}-more"),
            PARENT.replacen("00", "ff", 1),
            "00-00000000000000000000000000000000-b7ad6b7169203331-01".into(),
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01".into(),
            PARENT[..54].into(),
        ] {
            assert_eq!(TraceContext::read(&bad, None), None, "{bad}");
        }
        let state = |text: &str| TraceContext::read(PARENT, Some(text)).unwrap().tracestate;
        assert_eq!(state(" a=b,c=d "), Some("a=b,c=d".into()));
        assert_eq!((state("a=\nb"), state(&"a".repeat(513)), state("")), (None, None, None));
    }

    #[test]
    fn metadata_keeps_it_beside_what_the_caller_said() {
        let context = TraceContext::read(PARENT, Some("a=b")).unwrap();
        for (given, keeps) in [("{}", 2), (" { } ", 2), (r#"{"a":1.10}"#, 3)] {
            let put = context.put_into(Json::checked(given).unwrap());
            Json::checked(put.as_str()).unwrap();
            let fields: serde_json::Map<String, serde_json::Value> = put.parse().unwrap();
            assert_eq!(fields.len(), keeps, "{put}");
            assert_eq!(TraceContext::of(&put).as_ref(), Some(&context));
            assert!(put.as_str().contains("1.10") || keeps == 2, "numbers stay as they were");
        }
        let own = Json::trusted(format!(r#"{{"traceparent":"{}"}}"#, PARENT.replace('7', "8")));
        assert_eq!(context.put_into(own.clone()), own);
        let full = Json::trusted(format!(r#"{{"a":"{}"}}"#, "x".repeat(ident::MAX_METADATA - 10)));
        assert_eq!(context.put_into(full.clone()), full);
        assert_eq!(TraceContext::of(&Json::trusted(r#"{"traceparent":5}"#)), None);
    }
}
