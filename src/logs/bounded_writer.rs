//! Writes one stream and keeps it within its room: the head stays, the tail moves on.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Stream, gap, segment};

/// How many bytes are collected before they are written.
const BUFFER: usize = 32 * 1024;
/// How far back a cut looks for the end of a line.
pub(super) const CUT_WINDOW: usize = 64 * 1024;
/// The least room that a stream gets.
const MIN_ROOM: u64 = 1024;

/// How many bytes at most stay at the beginning of a stream with so much room. The line that stands
/// for what is left out has its room taken off here.
pub(super) fn head_room(max_bytes: u64) -> u64 {
    max_bytes.max(MIN_ROOM) / 2 - gap::MAX_LINE as u64
}

/// How long each of the two segments of the tail may get.
fn tail_room(max_bytes: u64) -> u64 {
    max_bytes.max(MIN_ROOM) / 4
}

/// The writing end of one stream. It holds no file open: a file is opened, written and closed for
/// each buffer, so that thousands of attempts do not use up the files a process may open.
pub(super) struct BoundedWriter {
    stream: Stream,
    max_bytes: u64,
    buffer: Vec<u8>,
    place: Place,
}

/// Where the next byte goes.
enum Place {
    /// Not looked at yet: the file may exist already.
    Unknown,
    /// The head, which has so many bytes.
    Head(u64),
    /// The newer of the two segments that make the tail.
    Tail { older: Option<u64>, start: u64, len: u64 },
}

impl BoundedWriter {
    pub const fn new(stream: Stream, max_bytes: u64) -> Self {
        Self { stream, max_bytes, buffer: Vec::new(), place: Place::Unknown }
    }

    /// Takes bytes; true when they should be written out now.
    pub fn push(&mut self, bytes: &[u8]) -> bool {
        self.buffer.extend_from_slice(bytes);
        self.buffer.len() >= BUFFER
    }

    /// Writes out what was taken; whether there was anything. After an error the bytes are gone: the
    /// buffer must not grow.
    pub fn flush(&mut self, folder: &Path) -> io::Result<bool> {
        if self.buffer.is_empty() {
            return Ok(false);
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        let written = self.write(folder, &buffer);
        if buffer.capacity() <= 2 * BUFFER {
            buffer.clear();
            self.buffer = buffer;
        }
        written.map(|()| true)
    }

    /// Writes out what was taken and makes one file of it all; whether there was anything to do.
    pub fn close(&mut self, folder: &Path) -> io::Result<bool> {
        let flushed = self.flush(folder)?;
        match self.place {
            Place::Tail { .. } => segment::merge(folder, self.stream, self.max_bytes).map(|()| true),
            Place::Unknown | Place::Head(_) => Ok(flushed),
        }
    }

    fn write(&mut self, folder: &Path, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let (path, len, room) = self.current(folder)?;
            let fits = fitting(bytes, len, room);
            if fits == 0 {
                self.next_segment(folder)?;
                continue;
            }
            let written = append(&path, &bytes[..fits]);
            // After an error only the file knows how much of it went in.
            let now = if written.is_ok() { len + fits as u64 } else { length(&path).unwrap_or(len) };
            if let Place::Head(len) | Place::Tail { len, .. } = &mut self.place {
                *len = now;
            }
            written?;
            bytes = &bytes[fits..];
        }
        Ok(())
    }

    /// The file that is written now, its length, and how long it may get.
    fn current(&mut self, folder: &Path) -> io::Result<(PathBuf, u64, u64)> {
        let head = folder.join(self.stream.file_name());
        let len = match self.place {
            Place::Tail { start, len, .. } => {
                return Ok((segment::path(folder, self.stream, start), len, tail_room(self.max_bytes)));
            }
            Place::Head(len) => len,
            Place::Unknown => length(&head)?,
        };
        self.place = Place::Head(len);
        Ok((head, len, head_room(self.max_bytes)))
    }

    /// Begins a new segment; the oldest one goes, so that two are left.
    fn next_segment(&mut self, folder: &Path) -> io::Result<()> {
        let (older, oldest, start) = match self.place {
            Place::Unknown => return Ok(()),
            Place::Head(len) => (None, None, len),
            Place::Tail { older, start, len } => (Some(start), older, start + len),
        };
        self.place = Place::Tail { older, start, len: 0 };
        match oldest.map(|oldest| fs::remove_file(segment::path(folder, self.stream, oldest))) {
            Some(Err(e)) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }
}

/// How many of these bytes go into a file with `len` of `room` bytes: as many whole lines as fit.
/// Only a line that is longer than the file, or than is sensible to look at, is cut.
fn fitting(bytes: &[u8], len: u64, room: u64) -> usize {
    let free = usize::try_from(room.saturating_sub(len)).unwrap_or(usize::MAX);
    if bytes.len() <= free {
        return bytes.len();
    }
    let window = &bytes[free.saturating_sub(CUT_WINDOW)..free];
    match window.iter().rposition(|b| *b == b'\n') {
        Some(at) => free - window.len() + at + 1,
        None if len > 0 && free <= CUT_WINDOW => 0,
        None => free,
    }
}

fn length(path: &Path) -> io::Result<u64> {
    match fs::metadata(path) {
        Ok(meta) => Ok(meta.len()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(e) => Err(e),
    }
}

fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let open = || OpenOptions::new().create(true).append(true).open(path);
    let mut file = match (open(), path.parent()) {
        (Err(e), Some(folder)) if e.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(folder)?;
            open()?
        }
        (file, _) => file?,
    };
    file.write_all(bytes)
}
