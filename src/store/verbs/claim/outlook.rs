//! What a claim under limits begins with, read at once: how many run, where something waits, and when a
//! rate limit lets the next ones go.

use diesel::sql_types::{BigInt, Nullable, Text};

use super::NOT_PAUSED;
use crate::domain::{State, Timestamp};
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;

// The counters are written by the transactions that move the jobs, so they are what is. Counting the
// rows that run costs the more the more may.
statement!(
    Look,
    format!(
        "SELECT queue, state, n FROM counters WHERE job_type = ? AND n > 0 \
         AND (state = '{}' OR (state = '{}' AND {NOT_PAUSED})) \
         UNION ALL SELECT '', '', min(until) FROM rate_waits WHERE job_type = ?",
        State::Running,
        State::Pending
    )
);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Outlook {
    /// How many of the type run on all nodes.
    pub running: i64,
    /// The queues that have something to claim.
    pub queues: Vec<String>,
    /// When the next jobs that a rate limit holds may be let go.
    pub due: Option<Timestamp>,
}

impl Outlook {
    /// Reads it. What this transaction has done so far is in it too.
    pub(super) fn read(tx: &mut Tx<'_>, job_type: &str) -> StoreResult<Self> {
        let mut outlook = Self { running: tx.more_running(job_type), ..Self::default() };
        let rows: Vec<(String, String, Option<i64>)> =
            tx.load::<Look, (Text, Text, Nullable<BigInt>), _>(binds![job_type, job_type])?;
        for (queue, state, n) in rows {
            match state.parse() {
                Ok(State::Running) => outlook.running += n.unwrap_or_default(),
                Ok(_) => outlook.queues.push(queue),
                Err(_) => outlook.due = n.map(Timestamp::from_millis),
            }
        }
        super::add_new_queues(tx, job_type, &mut outlook.queues)?;
        Ok(outlook)
    }
}
