//! One job, with what belongs to it.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::domain::{Attempt, Job, Json, Outcome, State, Timestamp};
use crate::store::row::{COLUMNS, JobRow, RowSql};
use crate::store::schema::{attempts, jobs};
use crate::store::sql::{self, Conn, LIMIT, binds, statement};
use crate::workers::ParentResult;

statement!(Whole, format!("SELECT {COLUMNS} FROM jobs WHERE id = ?"));
statement!(Parents, "SELECT parent_id FROM dependencies WHERE child_id = ? ORDER BY parent_id");

/// A job, without its attempts.
pub fn job(conn: &mut Conn, id: i64) -> QueryResult<Option<Job>> {
    let rows: Vec<JobRow> = sql::load::<Whole, RowSql, _>(conn, binds![id])?;
    rows.into_iter().next().map(|row| complete(conn, row)).transpose()
}

/// A row with the ids that its job depends on.
pub fn complete(conn: &mut Conn, row: JobRow) -> QueryResult<Job> {
    let parents = if row.has_parents { depends_on(conn, row.id)? } else { Vec::new() };
    Ok(row.into_job(parents))
}

/// The jobs that a job depends on.
pub fn depends_on(conn: &mut Conn, id: i64) -> QueryResult<Vec<i64>> {
    sql::load::<Parents, BigInt, _>(conn, binds![id])
}

/// The attempts of a job, the one that runs now included.
pub fn attempts_of(conn: &mut Conn, job: &Job) -> QueryResult<Vec<Attempt>> {
    #[derive(Queryable, Selectable)]
    #[diesel(table_name = attempts)]
    struct Row {
        number: i32,
        started_at: i64,
        finished_at: i64,
        outcome: String,
        error: Option<String>,
        worker_id: Option<String>,
    }
    let rows: Vec<Row> = attempts::table
        .filter(attempts::job_id.eq(job.id))
        .order(attempts::number)
        .select(Row::as_select())
        .load(conn)?;
    let ended = rows.into_iter().map(|row| Attempt {
        number: u32::try_from(row.number).unwrap_or_default(),
        started_at: Timestamp::from_millis(row.started_at),
        finished_at: Some(Timestamp::from_millis(row.finished_at)),
        outcome: row.outcome.parse::<Outcome>().ok(),
        error: row.error,
        worker_id: row.worker_id,
        duration_ms: Some(row.finished_at - row.started_at),
    });
    let running = (job.state == State::Running).then(|| Attempt {
        number: job.attempt,
        started_at: job.started_at.unwrap_or(job.created_at),
        finished_at: None,
        outcome: None,
        error: None,
        worker_id: job.worker_id.clone(),
        duration_ms: None,
    });
    Ok(ended.chain(running).collect())
}

/// What the parents of a job left behind, in the order of their ids.
pub fn parent_results(conn: &mut Conn, parents: &[i64]) -> QueryResult<Vec<ParentResult>> {
    type Row = (i64, Option<String>, String, String, Option<String>);
    let mut results = Vec::with_capacity(parents.len());
    for chunk in parents.chunks(500) {
        let rows: Vec<Row> = jobs::table
            .filter(jobs::id.eq_any(chunk))
            .order(jobs::id)
            .select((jobs::id, jobs::name, jobs::job_type, jobs::state, jobs::result))
            .load(conn)?;
        results.extend(rows.into_iter().map(|(id, name, job_type, state, result)| ParentResult {
            id,
            name,
            job_type,
            state: state.parse().unwrap_or(State::Failed),
            result: result.map(Json::trusted),
        }));
    }
    Ok(results)
}

/// How many pending jobs of the same type and queue start before this one, counted up to `most`.
/// Those that a limit holds do not stand in its way.
pub fn jobs_before(conn: &mut Conn, job: &Job, most: i64) -> QueryResult<i64> {
    statement!(
        Before,
        format!(
            "SELECT count(*) FROM (SELECT 1 FROM jobs WHERE state = '{}' AND held IS NULL AND job_type = ? \
             AND queue = ? AND (priority, rank, id) < (SELECT priority, rank, id FROM jobs WHERE id = ?) {LIMIT}) before",
            State::Pending
        )
    );
    let n: Vec<i64> = sql::load::<Before, BigInt, _>(conn, binds![&job.job_type, &job.queue, job.id, most])?;
    Ok(n.first().copied().unwrap_or_default())
}

/// The parents of a job that are not final, at most `most` of them.
pub fn unfinished_parents(conn: &mut Conn, job: &Job, most: usize) -> QueryResult<Vec<(i64, State)>> {
    let mut waiting = Vec::new();
    for chunk in job.depends_on.chunks(500) {
        let rows: Vec<(i64, String)> = jobs::table
            .filter(jobs::id.eq_any(chunk))
            .order(jobs::id)
            .select((jobs::id, jobs::state))
            .load(conn)?;
        let open = rows.into_iter().filter_map(|(id, state)| Some((id, state.parse::<State>().ok()?)));
        waiting.extend(open.filter(|(_, state)| !state.is_final()));
        if waiting.len() >= most {
            waiting.truncate(most);
            break;
        }
    }
    Ok(waiting)
}
