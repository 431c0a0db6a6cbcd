//! What is known of jobs elsewhere.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::domain::Timestamp;
use crate::store::schema::{counters, remote_jobs, remote_totals};
use crate::store::sql::Conn;

/// A job as it is known elsewhere: its id here, its id there, and what else it is there, as JSON.
pub type Known = (i64, String, String);

/// What is known of these jobs elsewhere; of those that nobody pushed or fetched, nothing.
pub fn known(conn: &mut Conn, ids: &[i64]) -> QueryResult<BTreeMap<i64, (String, String)>> {
    let rows: Vec<Known> = remote_jobs::table
        .filter(remote_jobs::job_id.eq_any(ids))
        .select((remote_jobs::job_id, remote_jobs::jid, remote_jobs::extra))
        .load(conn)?;
    Ok(rows.into_iter().map(|(id, jid, extra)| (id, (jid, extra))).collect())
}

/// The jobs that were pushed or fetched by an id, oldest first.
pub fn by_jid(conn: &mut Conn, jid: &str) -> QueryResult<Vec<i64>> {
    remote_jobs::table
        .filter(remote_jobs::jid.eq(jid))
        .order(remote_jobs::job_id)
        .select(remote_jobs::job_id)
        .load(conn)
}

/// How many reservations there are.
pub fn reserved(conn: &mut Conn) -> QueryResult<i64> {
    remote_jobs::table.filter(remote_jobs::reserved_until.is_not_null()).count().get_result(conn)
}

/// Whether the time of a reservation is up.
pub fn any_over(conn: &mut Conn, now: Timestamp) -> QueryResult<bool> {
    let over = remote_jobs::table
        .filter(
            remote_jobs::reserved_until.is_not_null().and(remote_jobs::reserved_until.le(now.as_millis())),
        )
        .order(remote_jobs::reserved_until)
        .select(remote_jobs::job_id)
        .first::<i64>(conn)
        .optional()?;
    Ok(over.is_some())
}

/// How much remote workers have done so far, by what it is called.
pub fn totals(conn: &mut Conn) -> QueryResult<BTreeMap<String, i64>> {
    let rows: Vec<(String, i64)> =
        remote_totals::table.select((remote_totals::name, remote_totals::n)).load(conn)?;
    let mut totals = BTreeMap::new();
    for (name, n) in rows {
        *totals.entry(name).or_default() += n;
    }
    Ok(totals)
}

/// All queues that ever had a job, by name.
pub fn queues(conn: &mut Conn) -> QueryResult<Vec<String>> {
    counters::table.select(counters::queue).distinct().order(counters::queue).load(conn)
}
