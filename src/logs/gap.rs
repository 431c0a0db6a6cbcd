//! The line that stands where bytes were left out.

use super::Stream;

/// A stretch of a stream that was not kept, by logical offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// The first byte that is missing.
    pub from: u64,
    /// The first byte that is there again.
    pub to: u64,
}

/// The longest that the line can be, with its line ends.
pub(super) const MAX_LINE: usize = 96;

/// No stream gets this long, so a line that says so was not written here.
const MAX_OFFSET: u64 = 1 << 60;

impl Gap {
    /// The line, with a line end before it when the line before has none.
    pub fn line(self, stream: Stream, after_line_end: bool) -> String {
        let (open, between, close) = words(stream);
        let start = if after_line_end { "" } else { "\n" };
        format!("{start}{open}{}{between}{}{close}", self.from, self.to)
    }

    /// Finds the line in a part of a file that begins at offset `base`; with it comes the offset
    /// behind the line. A line that merely looks the same (a job may print one) does not name its
    /// own place and is passed over.
    pub fn find(stream: Stream, part: &[u8], base: u64) -> Option<(Self, u64)> {
        let (open, between, close) = words(stream);
        let starts = (0..part.len()).filter(|at| part[*at..].starts_with(open.as_bytes()));
        for at in starts {
            let rest = &part[at + open.len()..];
            let Some(end) = rest.iter().position(|b| *b == b'\n') else { continue };
            let Ok(line) = std::str::from_utf8(&rest[..=end]) else { continue };
            let Some((from, to)) = line.strip_suffix(close).and_then(|l| l.split_once(between)) else {
                continue;
            };
            let (Ok(from), Ok(to)) = (from.parse(), to.parse()) else { continue };
            let place = base + at as u64;
            let after_newline = at > 0 && part[at - 1] == b'\n';
            let sensible = from < to && to <= MAX_OFFSET;
            if sensible && (from == place || (after_newline && from + 1 == place)) {
                return Some((Self { from, to }, place + (open.len() + end + 1) as u64));
            }
        }
        None
    }
}

const fn words(stream: Stream) -> (&'static str, &'static str, &'static str) {
    if stream.is_json() {
        ("{\"left_out\":{\"from\":", ",\"to\":", "}}\n")
    } else {
        ("[callboard left out the bytes from ", " to ", "]\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_found_again() {
        let gap = Gap { from: 7, to: 900 };
        for (stream, text) in [(Stream::Stdout, "abcdef\n"), (Stream::Events, "{}{}{}{")] {
            let file = format!("{text}{}tail", gap.line(stream, text.ends_with('\n')));
            let (found, behind) = Gap::find(stream, file.as_bytes(), 0).unwrap();
            assert_eq!(found, gap);
            assert_eq!(&file[usize::try_from(behind).unwrap()..], "tail");
            assert!(Gap::find(stream, file.as_bytes(), 2).is_none());
        }
    }

    #[test]
    fn the_longest_line_fits() {
        let gap = Gap { from: MAX_OFFSET - 1, to: MAX_OFFSET };
        assert!(gap.line(Stream::Log, false).len() <= MAX_LINE);
        assert!(gap.line(Stream::Events, false).len() <= MAX_LINE);
    }

    #[test]
    fn a_forged_line_is_passed_over() {
        let forged = Gap { from: 3, to: 5 }.line(Stream::Log, true);
        assert!(Gap::find(Stream::Log, forged.as_bytes(), 0).is_none());
    }
}
