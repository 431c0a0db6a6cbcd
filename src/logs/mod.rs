//! Log files per job and attempt: `logs/jobs/{id}/{attempt}/`.

/// The log files of one attempt, open for writing.
#[derive(Clone)]
pub struct AttemptLog;
