//! Jobs that are kept out of claims until there may be room for them.

use diesel::sql_types::{BigInt, Integer, Text};

use super::rate;
use crate::domain::{Limits, State, Timestamp};
use crate::store::error::StoreResult;
use crate::store::sql::{LIMIT, binds, list, statement};
use crate::store::tx::Tx;
use crate::store::views;

/// The most values that one sweep looks at.
const MAX_SWEEP: usize = 1000;

statement!(Hold, |dialect| format!(
    "UPDATE jobs SET held = ? WHERE {} AND state = '{}'",
    dialect.in_list(),
    State::Pending
));
// Not one of a paused queue: it would take the place of those that could run.
statement!(Release, |dialect| format!(
    "UPDATE jobs SET held = NULL WHERE id IN (SELECT id FROM jobs \
         WHERE state = '{}' AND held IS NOT NULL AND job_type = ? AND held = ? \
         AND queue NOT IN (SELECT name FROM pauses WHERE kind = 'queue') \
         ORDER BY priority, rank, id {LIMIT}{})",
    State::Pending,
    dialect.lock_free()
));
statement!(
    First,
    format!(
        "SELECT priority, rank FROM jobs WHERE state = '{}' AND held IS NOT NULL AND job_type = ? AND held = ? \
         ORDER BY priority, rank, id LIMIT 1",
        State::Pending
    )
);
statement!(
    NextValue,
    format!(
        "SELECT held FROM jobs WHERE state = '{}' AND held IS NOT NULL AND job_type = ? AND held > ? \
         ORDER BY held LIMIT 1",
        State::Pending
    )
);

/// What holds a job.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Holder {
    /// So many of this value run already.
    Concurrency(String),
    /// So many of this value have started already.
    Rate(String),
}

impl Holder {
    /// As it is kept in the database.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Concurrency(value) => format!("c:{value}"),
            Self::Rate(value) => format!("r:{value}"),
        }
    }

    /// The other way round.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("c", value) => Some(Self::Concurrency(value.to_owned())),
            ("r", value) => Some(Self::Rate(value.to_owned())),
            _ => None,
        }
    }
}

/// Keeps pending jobs out of claims.
pub fn hold(tx: &mut Tx<'_>, ids: &[i64], holder: &Holder) -> StoreResult<()> {
    tx.run::<Hold>(binds![&holder.text(), &list(ids.iter().copied())]).map(|_| ())
}

/// Lets up to `n` jobs of a holder into claims again, by priority and rank; whether there were any.
pub fn release(tx: &mut Tx<'_>, job_type: &str, holder: &Holder, n: u32) -> StoreResult<bool> {
    let any = tx.run::<Release>(binds![job_type, &holder.text(), n])? > 0;
    if any {
        let job_type = tx.name(job_type);
        tx.ready(&job_type);
    }
    Ok(any)
}

/// An attempt of this value has ended, so there is room for another one. Whether one was let go.
pub fn room(tx: &mut Tx<'_>, job_type: &str, concurrency_key: Option<&str>) -> StoreResult<bool> {
    match concurrency_key {
        Some(value) if !value.is_empty() => release(tx, job_type, &Holder::Concurrency(value.to_owned()), 1),
        _ => Ok(false),
    }
}

/// The same for the starts of a value: one that could have been made was not.
pub fn start_left(tx: &mut Tx<'_>, job_type: &str, rate_key: Option<&str>) -> StoreResult<bool> {
    match rate_key {
        Some(value) if !value.is_empty() => release(tx, job_type, &Holder::Rate(value.to_owned()), 1),
        _ => Ok(false),
    }
}

/// A pending job waits no more in its place: if it was about to start, others may instead.
pub fn left(
    tx: &mut Tx<'_>,
    job_type: &str,
    concurrency_key: Option<&str>,
    rate_key: Option<&str>,
) -> StoreResult<()> {
    room(tx, job_type, concurrency_key)?;
    start_left(tx, job_type, rate_key).map(|_| ())
}

/// What a new pending job is held by from the start: those of its value that come before it are
/// held too.
pub fn behind(
    tx: &mut Tx<'_>,
    job_type: &str,
    value: &str,
    place: (i32, i64),
) -> StoreResult<Option<Holder>> {
    let holder = Holder::Concurrency(value.to_owned());
    let first: Vec<(i32, i64)> = tx.load::<First, (Integer, BigInt), _>(binds![job_type, &holder.text()])?;
    Ok(first.first().is_some_and(|first| *first < place).then_some(holder))
}

/// Looks again at what is held, as far as it may start now: the safety net under `room`, and what
/// follows a limit that was raised. Values after `after`; returns where to go on.
pub fn sweep(
    tx: &mut Tx<'_>,
    job_type: &str,
    after: Option<String>,
    now: Timestamp,
) -> StoreResult<Option<String>> {
    let limits = tx.limits(job_type);
    let mut after = after.unwrap_or_default();
    for _ in 0..MAX_SWEEP {
        let next: Vec<String> = tx.load::<NextValue, Text, _>(binds![job_type, &after])?;
        let Some(text) = next.into_iter().next() else { return Ok(None) };
        if let Some(holder) = Holder::parse(&text) {
            let n = may_start(tx, job_type, limits.as_deref(), &holder, now)?;
            if n > 0 {
                release(tx, job_type, &holder, n)?;
            }
        }
        after = text;
    }
    Ok(Some(after))
}

/// How many of a holder's jobs the limits let start now.
fn may_start(
    tx: &mut Tx<'_>,
    job_type: &str,
    limits: Option<&Limits>,
    holder: &Holder,
    now: Timestamp,
) -> StoreResult<u32> {
    /// Let go at once where nothing holds them any more; a few at a time will do.
    const NO_LIMIT: u32 = 1000;
    match holder {
        Holder::Concurrency(value) => match limits.and_then(|l| l.per_key.as_ref()) {
            Some(per_key) => {
                let running = views::limits::running(tx.conn()?, job_type, Some(value))?;
                Ok(per_key.limit.saturating_sub(u32::try_from(running).unwrap_or(u32::MAX)))
            }
            None => Ok(NO_LIMIT),
        },
        Holder::Rate(value) => match limits.and_then(|l| l.rate_limit.as_ref()).filter(|l| l.key.is_some()) {
            Some(limit) => Ok(rate::allowance(tx.conn()?, job_type, value, limit, now)?.starts),
            None => Ok(NO_LIMIT),
        },
    }
}
