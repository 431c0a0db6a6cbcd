//! Schedules and what became of their runs.

use std::collections::HashMap;

use diesel::QueryResult;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use crate::domain::schedule::{Owner, Schedule, ScheduleRun};
use crate::domain::{ScheduleSpec, Timestamp};
use crate::store::sql::{self, Conn, LIMIT, Statement, binds, statement};

/// A schedule with its last run.
const SCHEDULE: &str =
    "s.name, s.spec, s.owner, s.paused, s.next_run_at, s.version, s.created_at, s.updated_at";
/// A run with what became of its job.
const RUN: &str = "r.number, r.due_at, r.fired_at, r.caused_by, r.outcome, r.job_id, r.reason, j.state";
/// Where they come from.
const FROM: &str = "FROM schedules s LEFT JOIN schedule_runs r ON r.schedule = s.name AND r.number = s.last_number \
     LEFT JOIN jobs j ON j.id = r.job_id";

statement!(Page, format!("SELECT {SCHEDULE}, {RUN} {FROM} WHERE s.name > ? ORDER BY s.name {LIMIT}"));
statement!(One, format!("SELECT {SCHEDULE}, {RUN} {FROM} WHERE s.name = ?"));
statement!(
    Due,
    format!(
        "SELECT {SCHEDULE}, {RUN} {FROM} WHERE s.paused = FALSE AND s.next_run_at <= ? \
         ORDER BY s.next_run_at, s.name {LIMIT}"
    )
);
statement!(
    NextDue,
    "SELECT next_run_at FROM schedules WHERE paused = FALSE AND next_run_at IS NOT NULL \
     ORDER BY next_run_at LIMIT 1"
);
statement!(
    Runs,
    format!(
        "SELECT {RUN} FROM schedule_runs r LEFT JOIN jobs j ON j.id = r.job_id \
         WHERE r.schedule = ? ORDER BY r.number DESC {LIMIT}"
    )
);

statement!(
    Histories,
    format!(
        "SELECT s.name, {RUN} FROM (SELECT name, last_number FROM schedules WHERE name > ? ORDER BY name {LIMIT}) s \
         JOIN schedule_runs r ON r.schedule = s.name AND r.number > s.last_number - ? \
         LEFT JOIN jobs j ON j.id = r.job_id ORDER BY s.name, r.number"
    )
);

type HeadSql = (Text, Text, Text, Bool, Nullable<BigInt>, BigInt, BigInt, BigInt);
type Head = (String, String, String, bool, Option<i64>, i64, i64, i64);
type RunSql = (BigInt, BigInt, BigInt, Text, Text, Nullable<BigInt>, Nullable<Text>, Nullable<Text>);
type Run = (i64, i64, i64, String, String, Option<i64>, Option<String>, Option<String>);

/// Schedules by name: those after `after`.
pub fn schedules(conn: &mut Conn, after: &str, limit: i64) -> QueryResult<Vec<Schedule>> {
    load::<Page>(conn, binds![after, limit])
}

/// One schedule.
pub fn schedule(conn: &mut Conn, name: &str) -> QueryResult<Option<Schedule>> {
    Ok(load::<One>(conn, binds![name])?.pop())
}

/// Schedules that are due, the longest due first.
pub fn due(conn: &mut Conn, now: Timestamp, limit: i64) -> QueryResult<Vec<Schedule>> {
    load::<Due>(conn, binds![now, limit])
}

/// When the next schedule is due.
pub fn next_due(conn: &mut Conn) -> QueryResult<Option<Timestamp>> {
    let next: Vec<i64> = sql::load::<NextDue, BigInt, _>(conn, &[])?;
    Ok(next.first().copied().map(Timestamp::from_millis))
}

/// The history of a schedule, the newest first.
pub fn runs(conn: &mut Conn, name: &str, limit: i64) -> QueryResult<Vec<ScheduleRun>> {
    let rows: Vec<Run> = sql::load::<Runs, RunSql, _>(conn, binds![name, limit])?;
    rows.into_iter().map(run).collect()
}

/// The last `most` runs of each schedule of a page of [`schedules`], the oldest first.
pub fn histories(
    conn: &mut Conn,
    after: &str,
    limit: i64,
    most: i64,
) -> QueryResult<HashMap<String, Vec<ScheduleRun>>> {
    let rows: Vec<(String, Run)> =
        sql::load::<Histories, (Text, RunSql), _>(conn, binds![after, limit, most])?;
    let mut histories: HashMap<String, Vec<ScheduleRun>> = HashMap::new();
    for (name, row) in rows {
        histories.entry(name).or_default().push(run(row)?);
    }
    Ok(histories)
}

fn load<S: Statement>(conn: &mut Conn, binds: &[sql::Bind<'_>]) -> QueryResult<Vec<Schedule>> {
    let rows: Vec<(Head, Option<Run>)> = sql::load::<S, (HeadSql, Nullable<RunSql>), _>(conn, binds)?;
    rows.into_iter().map(read).collect()
}

fn read((head, last_run): (Head, Option<Run>)) -> QueryResult<Schedule> {
    let (name, spec, owner, paused, next_run_at, version, created_at, updated_at) = head;
    let spec: ScheduleSpec = serde_json::from_str(&spec).map_err(|e| broken(&name, &e.to_string()))?;
    Ok(Schedule {
        owner: if owner == Owner::Config.as_str() { Owner::Config } else { Owner::Api },
        spec,
        paused,
        next_run_at: next_run_at.map(Timestamp::from_millis),
        version,
        created_at: Timestamp::from_millis(created_at),
        updated_at: Timestamp::from_millis(updated_at),
        last_run: last_run.map(run).transpose()?,
        name,
    })
}

fn run((number, due_at, fired_at, trigger, outcome, job_id, reason, state): Run) -> QueryResult<ScheduleRun> {
    Ok(ScheduleRun {
        number,
        due_at: Timestamp::from_millis(due_at),
        fired_at: Timestamp::from_millis(fired_at),
        trigger: trigger.parse().map_err(|e: String| broken("run", &e))?,
        outcome: outcome.parse().map_err(|e: String| broken("run", &e))?,
        job_id,
        reason,
        job_state: state.and_then(|state| state.parse().ok()),
    })
}

/// What only a hand in the database, or a time zone that is known no more, can bring about.
fn broken(what: &str, why: &str) -> diesel::result::Error {
    diesel::result::Error::DeserializationError(format!("schedule {what} cannot be read: {why}").into())
}
