//! Bytes in, lines out.

use std::borrow::Cow;

/// What ends a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineBreak {
    /// `\n`; a `\r` before it is taken off.
    Newline,
    /// `\n` or `\r`, as with bars that a program draws over themselves. Empty lines are skipped.
    NewlineOrReturn,
}

/// Cuts a stream of bytes into lines, over the borders of the chunks in which it comes. A line that
/// is too long is cut; what is no UTF-8 is replaced. Holds at most one line.
#[derive(Debug)]
pub struct LineSplitter {
    ends_at: LineBreak,
    max: usize,
    line: Vec<u8>,
    too_long: bool,
}

impl LineSplitter {
    /// For lines of at most `max` bytes.
    #[must_use]
    pub const fn new(ends_at: LineBreak, max: usize) -> Self {
        Self { ends_at, max, line: Vec::new(), too_long: false }
    }

    /// Takes bytes and calls `each` with every line that they complete.
    pub fn push(&mut self, mut bytes: &[u8], mut each: impl FnMut(&str)) {
        while let Some(at) = bytes.iter().position(|b| self.is_break(*b)) {
            self.take(&bytes[..at]);
            self.emit(&mut each);
            bytes = &bytes[at + 1..];
        }
        self.take(bytes);
    }

    /// Says that there are no more bytes; a last line without an end counts too.
    pub fn finish(&mut self, mut each: impl FnMut(&str)) {
        if !self.line.is_empty() {
            self.emit(&mut each);
        }
    }

    fn is_break(&self, byte: u8) -> bool {
        byte == b'\n' || (byte == b'\r' && self.ends_at == LineBreak::NewlineOrReturn)
    }

    fn take(&mut self, bytes: &[u8]) {
        let room = self.max - self.line.len();
        self.too_long |= bytes.len() > room;
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn emit(&mut self, each: &mut impl FnMut(&str)) {
        let mut line = self.line.as_slice();
        if self.ends_at == LineBreak::Newline {
            line = line.strip_suffix(b"\r").unwrap_or(line);
        }
        if !line.is_empty() || self.ends_at == LineBreak::Newline {
            let text = if self.too_long {
                Cow::Owned(format!("{}…", String::from_utf8_lossy(whole_characters(line))))
            } else {
                String::from_utf8_lossy(line)
            };
            each(&text);
        }
        self.line.clear();
        self.too_long = false;
    }
}

/// `bytes` without a character at its end that is not complete.
pub(super) fn whole_characters(bytes: &[u8]) -> &[u8] {
    let recent = &bytes[bytes.len().saturating_sub(4)..];
    let Some(back) = recent.iter().rev().position(|b| b & 0b1100_0000 != 0b1000_0000) else { return bytes };
    let start = bytes.len() - back - 1;
    match std::str::from_utf8(&bytes[start..]) {
        Err(e) if e.error_len().is_none() => &bytes[..start],
        _ => bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(ends_at: LineBreak, max: usize, chunks: &[&[u8]]) -> Vec<String> {
        let mut splitter = LineSplitter::new(ends_at, max);
        let mut lines = Vec::new();
        for chunk in chunks {
            splitter.push(chunk, |line| lines.push(line.to_owned()));
        }
        splitter.finish(|line| lines.push(line.to_owned()));
        lines
    }

    #[test]
    fn lines_go_over_chunks() {
        let got = split(LineBreak::Newline, 100, &[b"on", b"e\r\ntwo\n\nthr", "é".as_bytes(), b"e"]);
        assert_eq!(got, ["one", "two", "", "thrée"]);
        assert_eq!(split(LineBreak::Newline, 100, &[&[0xC3], &[0xA9, b'\n']]), ["é"]);
    }

    #[test]
    fn long_lines_are_cut_and_broken_text_is_replaced() {
        assert_eq!(split(LineBreak::Newline, 3, &[b"abcdef", b"ghi\nxy\n"]), ["abc…", "xy"]);
        assert_eq!(split(LineBreak::Newline, 4, &["abcéé\n".as_bytes()]), ["abc…"]);
        assert_eq!(split(LineBreak::Newline, 9, &[b"a\xFFb\n"]), ["a\u{FFFD}b"]);
    }

    #[test]
    fn bars_end_at_returns() {
        assert_eq!(split(LineBreak::NewlineOrReturn, 9, &[b"10%\r20%\r\n30%"]), ["10%", "20%", "30%"]);
    }

    #[test]
    fn incomplete_characters_are_found() {
        assert_eq!(whole_characters("aé".as_bytes()), "aé".as_bytes());
        assert_eq!(whole_characters(b"a\xC3"), b"a");
        assert_eq!(whole_characters(b"a\xFF"), b"a\xFF");
        assert_eq!(whole_characters(b"a\xF0\x9F\x98"), b"a");
        assert_eq!(whole_characters(b""), b"");
    }
}
