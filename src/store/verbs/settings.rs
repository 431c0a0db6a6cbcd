//! Pauses, and what was changed of job types at run time.

use crate::domain::Timestamp;
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;

statement!(Pause, "INSERT INTO pauses (kind, name, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
statement!(Resume, "DELETE FROM pauses WHERE kind = ? AND name = ?");
statement!(
    Keep,
    "INSERT INTO job_type_settings (job_type, concurrency, rate_limit, timeout_secs, global_concurrency) \
     VALUES (?, ?, ?, ?, ?) \
     ON CONFLICT (job_type) DO UPDATE SET concurrency = excluded.concurrency, \
     global_concurrency = excluded.global_concurrency, rate_limit = excluded.rate_limit, timeout_secs = excluded.timeout_secs"
);

/// What can be paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pausable {
    /// All jobs of a type.
    JobType,
    /// All jobs of a queue.
    Queue,
    /// All jobs; it has no name.
    All,
}

impl Pausable {
    /// Its word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::JobType => "job_type",
            Self::Queue => "queue",
            Self::All => "all",
        }
    }
}

/// Stops or resumes the starting of jobs.
pub fn pause(tx: &mut Tx<'_>, what: Pausable, name: &str, paused: bool, now: Timestamp) -> StoreResult<()> {
    if paused {
        tx.run::<Pause>(binds![what.as_str(), name, now])?;
    } else {
        tx.run::<Resume>(binds![what.as_str(), name])?;
    }
    tx.settings_changed();
    Ok(())
}

/// What was changed of a job type at run time; `None`: as configured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobTypeSettings {
    /// Attempts at once on a node.
    pub concurrency: Option<u32>,
    /// As JSON; `null`: none.
    pub rate_limit: Option<String>,
    /// `Some(None)`: no limit.
    pub timeout_secs: Option<Option<f64>>,
    /// `Some(None)`: no limit.
    pub global_concurrency: Option<Option<u32>>,
}

/// Keeps what was changed of a job type.
pub fn keep(tx: &mut Tx<'_>, job_type: &str, settings: &JobTypeSettings) -> StoreResult<()> {
    tx.run::<Keep>(binds![
        job_type,
        settings.concurrency.map(i64::from),
        &settings.rate_limit,
        settings.timeout_secs.map(|given| given.unwrap_or(0.0)),
        settings.global_concurrency.map(|given| given.map_or(0, i64::from)),
    ])?;
    tx.settings_changed();
    Ok(())
}
