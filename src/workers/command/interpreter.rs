//! Makes sense of what a program prints.

use std::collections::BTreeMap;
use std::time::Duration;

use super::message::{Message, MessageFilter, Piece, Step};
use super::progress_format::ProgressReader;
use crate::config::ProgressFormat;
use crate::domain::ident::MAX_BULK;
use crate::domain::{Json, Node};
use crate::logs::Stream;
use crate::workers::Context;
use crate::workers::subprocess::Output;

/// How much of standard error an error message quotes at most.
const TAIL: usize = 2048;

/// Takes a program's output to the log, and what it says to callboard to where it belongs.
pub(super) struct Interpreter {
    filter: MessageFilter,
    heard: Heard,
}

/// What was heard so far.
struct Heard {
    ctx: Context,
    reader: Option<ProgressReader>,
    stderr_tail: Vec<u8>,
    result: Option<Json>,
    snooze: Option<Duration>,
    jobs: Vec<Node>,
}

impl Interpreter {
    pub fn new(ctx: Context, format: Option<ProgressFormat>) -> Self {
        let reader = format.map(ProgressReader::new);
        let filter = MessageFilter::new(ctx.max_result());
        let heard =
            Heard { ctx, reader, stderr_tail: Vec::new(), result: None, snooze: None, jobs: Vec::new() };
        Self { filter, heard }
    }

    /// Says that the program has ended: a last line without an end counts too.
    pub fn finish(&mut self) {
        let Self { filter, heard } = self;
        filter.finish(|piece| heard.take(piece));
    }

    /// The last result that the program named.
    pub fn result(&mut self) -> Option<Json> {
        self.heard.result.take().filter(|json| json.as_str() != "null")
    }

    /// The jobs that the program named, in order.
    pub fn jobs(&mut self) -> Vec<Node> {
        std::mem::take(&mut self.heard.jobs)
    }

    /// When the program wants to be called again.
    pub const fn snooze(&self) -> Option<Duration> {
        self.heard.snooze
    }

    /// The last lines of standard error.
    pub fn stderr_tail(&self) -> String {
        let all = &self.heard.stderr_tail;
        let mut tail = &all[all.len().saturating_sub(TAIL)..];
        if tail.len() < all.len()
            && let Some(at) = tail.iter().position(|b| *b == b'\n')
            && at + 1 < tail.len()
        {
            tail = &tail[at + 1..];
        }
        String::from_utf8_lossy(tail).replace('\0', "\u{FFFD}").trim().to_owned()
    }
}

impl Output for Interpreter {
    fn stdout(&mut self, bytes: &[u8]) {
        let Self { filter, heard } = self;
        filter.push(bytes, |piece| heard.take(piece));
    }

    fn stderr(&mut self, bytes: &[u8]) {
        self.heard.ctx.log.bytes(Stream::Stderr, bytes);
        let step = self.heard.reader.as_mut().and_then(|reader| reader.stderr(bytes));
        self.heard.report(step);
        let tail = &mut self.heard.stderr_tail;
        tail.extend_from_slice(bytes);
        if tail.len() > 4 * TAIL {
            tail.drain(..tail.len() - 2 * TAIL);
        }
    }
}

impl Heard {
    fn take(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::Text(bytes) => {
                self.ctx.log.bytes(Stream::Stdout, bytes);
                let step = self.reader.as_mut().and_then(|reader| reader.stdout(bytes));
                self.report(step);
            }
            Piece::Message(line) => match Message::parse(line) {
                Ok(message) => self.heed(message),
                Err(e) => {
                    self.ctx.log.warn(format_args!("a ::callboard line is kept as log: {e}"));
                    self.ctx.log.bytes(Stream::Stdout, &[line, b"\n"].concat());
                }
            },
            Piece::TooLong(bytes) => {
                let most = self.ctx.max_result();
                self.ctx.log.warn(format!("a ::callboard line of more than {most} bytes is kept as log"));
                self.ctx.log.bytes(Stream::Stdout, bytes);
            }
        }
    }

    fn heed(&mut self, message: Message) {
        if let Some(snooze) = message.snooze() {
            self.ctx.log.event("snooze", &BTreeMap::from([("snooze_secs", message.snooze_secs)]));
            self.snooze = Some(snooze);
        }
        if let Some(result) = message.result {
            self.ctx.log.event("result", &BTreeMap::from([("result", &result)]));
            self.result = Some(result);
        }
        if !message.jobs.is_empty() {
            self.ctx.log.event("jobs", &BTreeMap::from([("count", message.jobs.len())]));
        }
        let own = self.ctx.job.name.clone().unwrap_or_default();
        for job in message.jobs {
            let number = self.jobs.len() + 1;
            // One too many is refused as a whole later; more need not be kept for that.
            if number <= MAX_BULK + 1 {
                self.jobs.push(job.node(|| format!("{own}.{number}")));
            }
        }
        self.report(message.progress);
    }

    fn report(&self, step: Option<Step>) {
        let Some(Step { percent, processed, total, message }) = step else { return };
        // Counts were checked not to be negative; what is too large becomes the largest.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let (processed, total) = (processed as u64, total.map(|n| n as u64));
        match percent {
            Some(percent) => self.ctx.progress_at(percent, processed, total, message.as_deref()),
            None => self.ctx.progress(processed, total, message.as_deref()),
        }
    }
}
