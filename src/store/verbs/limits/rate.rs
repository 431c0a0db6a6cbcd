//! Rate limits: a sliding window over the starts, kept in the store so that neither a crash nor
//! another node forgets one.
//!
//! Starts are noted in the commit that makes them. With up to 1,024 starts in the span each
//! millisecond has a row; above that the span is cut into so many parts, and a part counts until all
//! of it is out of the window. So there are never more starts in any span than the limit says.

use std::time::Duration;

use diesel::QueryResult;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::held::{self, Holder};
use crate::domain::{RateLimit, Timestamp};
use crate::store::error::StoreResult;
use crate::store::sql::{self, Conn, binds, statement};
use crate::store::tx::Tx;

/// The most rows for one window.
const EXACT: u32 = 1024;
/// Values looked at in one go.
const MAX_DUE: i64 = 1000;
/// Rows out of the window that a value may have before they are deleted.
const MAX_STALE: usize = 16;

// Those that are out of the window too, which are few: they are to be counted.
statement!(Starts, "SELECT at, n FROM rate_starts WHERE job_type = ? AND key = ? ORDER BY at DESC");
statement!(
    Note,
    "INSERT INTO rate_starts (job_type, key, at, n) VALUES (?, ?, ?, ?) \
     ON CONFLICT (job_type, key, at) DO UPDATE SET n = rate_starts.n + excluded.n"
);
statement!(Forget, "DELETE FROM rate_starts WHERE job_type = ? AND key = ? AND at <= ?");
statement!(ForgetAll, "DELETE FROM rate_starts WHERE job_type = ? AND at <= ?");
statement!(
    Wait,
    "INSERT INTO rate_waits (job_type, key, until) VALUES (?, ?, ?) \
     ON CONFLICT (job_type, key) DO UPDATE SET until = excluded.until"
);
statement!(
    Due,
    "DELETE FROM rate_waits WHERE job_type = ? AND key IN \
     (SELECT key FROM rate_waits WHERE job_type = ? AND until <= ? ORDER BY until LIMIT ? + 0) RETURNING key"
);
statement!(NextDue, "SELECT min(until) FROM rate_waits WHERE job_type = ?");

/// What a rate limit leaves of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// How many may start now.
    pub starts: u32,
    /// If none, when the next one may.
    pub next: Option<Timestamp>,
    /// Whether it is time to forget those that are out of the window.
    pub stale: bool,
}

/// What a rate limit leaves of a value.
pub fn allowance(
    conn: &mut Conn,
    job_type: &str,
    value: &str,
    limit: &RateLimit,
    now: Timestamp,
) -> QueryResult<Allowance> {
    let since = window(limit, now).as_millis();
    let rows: Vec<(i64, i64)> = sql::load::<Starts, (BigInt, BigInt), _>(conn, binds![job_type, value])?;
    let (within, stale) = rows.split_at(rows.partition_point(|(at, _)| *at > since));
    let (starts, next) = allowed(within, limit);
    Ok(Allowance { starts, next, stale: stale.len() >= MAX_STALE })
}

/// The same, from how many starts are in the window and how many rows are out of it. `None`: none may
/// start, and when the next one may takes a look at each.
#[must_use]
pub fn left(limit: &RateLimit, within: i64, stale: i64) -> Option<Allowance> {
    let starts = u32::try_from(i64::from(limit.limit) - within).ok().filter(|left| *left > 0)?;
    let stale = usize::try_from(stale).is_ok_and(|rows| rows >= MAX_STALE);
    Some(Allowance { starts, next: None, stale })
}

/// How many more may start, from the starts in the window, the latest first; if none, when the next one
/// may.
fn allowed(starts: &[(i64, i64)], limit: &RateLimit) -> (u32, Option<Timestamp>) {
    let most = i64::from(limit.limit);
    let used: i64 = starts.iter().map(|(_, n)| n).sum();
    if used < most {
        return (u32::try_from(most - used).unwrap_or_default(), None);
    }
    // The next one may start once fewer than `most` of the latest starts are in the window.
    let mut later = 0;
    let ends = starts.iter().find(|(_, n)| {
        later += n;
        later >= most
    });
    (0, ends.map(|(at, _)| Timestamp::from_millis(*at).plus(span(limit))))
}

