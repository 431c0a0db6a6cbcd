//! What runs now on other nodes, and what remote workers do.

use diesel::sql_types::{BigInt, Integer, Nullable, Text};

use crate::domain::{Progress, State, Timestamp};
use crate::store::sql::{self, Conn, Dialect, LIMIT, binds, statement};

statement!(
    Elsewhere,
    format!(
        "SELECT id, job_type, attempt, worker_id, started_at, progress FROM jobs \
         WHERE state = '{}' AND node IS NOT NULL AND node <> ? ORDER BY node, id {LIMIT}",
        State::Running
    )
);

// Of an embedded database: nobody else than remote workers runs anything elsewhere.
statement!(
    Fetched,
    format!(
        "SELECT j.id, j.job_type, j.attempt, j.worker_id, j.started_at, j.progress \
         FROM remote_jobs r CROSS JOIN jobs j ON j.id = r.job_id \
         WHERE r.reserved_until IS NOT NULL AND j.state = '{}' ORDER BY r.reserved_until, r.job_id {LIMIT}",
        State::Running
    )
);

/// An attempt that runs.
#[derive(Clone, Debug)]
pub struct Running {
    /// Its job.
    pub job_id: i64,
    /// The job's type.
    pub job_type: String,
    /// Its number.
    pub attempt: u32,
    /// Node and worker.
    pub worker_id: String,
    /// When it began.
    pub started_at: Timestamp,
    /// How far it is, as the store knows.
    pub progress: Progress,
}

type Sql = (BigInt, Text, Integer, Nullable<Text>, Nullable<BigInt>, Nullable<Text>);
type Row = (i64, String, i32, Option<String>, Option<i64>, Option<String>);

/// Attempts that run on other nodes than this one, and elsewhere; at most `most`.
pub fn elsewhere(conn: &mut Conn, node: i64, most: usize) -> diesel::QueryResult<Vec<Running>> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows: Vec<Row> = match conn.dialect() {
        Dialect::Sqlite => sql::load::<Fetched, Sql, _>(conn, binds![most])?,
        Dialect::Postgres => sql::load::<Elsewhere, Sql, _>(conn, binds![node, most])?,
    };
    let running = |(job_id, job_type, attempt, worker_id, started_at, progress): Row| Running {
        job_id,
        job_type,
        attempt: u32::try_from(attempt).unwrap_or_default(),
        worker_id: worker_id.unwrap_or_default(),
        started_at: Timestamp::from_millis(started_at.unwrap_or_default()),
        progress: progress.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
    };
    Ok(rows.into_iter().map(running).collect())
}
