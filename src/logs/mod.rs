//! Log files per job and attempt, `jobs/{id}/{attempt}/` below one folder.
//!
//! A file is made at its first byte. Each stream is bounded: the first half of its room is written
//! straight (the head), after that the newest bytes are kept in two rotating files beside it (the
//! tail), which are merged into the one file when the attempt ends. Readers see the same logical
//! offsets before and after: the n-th byte that the job wrote has offset n, whether or not bytes
//! before it were left out.

mod attempt_log;
mod bounded_writer;
mod fault;
mod flusher;
mod gap;
mod job_logs;
mod lines;
mod part;
mod scope;
mod segment;
mod stream;
mod view;

pub use attempt_log::{AttemptLog, LogSink};
pub use job_logs::JobLogs;
pub use lines::{LineBreak, LineSplitter};
pub use part::Part;
pub use scope::{AttemptFields, LogScope};
pub use stream::Stream;
pub use view::Chunk;

/// Locks, also after a panic elsewhere: what is behind these locks is whole between any two lines.
fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