/// Forgets the starts of a value that are out of the window.
pub fn forget(
    tx: &mut Tx<'_>,
    job_type: &str,
    value: &str,
    limit: &RateLimit,
    now: Timestamp,
) -> StoreResult<()> {
    tx.run::<Forget>(binds![job_type, value, window(limit, now)]).map(|_| ())
}

/// Notes starts of a value.
pub fn started(
    tx: &mut Tx<'_>,
    job_type: &str,
    value: &str,
    limit: &RateLimit,
    n: u32,
    now: Timestamp,
) -> StoreResult<()> {
    tx.run::<Note>(binds![job_type, value, part_of(limit, now), n]).map(|_| ())
}

/// Notes until when jobs of a value are held.
pub fn wait(tx: &mut Tx<'_>, job_type: &str, value: &str, until: Timestamp) -> StoreResult<()> {
    tx.run::<Wait>(binds![job_type, value, until]).map(|_| ())
}

/// Lets go those jobs whose time has come; `next` is when the first ones may be let go. Returns when the
/// next ones may.
pub fn release_due(
    tx: &mut Tx<'_>,
    job_type: &str,
    limit: &RateLimit,
    next: Option<Timestamp>,
    now: Timestamp,
) -> StoreResult<Option<Timestamp>> {
    if next.is_none_or(|at| at > now) {
        return Ok(next);
    }
    let due: Vec<String> = tx.run_returning::<Due, Text, _>(binds![job_type, job_type, now, MAX_DUE])?;
    for value in due {
        held::release(tx, job_type, &Holder::Rate(value), limit.limit)?;
    }
    next_due(tx, job_type)
}

/// When the next jobs that a rate limit holds may be let go.
pub fn next_due(tx: &mut Tx<'_>, job_type: &str) -> StoreResult<Option<Timestamp>> {
    let next: Vec<Option<i64>> = tx.load::<NextDue, Nullable<BigInt>, _>(binds![job_type])?;
    Ok(next.into_iter().flatten().next().map(Timestamp::from_millis))
}

/// Forgets the starts of a job type up to a time, or all of them.
pub fn forget_starts(tx: &mut Tx<'_>, job_type: &str, upto: Option<Timestamp>) -> StoreResult<()> {
    tx.run::<ForgetAll>(binds![job_type, upto.map_or(i64::MAX, Timestamp::as_millis)]).map(|_| ())
}

/// The span of a limit.
#[must_use]
pub fn span(limit: &RateLimit) -> Duration {
    Duration::try_from_secs_f64(limit.per_secs).unwrap_or_default()
}

/// Starts up to here are out of the window.
#[must_use]
pub fn window(limit: &RateLimit, now: Timestamp) -> Timestamp {
    now.minus(span(limit))
}

/// The time that a start is noted under: the end of its part of the span.
fn part_of(limit: &RateLimit, now: Timestamp) -> Timestamp {
    if limit.limit <= EXACT {
        return now;
    }
    let part = i64::try_from(span(limit).as_millis()).unwrap_or(i64::MAX) / i64::from(EXACT);
    let part = part.max(1);
    Timestamp::from_millis((now.as_millis() + part - 1).div_euclid(part) * part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(limit: u32, per_secs: f64) -> RateLimit {
        RateLimit { limit, per_secs, key: None }
    }

    #[test]
    fn the_window_slides() {
        let two = limit(2, 1.0);
        assert_eq!(allowed(&[], &two), (2, None));
        assert_eq!(allowed(&[(100, 1)], &two), (1, None));
        assert_eq!(allowed(&[(400, 1), (100, 1)], &two), (0, Some(Timestamp::from_millis(1100))));
        // Started before the limit was lowered.
        assert_eq!(allowed(&[(400, 3), (100, 1)], &two), (0, Some(Timestamp::from_millis(1400))));
    }

    #[test]
    fn a_large_limit_is_counted_in_parts_that_end_late() {
        let large = limit(100_000, 1024.0);
        assert_eq!(part_of(&large, Timestamp::from_millis(1001)).as_millis(), 2000);
        assert_eq!(part_of(&large, Timestamp::from_millis(2000)).as_millis(), 2000);
        assert_eq!(part_of(&limit(5, 1024.0), Timestamp::from_millis(1001)).as_millis(), 1001);
    }
}
