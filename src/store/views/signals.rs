//! Signals of jobs.

use diesel::prelude::*;

use crate::domain::{Job, Json, Signal, SignalInfo, Timestamp};
use crate::store::schema::signals;
use crate::store::sql::Conn;

type Row = (String, Option<i64>, Option<i64>, Option<i64>, bool);

fn info((name, at, bytes, until, timed_out): Row) -> SignalInfo {
    let time = |ms: Option<i64>| ms.map(Timestamp::from_millis);
    SignalInfo { name, at: time(at), bytes, until: time(until), timed_out }
}

/// The signals that a job was given or waits for, by name, without their payloads.
pub fn signals(conn: &mut Conn, job: i64) -> QueryResult<Vec<SignalInfo>> {
    let rows: Vec<Row> = signals::table
        .filter(signals::job_id.eq(job))
        .order(signals::name)
        .select((signals::name, signals::at, signals::bytes, signals::until, signals::timed_out))
        .load(conn)?;
    Ok(rows.into_iter().map(info).collect())
}

/// One signal of a job.
pub fn signal(conn: &mut Conn, job: i64, name: &str) -> QueryResult<Option<Signal>> {
    let row: Option<(Row, Option<String>)> = signals::table
        .filter(signals::job_id.eq(job).and(signals::name.eq(name)))
        .select((
            (signals::name, signals::at, signals::bytes, signals::until, signals::timed_out),
            signals::payload,
        ))
        .first(conn)
        .optional()?;
    Ok(row.map(|(row, payload)| Signal { info: info(row), payload: payload.map(Json::trusted) }))
}

/// The signal for which a scheduled job waits, if that is what it does.
pub fn awaited(conn: &mut Conn, job: &Job) -> QueryResult<Option<String>> {
    let attempt = i32::try_from(job.attempt).unwrap_or(i32::MAX);
    signals::table
        .filter(signals::job_id.eq(job.id).and(signals::parked.eq(attempt)).and(signals::at.is_null()))
        .select(signals::name)
        .first(conn)
        .optional()
}
