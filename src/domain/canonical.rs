//! JSON in a form in which equal documents are equal text.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::Json;

impl Json {
    /// The document with sorted keys and no blanks, numbers as written.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut out = String::new();
        if let Ok(raw) = serde_json::from_str::<&RawValue>(self.as_str()) {
            write(raw, &mut out);
        }
        out
    }
}

fn write(raw: &RawValue, out: &mut String) {
    let text = raw.get().trim();
    if let Ok(fields) = serde_json::from_str::<BTreeMap<String, &RawValue>>(text) {
        out.push('{');
        for (i, (name, value)) in fields.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            out.push_str(&serde_json::to_string(name).unwrap_or_default());
            out.push(':');
            write(value, out);
        }
        out.push('}');
    } else if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(text) {
        out.push('[');
        for (i, value) in items.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            write(value, out);
        }
        out.push(']');
    } else if let Ok(s) = serde_json::from_str::<String>(text) {
        out.push_str(&serde_json::to_string(&s).unwrap_or_default());
    } else {
        out.push_str(text);
    }
}
