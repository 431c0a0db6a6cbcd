//! Text that others wrote, made fit for a terminal. Job types, args, errors and logs may hold
//! anything; none of it may move the cursor, set a title or reverse the reading direction.

use std::borrow::Cow;
use std::io::Write;

/// One line: breaks and tabs become blanks, everything else that is not visible goes.
pub(super) fn line(text: &str) -> String {
    let broken: String = text.chars().map(|c| if is_break(c) || c == '\t' { ' ' } else { c }).collect();
    visible(&broken)
}

/// Several lines. They are cleaned one by one, so that an escape sequence without an end hides no
/// more than the rest of its line.
pub(super) fn block(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let lines: Vec<String> = text.split(is_break).map(visible).collect();
    lines.join("\n")
}

/// JSON with the same meaning, in which characters that a terminal acts on are written as escapes.
/// They can only stand within strings, and there `\u0085` is the same as the character.
pub(super) fn json(text: &str) -> Cow<'_, str> {
    let acts = |c: char| !c.is_ascii_whitespace() && (c.is_control() || is_direction(c));
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let escape = |c: char| {
        if acts(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() }
    };
    Cow::Owned(text.chars().map(escape).collect())
}

/// Tells a person something, on standard error. Nothing is lost for the program when it is closed.
pub(super) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", block(text));
}

fn visible(line: &str) -> String {
    let plain = console::strip_ansi_codes(line);
    plain.chars().filter(|&c| c == '\t' || !(c.is_control() || is_direction(c))).collect()
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Characters that turn the reading direction, and the byte order mark.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_go_and_words_stay() {
        let hostile = "a\x1b[31mred\x1b[0m \x1b]0;title\x07b\u{9b}2Jc\rd\ne\tf\u{202e}g";
        assert_eq!(line(hostile), "ared bc d e fg");
        assert_eq!(block("a\r\nb\rc\x1b[2Jd\te"), "a\nb\ncd\te");
    }

    #[test]
    fn an_escape_without_an_end_hides_its_own_line_only() {
        assert_eq!(block("one \x1b]0;never closed\ntwo"), "one \ntwo");
    }

    #[test]
    fn json_keeps_its_meaning() {
        let text = "{\"a\":\"x\u{9b}31my\u{7f}\u{202e}z é\"}";
        let safe = json(text);
        assert!(safe.contains("\\u009b31my\\u007f\\u202ez é"));
        let read = |t: &str| serde_json::from_str::<serde_json::Value>(t).unwrap();
        assert_eq!(read(&safe), read(text));
    }

    proptest! {
        #[test]
        fn nothing_that_acts_gets_through(text in "(\\PC|[\\x00-\\x1f\\x7f-\\u{a0}\\u{2028}-\\u{202f}m;\\]\\[]){0,40}") {
            let acts = |c: char| c.is_control() || is_direction(c);
            prop_assert!(!line(&text).contains(acts));
            prop_assert!(!block(&text).contains(|c| acts(c) && c != '\n' && c != '\t'));
        }
    }
}
