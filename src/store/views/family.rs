//! The jobs around a job.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::domain::{State, Timestamp};
use crate::store::sql::{self, Conn, binds, statement};

statement!(
    Parents,
    "SELECT j.id, j.job_type, j.name, j.state, j.completed_at FROM dependencies d JOIN jobs j ON j.id = d.parent_id \
     WHERE d.child_id = ? ORDER BY j.id LIMIT ?"
);
statement!(
    Children,
    "SELECT j.id, j.job_type, j.name, j.state, j.completed_at FROM dependencies d JOIN jobs j ON j.id = d.child_id \
     WHERE d.parent_id = ? ORDER BY j.id LIMIT ?"
);

/// A job next to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relative {
    /// Its id.
    pub id: i64,
    /// Its type.
    pub job_type: String,
    /// Its name in its workflow.
    pub name: Option<String>,
    /// Where it is in its life.
    pub state: State,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
}

/// The jobs that a job depends on, and those that depend on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Family {
    /// It waits, or waited, for these.
    pub parents: Vec<Relative>,
    /// These wait, or waited, for it.
    pub children: Vec<Relative>,
}

/// The family of a job, at most `most` on each side.
pub fn family(conn: &mut Conn, id: i64, most: u32) -> QueryResult<Family> {
    type Sql = (BigInt, Text, Nullable<Text>, Text, Nullable<BigInt>);
    Ok(Family {
        parents: relatives(sql::load::<Parents, Sql, _>(conn, binds![id, most])?),
        children: relatives(sql::load::<Children, Sql, _>(conn, binds![id, most])?),
    })
}

type Row = (i64, String, Option<String>, String, Option<i64>);

fn relatives(rows: Vec<Row>) -> Vec<Relative> {
    rows.into_iter()
        .filter_map(|(id, job_type, name, state, completed_at)| {
            let completed_at = completed_at.map(Timestamp::from_millis);
            Some(Relative { id, job_type, name, state: state.parse().ok()?, completed_at })
        })
        .collect()
}
