//! Reading a stream, whether it is being written, was merged, or was left by a server that died.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::bounded_writer::{CUT_WINDOW, head_room};
use super::gap::{self, Gap};
use super::lines::whole_characters;
use super::{Stream, segment};

/// How often a reader tries again when files move under it.
const TRIES: usize = 5;
/// How far back a tail looks at first.
const TAIL_BLOCK: u64 = 64 * 1024;
/// The most that a tail of lines holds.
const TAIL_MAX: u64 = 8 * 1024 * 1024;
/// How much is copied at once.
const COPY_BLOCK: u64 = 256 * 1024;

/// A part of a stream. Offsets count the bytes that the job wrote, whether they were kept or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chunk {
    /// The bytes. Where bytes were left out stands a line that says so.
    pub content: Vec<u8>,
    /// Where the content begins.
    pub offset: u64,
    /// Where to read on; never less than `offset`.
    pub next_offset: u64,
    /// How many bytes there have been so far.
    pub size: u64,
}

/// The files of one stream, open, in order.
pub(super) struct View {
    stream: Stream,
    pieces: Vec<Piece>,
}

/// A stretch of a stream that is there.
struct Piece {
    file: File,
    /// Where it begins in the stream.
    start: u64,
    /// Where it begins in the file.
    at: u64,
    len: u64,
}

impl View {
    /// Opens what there is; nothing is fine.
    pub fn open(folder: &Path, stream: Stream, max_bytes: u64) -> io::Result<Self> {
        let mut tries = 0;
        loop {
            match Self::try_open(folder, stream, max_bytes) {
                // A segment has just been merged or dropped.
                Err(e) if e.kind() == io::ErrorKind::NotFound && tries < TRIES => tries += 1,
                opened => return opened,
            }
        }
    }

    /// Segments are opened before the head: if they are merged in between, the head holds them and
    /// says so, and they are passed over.
    fn try_open(folder: &Path, stream: Stream, max_bytes: u64) -> io::Result<Self> {
        let mut segments = Vec::new();
        for start in segment::starts(folder, stream)? {
            let file = File::open(segment::path(folder, stream, start))?;
            segments.push(Piece { start, at: 0, len: file.metadata()?.len(), file });
        }
        let mut pieces = match File::open(folder.join(stream.file_name())) {
            Ok(file) => head_pieces(file, stream, max_bytes)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(e) => return Err(e),
        };
        let head_end = end(&pieces);
        pieces.extend(segments.into_iter().filter(|s| s.start >= head_end));
        Ok(Self { stream, pieces })
    }

    /// How many bytes there have been so far.
    pub fn size(&self) -> u64 {
        end(&self.pieces)
    }

    /// Reads from `offset` on, about `limit` bytes at most, not cutting a character in two.
    pub fn read(&self, offset: u64, limit: u64) -> io::Result<Chunk> {
        let size = self.size();
        let mut chunk = Chunk { content: Vec::new(), offset, next_offset: offset, size };
        for piece in &self.pieces {
            if chunk.next_offset < piece.start {
                self.step_over_gap(&mut chunk, piece.start);
            }
            let skip = chunk.next_offset - piece.start;
            let len = piece.len.saturating_sub(skip).min(limit.saturating_sub(chunk.content.len() as u64));
            if len > 0 {
                let before = chunk.content.len();
                chunk.content.resize(before + usize::try_from(len).unwrap_or(0), 0);
                piece.file.read_exact_at(&mut chunk.content[before..], piece.at + skip)?;
                chunk.next_offset += len;
            }
            if chunk.content.len() as u64 >= limit {
                break;
            }
        }
        let whole = whole_characters(&chunk.content).len();
        if whole > 0 {
            chunk.next_offset -= (chunk.content.len() - whole) as u64;
            chunk.content.truncate(whole);
        }
        Ok(chunk)
    }

    /// The last lines.
    pub fn tail(&self, lines: usize) -> io::Result<Chunk> {
        let size = self.size();
        let mut back = TAIL_BLOCK;
        loop {
            let mut chunk = self.read(size.saturating_sub(back), back + gap::MAX_LINE as u64)?;
            match start_of_last(lines, &chunk.content) {
                None if back < size && back < TAIL_MAX => back *= 2,
                start => {
                    chunk.content.drain(..start.unwrap_or(0));
                    chunk.offset = chunk.next_offset.saturating_sub(chunk.content.len() as u64);
                    return Ok(chunk);
                }
            }
        }
    }

    /// Writes all of it, with the line where bytes were left out.
    pub fn copy_to(&self, to: &mut impl Write) -> io::Result<()> {
        let mut offset = 0;
        while offset < self.size() {
            let chunk = self.read(offset, COPY_BLOCK)?;
            to.write_all(&chunk.content)?;
            offset = chunk.next_offset;
        }
        Ok(())
    }

    fn step_over_gap(&self, chunk: &mut Chunk, to: u64) {
        let gap = Gap { from: chunk.next_offset, to };
        let after_line_end = match chunk.content.last() {
            Some(byte) => *byte == b'\n',
            None => self.ends_line(gap.from),
        };
        chunk.content.extend_from_slice(gap.line(self.stream, after_line_end).as_bytes());
        chunk.next_offset = to;
    }

    /// Whether the byte before this offset ends a line; yes where it is not there any more.
    fn ends_line(&self, offset: u64) -> bool {
        let mut byte = [b'\n'];
        if let Some(piece) = self.pieces.iter().find(|p| p.start + p.len == offset && p.len > 0) {
            let _ = piece.file.read_exact_at(&mut byte, piece.at + piece.len - 1);
        }
        byte[0] == b'\n'
    }
}

/// The head, or what a merge has made of head and tail.
fn head_pieces(file: File, stream: Stream, max_bytes: u64) -> io::Result<Vec<Piece>> {
    let len = file.metadata()?.len();
    let room = head_room(max_bytes);
    let base = room.saturating_sub(CUT_WINDOW as u64 + 1);
    let mut part =
        vec![0; usize::try_from(len.min(room + 2 * gap::MAX_LINE as u64).saturating_sub(base)).unwrap_or(0)];
    file.read_exact_at(&mut part, base.min(len))?;
    let Some((gap, behind)) = Gap::find(stream, &part, base) else {
        return Ok(vec![Piece { file, start: 0, at: 0, len }]);
    };
    let tail = Piece { file: file.try_clone()?, start: gap.to, at: behind, len: len - behind };
    Ok(vec![Piece { file, start: 0, at: 0, len: gap.from }, tail])
}

fn end(pieces: &[Piece]) -> u64 {
    pieces.last().map_or(0, |p| p.start + p.len)
}

/// Where the last `lines` lines begin; `None` if there are not so many.
fn start_of_last(lines: usize, content: &[u8]) -> Option<usize> {
    if lines == 0 {
        return Some(content.len());
    }
    let inner = content.strip_suffix(b"\n").unwrap_or(content);
    let mut breaks = (0..inner.len()).rev().filter(|at| inner[*at] == b'\n');
    breaks.nth(lines - 1).map(|at| at + 1)
}
