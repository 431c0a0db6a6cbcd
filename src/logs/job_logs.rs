//! The logs of all jobs of a server.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::fault::Fault;
use super::flusher::Flusher;
use super::view::View;
use super::{AttemptLog, Chunk, LogSink, Stream, segment};
use crate::domain::Clock;

/// The logs of all jobs of a server. Cloning gives another handle to the same ones.
#[derive(Clone)]
pub struct JobLogs(pub(super) Arc<Shared>);

/// What the logs of all attempts have in common.
pub(super) struct Shared {
    root: PathBuf,
    pub max_bytes: u64,
    pub clock: Clock,
    pub fault: Fault,
    pub flusher: Flusher,
}

impl JobLogs {
    /// Logs below `root`, each stream of each attempt with at most `max_bytes_per_stream` bytes (a
    /// kibibyte at least). Makes nothing yet.
    #[must_use]
    pub fn new(root: PathBuf, max_bytes_per_stream: u64, clock: Clock) -> Self {
        let (fault, flusher) = (Fault::default(), Flusher::default());
        Self(Arc::new(Shared { root, max_bytes: max_bytes_per_stream, clock, fault, flusher }))
    }

    /// Opens the log of an attempt for writing. Lines of `log`, `stdout` and `stderr` go to the
    /// sink as well.
    #[must_use]
    pub fn attempt(&self, job_id: i64, attempt: u32, sink: Option<LogSink>) -> AttemptLog {
        AttemptLog::new(Arc::clone(&self.0), job_id, attempt, sink)
    }

    /// Reads about `limit` bytes at most, from `offset` on. A stream that nothing was written to
    /// has size 0.
    ///
    /// # Errors
    /// When the files are there and cannot be read.
    pub fn read(
        &self,
        job_id: i64,
        attempt: u32,
        stream: Stream,
        offset: u64,
        limit: u64,
    ) -> io::Result<Chunk> {
        self.view(job_id, attempt, stream)?.read(offset, limit)
    }

    /// Reads the last lines, 8 MiB of them at most.
    ///
    /// # Errors
    /// When the files are there and cannot be read.
    pub fn tail(&self, job_id: i64, attempt: u32, stream: Stream, lines: usize) -> io::Result<Chunk> {
        self.view(job_id, attempt, stream)?.tail(lines)
    }

    /// The attempts that have left files, in order.
    ///
    /// # Errors
    /// When the folder is there and cannot be read.
    pub fn attempts(&self, job_id: i64) -> io::Result<Vec<u32>> {
        let entries = match fs::read_dir(self.0.job_folder(job_id)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut attempts = Vec::new();
        for entry in entries {
            attempts.extend(entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()));
        }
        attempts.sort_unstable();
        Ok(attempts)
    }

    /// The file of a stream, which need not exist. While the attempt runs it may lack the newest
    /// bytes; [`Self::read`] knows them all.
    #[must_use]
    pub fn path(&self, job_id: i64, attempt: u32, stream: Stream) -> PathBuf {
        self.0.folder(job_id, attempt).join(stream.file_name())
    }

    /// Makes one file of each stream of an attempt whose server died before it could.
    ///
    /// # Errors
    /// When the files cannot be read or written.
    pub fn settle(&self, job_id: i64, attempt: u32) -> io::Result<()> {
        let folder = self.0.folder(job_id, attempt);
        Stream::ALL.iter().try_for_each(|stream| segment::merge(&folder, *stream, self.0.max_bytes))
    }

    /// Deletes all logs of a job. None is fine.
    ///
    /// # Errors
    /// When files are there and cannot be deleted.
    pub fn remove(&self, job_id: i64) -> io::Result<()> {
        match fs::remove_dir_all(self.0.job_folder(job_id)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    /// The last error in writing a log, while it holds.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        self.0.fault.get()
    }

    fn view(&self, job_id: i64, attempt: u32, stream: Stream) -> io::Result<View> {
        View::open(&self.0.folder(job_id, attempt), stream, self.0.max_bytes)
    }
}

impl Shared {
    pub fn folder(&self, job_id: i64, attempt: u32) -> PathBuf {
        self.job_folder(job_id).join(attempt.to_string())
    }

    fn job_folder(&self, job_id: i64) -> PathBuf {
        self.root.join("jobs").join(job_id.to_string())
    }
}
