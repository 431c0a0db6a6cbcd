//! What people want to see at a glance. The cost of none of it grows with the number of jobs.

use std::collections::BTreeMap;

use super::Callboard;
use crate::domain::{JobFilter, State, Timestamp};
use crate::error::Error;
use crate::store::views;
use crate::store::views::failures::Failure;
use crate::store::views::family::Family;
use crate::store::views::status::Counter;
use crate::store::views::throughput::Throughputs;

/// Jobs on each side of a family.
const MAX_RELATIVES: u32 = 30;

impl Callboard {
    /// How many jobs there are: type, queue, state, number.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn counters(&self) -> Result<Vec<Counter>, Error> {
        self.read(views::status::all_counters).await
    }

    /// What happened since a moment, which is where a step begins, in steps of so many milliseconds, by job
    /// type and by queue.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn throughputs(&self, since: Timestamp, step_ms: i64) -> Result<Throughputs, Error> {
        let unknown = self.past.unknown_since(since, step_ms);
        let read = self.read(move |conn| views::throughput::throughputs(conn, unknown, step_ms)).await?;
        Ok(self.past.complete(since, step_ms, unknown, read, self.shared.clock.now()))
    }

    /// The jobs that failed for good last, the latest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn latest_failures(&self, most: u32) -> Result<Vec<Failure>, Error> {
        self.read(move |conn| views::failures::latest(conn, most)).await
    }

    /// The jobs that a job depends on, and those that depend on it.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn family(&self, id: i64) -> Result<Family, Error> {
        self.read(move |conn| views::family::family(conn, id, MAX_RELATIVES)).await
    }

    /// How long the last completed jobs of a type in a queue ran, the newest first: job and
    /// milliseconds.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn durations(&self, job_type: &str, queue: &str, most: u32) -> Result<Vec<(i64, i64)>, Error> {
        let (job_type, queue) = (job_type.to_owned(), queue.to_owned());
        self.read(move |conn| views::durations::durations(conn, &job_type, &queue, most)).await
    }

    /// How many jobs a filter matches, counted up to `most`.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn count(&self, filter: JobFilter, most: usize) -> Result<u64, Error> {
        let counted = self.read(move |conn| views::list::count(conn, &filter, most)).await?;
        Ok(u64::try_from(counted).unwrap_or_default())
    }
}

/// The sum of counters by state.
#[must_use]
pub fn by_state(counters: &[Counter], wanted: impl Fn(&str, &str) -> bool) -> BTreeMap<State, i64> {
    let mut counts = crate::domain::status::no_counts();
    for (_, _, state, n) in counters.iter().filter(|(job_type, queue, ..)| wanted(job_type, queue)) {
        *counts.entry(*state).or_default() += n;
    }
    counts
}
