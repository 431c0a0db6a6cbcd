//! Which limit keeps a job from starting.

use diesel::prelude::*;

use crate::domain::{KeyPath, Limits, RateLimit, State, Timestamp};
use crate::store::schema::jobs;
use crate::store::sql::{self, Conn, binds, statement};
use crate::store::verbs::limits::rate;

/// The limit that a job meets.
#[derive(Clone, Debug, PartialEq)]
pub enum Met {
    /// So many run on all nodes.
    Global {
        /// As many as may.
        most: u32,
    },
    /// So many of its value run.
    PerKey {
        /// What it is told apart by.
        key: KeyPath,
        /// Its value.
        value: String,
        /// As many as may.
        most: u32,
    },
    /// So many have started.
    Rate {
        /// The limit.
        limit: RateLimit,
        /// When the next one may start.
        next: Timestamp,
    },
}

/// The limit that keeps a pending job from starting now, if one does.
pub fn met(
    conn: &mut Conn,
    id: i64,
    job_type: &str,
    limits: &Limits,
    now: Timestamp,
) -> QueryResult<Option<Met>> {
    let found: Option<(Option<String>, Option<String>)> =
        jobs::table.find(id).select((jobs::concurrency_key, jobs::rate_key)).first(conn).optional()?;
    let Some((concurrency_key, rate_key)) = found else { return Ok(None) };
    if let Some(most) = limits.global_concurrency
        && running(conn, job_type, None)? >= i64::from(most)
    {
        return Ok(Some(Met::Global { most }));
    }
    if let (Some(per_key), Some(value)) = (&limits.per_key, concurrency_key.filter(|value| !value.is_empty()))
        && running(conn, job_type, Some(&value))? >= i64::from(per_key.limit)
    {
        return Ok(Some(Met::PerKey { key: per_key.key.clone(), value, most: per_key.limit }));
    }
    let Some(limit) = &limits.rate_limit else { return Ok(None) };
    let value = rate_key.unwrap_or_default();
    if limit.key.is_some() && value.is_empty() {
        return Ok(None);
    }
    let next = rate::allowance(conn, job_type, &value, limit, now)?.next;
    Ok(next.map(|next| Met::Rate { limit: limit.clone(), next }))
}

/// How many attempts of a job type that are counted run on all nodes, or of one value.
pub fn running(conn: &mut Conn, job_type: &str, value: Option<&str>) -> QueryResult<i64> {
    statement!(
        Counted,
        format!(
            "SELECT count(*) FROM jobs WHERE state = '{}' AND concurrency_key IS NOT NULL AND job_type = ?",
            State::Running
        )
    );
    statement!(
        CountedOf,
        format!(
            "SELECT count(*) FROM jobs WHERE state = '{}' AND concurrency_key IS NOT NULL AND job_type = ? \
             AND concurrency_key = ?",
            State::Running
        )
    );
    let n: Vec<i64> = match value {
        None => sql::load::<Counted, diesel::sql_types::BigInt, _>(conn, binds![job_type])?,
        Some(value) => sql::load::<CountedOf, diesel::sql_types::BigInt, _>(conn, binds![job_type, value])?,
    };
    Ok(n.first().copied().unwrap_or_default())
}
