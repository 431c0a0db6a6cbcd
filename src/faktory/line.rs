//! Lines out of bytes, as they come in.

use bytes::BytesMut;

/// The longest line, in bytes: a bulk push is one line.
pub const MAX_LINE: usize = 32 * 1024 * 1024;

/// Gathers bytes and gives the lines in them. Lines end with LF, or CR and LF.
#[derive(Debug, Default)]
pub struct Lines {
    bytes: BytesMut,
    /// How far there is no end of a line.
    searched: usize,
}

/// A line is longer than [`MAX_LINE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl Lines {
    /// Where to put what comes in.
    pub fn space(&mut self) -> &mut BytesMut {
        &mut self.bytes
    }

    /// How many bytes wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.bytes.len()
    }

    /// The next line, without its end; bytes that are no UTF-8 are replaced. `None`: its end has not
    /// come yet.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn next_line(&mut self) -> Result<Option<String>, TooLong> {
        let new = &self.bytes[self.searched..];
        let Some(end) = new.iter().position(|byte| *byte == b'\n') else {
            self.searched = self.bytes.len();
            return if self.searched > MAX_LINE { Err(TooLong) } else { Ok(None) };
        };
        let mut line = self.bytes.split_to(self.searched + end + 1);
        self.searched = 0;
        line.truncate(line.len() - 1);
        if line.last() == Some(&b'\r') {
            line.truncate(line.len() - 1);
        }
        if self.bytes.is_empty() {
            // So that a connection that once sent much does not keep the room for it.
            self.bytes = BytesMut::new();
        }
        if line.len() > MAX_LINE {
            return Err(TooLong);
        }
        Ok(Some(String::from_utf8_lossy(&line).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn either_end_will_do_and_a_part_is_no_line() {
        let mut lines = Lines::default();
        lines.space().extend_from_slice(b"A b\r\nC\n\nD\r\r\n\xff\nE");
        let mut all = Vec::new();
        while let Ok(Some(line)) = lines.next_line() {
            all.push(line);
        }
        assert_eq!(all, ["A b", "C", "", "D\r", "\u{fffd}"]);
        assert_eq!(lines.waiting(), 1);
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut lines = Lines::default();
        lines.space().resize(MAX_LINE + 1, b'x');
        assert_eq!(lines.next_line(), Err(TooLong));
    }

    proptest! {
        #[test]
        fn however_it_is_cut_it_is_the_same(text in "[ab\r\n]{0,40}", cuts in prop::collection::vec(0usize..40, 0..6)) {
            let read = |pieces: Vec<&[u8]>| {
                let (mut lines, mut all) = (Lines::default(), Vec::new());
                for piece in pieces {
                    lines.space().extend_from_slice(piece);
                    while let Ok(Some(line)) = lines.next_line() {
                        all.push(line);
                    }
                }
                all
            };
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|w| &text.as_bytes()[w[0]..w[1]]).collect();
            prop_assert_eq!(read(pieces), read(vec![text.as_bytes()]));
        }
    }
}
