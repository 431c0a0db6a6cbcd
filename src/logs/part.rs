//! Which part of a stream is asked for.

use std::io;

use serde::{Deserialize, Serialize};

use super::{Chunk, JobLogs, Stream};

/// Which part of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// About so many bytes at most, from an offset on.
    From {
        /// The bytes before it.
        offset: u64,
        /// How many.
        limit: u64,
    },
    /// The last lines.
    Tail(usize),
}

impl JobLogs {
    /// Reads a part of a stream, as [`Self::read`] and [`Self::tail`] do.
    ///
    /// # Errors
    /// When the files are there and cannot be read.
    pub fn part(&self, job_id: i64, attempt: u32, stream: Stream, part: Part) -> io::Result<Chunk> {
        match part {
            Part::From { offset, limit } => self.read(job_id, attempt, stream, offset, limit),
            Part::Tail(lines) => self.tail(job_id, attempt, stream, lines),
        }
    }
}
