//! A program's output on its way to the job's log: without secrets, and with few of its lines about
//! progress.

use std::time::{Duration, Instant};

use super::toolbox::{Keep, Lines};
use crate::logs::{AttemptLog, LineBreak, LineSplitter, Stream};
use crate::workers::subprocess::Output;

/// The longest line that is looked at; the rest of a longer one is cut off.
const MAX_LINE: usize = 256 * 1024;
/// How much of standard error an error message quotes at most.
const TAIL: usize = 2048;
/// How often a line about progress is kept.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// Cuts output into lines, shows them to a reader, and keeps them in the log.
pub(super) struct LineLog<'a> {
    stdout: LineSplitter,
    stderr: LineSplitter,
    sieve: Sieve<'a>,
}

struct Sieve<'a> {
    log: &'a AttemptLog,
    secrets: &'a [String],
    reader: &'a mut dyn Lines,
    last_progress: Option<Instant>,
    tail: String,
}

impl<'a> LineLog<'a> {
    pub fn new(log: &'a AttemptLog, secrets: &'a [String], reader: &'a mut dyn Lines) -> Self {
        let lines = || LineSplitter::new(LineBreak::NewlineOrReturn, MAX_LINE);
        let sieve = Sieve { log, secrets, reader, last_progress: None, tail: String::new() };
        Self { stdout: lines(), stderr: lines(), sieve }
    }

    /// Says that there is no more; returns the last lines of standard error.
    pub fn finish(self) -> String {
        let Self { mut stdout, mut stderr, mut sieve } = self;
        stdout.finish(|line| sieve.take(Stream::Stdout, line));
        stderr.finish(|line| sieve.take(Stream::Stderr, line));
        sieve.tail.trim().to_owned()
    }
}

impl Output for LineLog<'_> {
    fn stdout(&mut self, bytes: &[u8]) {
        let Self { stdout, sieve, .. } = self;
        stdout.push(bytes, |line| sieve.take(Stream::Stdout, line));
    }

    fn stderr(&mut self, bytes: &[u8]) {
        let Self { stderr, sieve, .. } = self;
        stderr.push(bytes, |line| sieve.take(Stream::Stderr, line));
    }
}

impl Sieve<'_> {
    fn take(&mut self, stream: Stream, line: &str) {
        let keep = self.reader.line(stream, line);
        if keep == Keep::Progress {
            if self.last_progress.is_some_and(|last| last.elapsed() < PROGRESS_EVERY) {
                return;
            }
            self.last_progress = Some(Instant::now());
        }
        let shown = redacted(line, self.secrets);
        self.log.bytes(stream, format!("{shown}\n").as_bytes());
        if stream == Stream::Stderr && keep == Keep::Log {
            self.remember(&shown);
        }
    }

    fn remember(&mut self, line: &str) {
        self.tail.push_str(&line.replace('\0', "\u{FFFD}"));
        self.tail.push('\n');
        let mut cut = self.tail.len().saturating_sub(TAIL);
        while !self.tail.is_char_boundary(cut) {
            cut += 1;
        }
        self.tail.drain(..cut);
    }
}

/// A text with every secret replaced by `***`.
pub(super) fn redacted(text: &str, secrets: &[String]) -> String {
    secrets
        .iter()
        .filter(|secret| !secret.is_empty())
        .fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***"))
}
