//! Steps of jobs that have finished.

use diesel::prelude::*;

use crate::domain::step::{Step, StepInfo};
use crate::domain::{Json, Timestamp};
use crate::store::schema::steps;
use crate::store::sql::Conn;

type Row = (String, i32, i64, i64);

fn info((name, attempt, at, bytes): Row) -> StepInfo {
    let attempt = u32::try_from(attempt).unwrap_or_default();
    StepInfo { name, attempt, at: Timestamp::from_millis(at), bytes }
}

/// The steps of a job in the order in which they finished, without their values.
pub fn steps(conn: &mut Conn, job: i64) -> QueryResult<Vec<StepInfo>> {
    let rows: Vec<Row> = steps::table
        .filter(steps::job_id.eq(job))
        .order(steps::number)
        .select((steps::name, steps::attempt, steps::at, steps::bytes))
        .load(conn)?;
    Ok(rows.into_iter().map(info).collect())
}

/// One step of a job.
pub fn step(conn: &mut Conn, job: i64, name: &str) -> QueryResult<Option<Step>> {
    let row: Option<(Row, String)> = steps::table
        .filter(steps::job_id.eq(job).and(steps::name.eq(name)))
        .select(((steps::name, steps::attempt, steps::at, steps::bytes), steps::value))
        .first(conn)
        .optional()?;
    Ok(row.map(|(row, value)| Step { info: info(row), value: Json::trusted(value) }))
}
