//! What is told to those who watch.

use serde::Serialize;

use super::{Progress, State, Timestamp};

/// Something that happened to a job. A state is told only after its commit.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The job.
    pub job_id: i64,
    /// Its type, for those who watch one.
    pub job_type: std::sync::Arc<str>,
    /// Its queue, for those who watch one.
    pub queue: std::sync::Arc<str>,
    /// What happened.
    pub body: EventBody,
}

/// What happened, in the shape of a WebSocket frame (which adds `job_id`).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum EventBody {
    /// It is in this state now.
    State {
        /// The new state.
        state: State,
        /// Attempts started so far.
        attempt: u32,
        /// Why, after a failure.
        error: Option<String>,
        /// When.
        at: Timestamp,
    },
    /// It got this far.
    Progress {
        /// The attempt that says so.
        attempt: u32,
        /// 0 to 100.
        percent: f64,
        /// Counted so far.
        processed: u64,
        /// In all.
        total: Option<u64>,
        /// For people.
        message: Option<String>,
        /// When.
        at: Timestamp,
    },
    /// It said this.
    Log(LogLine),
}

impl EventBody {
    /// The frame for a step of progress.
    #[must_use]
    pub fn progress(attempt: u32, p: &Progress, at: Timestamp) -> Self {
        Self::Progress {
            attempt,
            percent: p.percent,
            processed: p.processed,
            total: p.total,
            message: p.message.clone(),
            at,
        }
    }
}

/// One line of a job's log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LogLine {
    /// The attempt that wrote it.
    pub attempt: u32,
    /// `log`, `stdout` or `stderr`.
    pub stream: &'static str,
    /// Without its line end.
    pub line: String,
    /// When.
    pub at: Timestamp,
}
