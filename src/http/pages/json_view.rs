//! JSON for people: in lines, with objects and arrays that can be folded, numbers as they are.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Lines that are shown; the API has the rest.
const MAX_LINES: usize = 1000;
/// Characters of one value that are shown.
const MAX_CHARS: usize = 2000;

/// What a line does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Begins an object or an array.
    Open,
    /// Ends one.
    Close,
    /// A value.
    Plain,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub kind: Kind,
    /// The name before it, with its quotes.
    pub name: String,
    pub text: String,
    /// `string`, `number`, `word` or `mark`.
    pub class: &'static str,
}

/// A document in lines.
#[derive(Clone, Debug, Default)]
pub(super) struct JsonView {
    pub lines: Vec<Line>,
    /// Whether there was more than is shown.
    pub cut: bool,
}

impl JsonView {
    /// Takes JSON text apart.
    pub(super) fn of(text: &str) -> Self {
        let mut view = Self::default();
        view.value(String::new(), text.trim());
        view
    }

    fn value(&mut self, name: String, text: &str) {
        if self.lines.len() >= MAX_LINES {
            self.cut = true;
            return;
        }
        match text.as_bytes().first() {
            Some(b'{') => self.object(name, text),
            Some(b'[') => self.array(name, text),
            Some(b'"') => self.plain(name, text, "string"),
            Some(b'0'..=b'9' | b'-') => self.plain(name, text, "number"),
            _ => self.plain(name, text, "word"),
        }
    }

    fn object(&mut self, name: String, text: &str) {
        let fields = serde_json::Deserializer::from_str(text).deserialize_map(InOrder).unwrap_or_default();
        if fields.is_empty() {
            return self.plain(name, "{}", "mark");
        }
        self.push(Kind::Open, name, "{".to_owned(), "mark");
        for (name, value) in fields {
            self.value(quoted(&name), value.get());
        }
        self.push(Kind::Close, String::new(), "}".to_owned(), "mark");
    }

    fn array(&mut self, name: String, text: &str) {
        let items: Vec<&RawValue> = serde_json::from_str(text).unwrap_or_default();
        if items.is_empty() {
            return self.plain(name, "[]", "mark");
        }
        self.push(Kind::Open, name, "[".to_owned(), "mark");
        for item in items {
            self.value(String::new(), item.get());
        }
        self.push(Kind::Close, String::new(), "]".to_owned(), "mark");
    }

    fn plain(&mut self, name: String, text: &str, class: &'static str) {
        self.push(Kind::Plain, name, printable(text, MAX_CHARS), class);
    }

    fn push(&mut self, kind: Kind, name: String, text: String, class: &'static str) {
        self.lines.push(Line { kind, name, text, class });
    }
}

/// The fields of an object in the order in which they stand.
struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(fields)
    }
}

fn quoted(name: &str) -> String {
    printable(&serde_json::to_string(name).unwrap_or_default(), MAX_CHARS)
}

/// Text that anybody may have written, fit to be shown: without terminal escapes, with pictures for
/// other control characters, cut after so many characters.
pub(super) fn printable(text: &str, most: usize) -> String {
    // A few characters for each one that is shown: escapes are taken out of what is cut.
    let end = text.char_indices().nth(most.saturating_mul(4)).map_or(text.len(), |(at, _)| at);
    let plain = console::strip_ansi_codes(&text[..end]);
    let mut shown: String = plain.chars().take(most).map(visible).collect();
    if end < text.len() || plain.chars().nth(most).is_some() {
        shown.push('…');
    }
    shown
}

/// What an error says at its end, which in most of them is what went wrong.
pub(super) fn last_line(error: &str) -> String {
    let line = error.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
    printable(said_by_program(line).unwrap_or(line), 200)
}

/// What a program said before it ended, which tells more than how it ended.
fn said_by_program(line: &str) -> Option<&str> {
    let (program, ending) = line.split_once(" ended with ")?;
    let (_, said) = ending.split_once(": ")?;
    (!program.contains(' ')).then_some(said)
}

fn visible(c: char) -> char {
    match c {
        '\t' | '\n' => c,
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        // Control characters, and marks that turn the direction of what follows.
        '\x7f'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_in_a_line() {
        for (error, line) in [
            ("bash ended with exit code 65 (wrong data): site: refused\n", "site: refused"),
            ("bash ended with exit code 1", "bash ended with exit code 1"),
            ("a\nthe job ended with a bang: x\n\n", "the job ended with a bang: x"),
        ] {
            assert_eq!(last_line(error), line);
        }
    }

    #[test]
    fn order_and_numbers_are_kept() {
        let view = JsonView::of(r#"{"z":12345678901234567890123.0,"a":[true,{}],"s":"<b>"}"#);
        let shown: Vec<String> = view.lines.iter().map(|l| format!("{}{}", l.name, l.text)).collect();
        let wanted =
            ["{", "\"z\"12345678901234567890123.0", "\"a\"[", "true", "{}", "]", "\"s\"\"<b>\"", "}"];
        assert_eq!(shown, wanted);
        let opened = view.lines.iter().filter(|l| l.kind == Kind::Open).count();
        assert_eq!(opened, view.lines.iter().filter(|l| l.kind == Kind::Close).count());
    }

    #[test]
    fn what_is_large_is_cut_and_stays_balanced() {
        let many = format!("[[{}1]]", "1,".repeat(5000));
        let view = JsonView::of(&many);
        assert!(view.cut && view.lines.len() <= MAX_LINES + 2);
        let opened = view.lines.iter().filter(|l| l.kind == Kind::Open).count();
        assert_eq!(opened, view.lines.iter().filter(|l| l.kind == Kind::Close).count());
        assert!(JsonView::of(&format!("\"{}\"", "x".repeat(1_000_000))).lines[0].text.len() < 3000);
    }

    #[test]
    fn escapes_and_controls_cannot_act() {
        assert_eq!(printable("\x1b[31mred\x1b[0m\x07\r\n\u{202e}", 100), "red␇␍\n\u{fffd}");
        assert_eq!(printable("abc", 2), "ab…");
        assert_eq!(printable("abc", 3), "abc");
    }
}
