//! The log of one attempt, open for writing.

use std::fmt::Display;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde::Serialize;
use serde_json::json;

use super::bounded_writer::BoundedWriter;
use super::job_logs::Shared;
use super::{LineBreak, LineSplitter, Stream};
use crate::domain::secret::Scrub;
use crate::domain::{LogLine, Progress, Timestamp};

/// The longest line that goes to a sink, in bytes.
const MAX_SINK_LINE: usize = 8 * 1024;

/// Where lines go while they are written. It must not block, and must not write to the log.
pub type LogSink = Arc<dyn Fn(LogLine) + Send + Sync>;

/// The log files of one attempt. Cloning gives another handle to the same ones. Writing never
/// fails: an error is kept for [`super::JobLogs::fault`]. What is written is in the files within a
/// quarter of a second, and at once after [`Self::close`].
#[derive(Clone)]
pub struct AttemptLog(Arc<OpenAttempt>);

/// The state behind the handles.
pub(super) struct OpenAttempt {
    shared: Arc<Shared>,
    job_id: i64,
    attempt: u32,
    sink: Option<LogSink>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    streams: [Option<Box<OpenStream>>; Stream::ALL.len()],
    /// Whether the flusher knows that there is something to write out.
    flush_is_due: bool,
    closed: bool,
    /// What must not be seen.
    hidden: Scrub,
}

struct OpenStream {
    writer: BoundedWriter,
    lines: LineSplitter,
    /// What may be the beginning of something that must not be seen.
    held: Vec<u8>,
}

#[derive(Serialize)]
struct EventLine<'a, T> {
    at: Timestamp,
    event: &'a str,
    #[serde(flatten)]
    fields: &'a T,
}

#[derive(Serialize)]
struct ProgressLine<'a> {
    at: Timestamp,
    percent: f64,
    processed: u64,
    total: Option<u64>,
    message: &'a Option<String>,
}

impl AttemptLog {
    pub(super) fn new(shared: Arc<Shared>, job_id: i64, attempt: u32, sink: Option<LogSink>) -> Self {
        Self(Arc::new(OpenAttempt { shared, job_id, attempt, sink, state: Mutex::default() }))
    }

    /// Writes to `job.log`.
    pub fn info(&self, message: impl Display) {
        self.line("INFO", message);
    }

    /// Writes a warning to `job.log`.
    pub fn warn(&self, message: impl Display) {
        self.line("WARN", message);
    }

    /// Writes an error to `job.log`.
    pub fn error(&self, message: impl Display) {
        self.line("ERROR", message);
    }

    /// Writes why the attempt failed to `job.log`, if the attempt has a log. One that has said nothing
    /// leaves no file for what the queue keeps anyway.
    pub fn verdict(&self, message: impl Display) {
        if super::lock(&self.0.state).streams.iter().any(Option::is_some) {
            self.error(message);
        }
    }

    /// Writes to `events.jsonl`: the name, the time, and the fields of an object (anything that is
    /// not an object becomes the field `data`).
    pub fn event(&self, event: &str, fields: &impl Serialize) {
        let at = self.now();
        let line = serde_json::to_string(&EventLine { at, event, fields })
            .or_else(|_| serde_json::to_string(&json!({"at": at, "event": event, "data": fields})));
        self.json_line(Stream::Events, line);
    }

    /// Writes to `progress.jsonl`.
    pub fn progress(&self, step: &Progress) {
        let Progress { percent, processed, total, message, .. } = step;
        let line =
            ProgressLine { at: self.now(), percent: *percent, processed: *processed, total: *total, message };
        self.json_line(Stream::Progress, serde_json::to_string(&line));
    }

    /// Writes what a program printed, as it is.
    pub fn bytes(&self, stream: Stream, bytes: &[u8]) {
        self.0.write(stream, bytes);
    }

    /// From now on leaves out what must not be seen.
    pub fn hide(&self, hidden: Scrub) {
        super::lock(&self.0.state).hidden = hidden;
    }

    /// Ends the log: everything is in the files now, and what is written later is dropped. It is
    /// closed by itself when the last handle goes.
    pub fn close(&self) {
        self.0.close();
    }

    fn line(&self, level: &str, message: impl Display) {
        self.0.write(Stream::Log, format!("{} {level:<5} {message}\n", self.now()).as_bytes());
    }

    fn json_line(&self, stream: Stream, line: serde_json::Result<String>) {
        match line {
            Ok(line) => self.0.write(stream, format!("{line}\n").as_bytes()),
            Err(e) => self.warn(format_args!("cannot write to {}: {e}", stream.file_name())),
        }
    }

    fn now(&self) -> Timestamp {
        self.0.shared.clock.now()
    }
}

impl OpenAttempt {
    fn write(self: &Arc<Self>, stream: Stream, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let mut state = super::lock(&self.state);
        if state.closed {
            return;
        }
        let max_bytes = self.shared.max_bytes;
        let hidden = state.hidden.clone();
        let open = state.streams[stream as usize].get_or_insert_with(|| {
            let lines = LineSplitter::new(LineBreak::Newline, MAX_SINK_LINE);
            Box::new(OpenStream { writer: BoundedWriter::new(stream, max_bytes), lines, held: Vec::new() })
        });
        let seen = (!hidden.is_empty()).then(|| hidden.piece(&mut open.held, bytes));
        let bytes = seen.as_deref().unwrap_or(bytes);
        if !stream.is_json()
            && let Some(sink) = &self.sink
        {
            open.lines.push(bytes, |line| sink(self.log_line(stream, line)));
        }
        if open.writer.push(bytes) {
            let folder = self.folder();
            self.shared.fault.note(&folder, open.writer.flush(&folder));
        } else if !state.flush_is_due {
            state.flush_is_due = true;
            if !self.shared.flusher.add(Arc::downgrade(self)) {
                self.flush_streams(&mut state);
            }
        }
    }

    /// Writes out what waits in the buffers.
    pub fn flush(&self) {
        self.flush_streams(&mut super::lock(&self.state));
    }

    fn flush_streams(&self, state: &mut State) {
        state.flush_is_due = false;
        let folder = self.folder();
        for open in state.streams.iter_mut().flatten() {
            self.shared.fault.note(&folder, open.writer.flush(&folder));
        }
    }

    fn close(&self) {
        let mut state = super::lock(&self.state);
        if std::mem::replace(&mut state.closed, true) {
            return;
        }
        for (stream, open) in Stream::ALL.into_iter().zip(&mut state.streams) {
            let Some(mut open) = open.take() else { continue };
            let folder = self.folder();
            let held = std::mem::take(&mut open.held);
            if !held.is_empty() {
                open.writer.push(&held);
            }
            if let Some(sink) = &self.sink {
                open.lines.push(&held, |line| sink(self.log_line(stream, line)));
                open.lines.finish(|line| sink(self.log_line(stream, line)));
            }
            self.shared.fault.note(&folder, open.writer.close(&folder));
        }
    }

    fn log_line(&self, stream: Stream, line: &str) -> LogLine {
        LogLine {
            attempt: self.attempt,
            stream: stream.as_str(),
            line: line.to_owned(),
            at: self.shared.clock.now(),
        }
    }

    fn folder(&self) -> PathBuf {
        self.shared.folder(self.job_id, self.attempt)
    }
}

impl Drop for OpenAttempt {
    fn drop(&mut self) {
        self.close();
    }
}
