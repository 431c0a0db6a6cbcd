//! Batches of programs elsewhere.

use diesel::sql_types::{BigInt, Nullable, Text};
use serde::Serialize;

use super::workflows;
use crate::domain::batch::Bid;
use crate::domain::{State, Timestamp};
use crate::store::sql::{self, Conn, binds, statement};

statement!(
    Find,
    "SELECT b.parent, b.complete_job_id, c.state, b.success_job_id, s.state FROM batches b \
     LEFT JOIN jobs c ON c.id = b.complete_job_id LEFT JOIN jobs s ON s.id = b.success_job_id \
     WHERE b.workflow_id = ?"
);
statement!(
    Inner,
    "SELECT w.state FROM batches b JOIN workflows w ON w.id = b.workflow_id \
     WHERE b.parent = ? AND b.parent IS NOT NULL"
);
statement!(Expired, "SELECT id FROM workflows WHERE open_until IS NOT NULL AND open_until <= ? LIMIT 1");

/// How far a batch is, in the words of the protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BatchStatus {
    /// Its id.
    pub bid: String,
    /// The batch that it is part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_bid: Option<String>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// How many jobs it has, without callbacks and without those of the batches in it.
    pub total: i64,
    /// How many of them have not completed.
    pub pending: i64,
    /// How many of those have failed, for good or for now, or were called off.
    pub failed: i64,
    /// Of the callback for when every job has run once: empty, `1` once it is made, `2` once it has
    /// completed.
    pub complete_st: &'static str,
    /// The same of the callback for when all have completed.
    pub success_st: &'static str,
}

/// A batch; `None`: there is none of that id.
pub fn status(conn: &mut Conn, bid: Bid) -> diesel::QueryResult<Option<BatchStatus>> {
    type Callback = (Nullable<BigInt>, Nullable<Text>);
    type Row = (Option<i64>, (Option<i64>, Option<String>), (Option<i64>, Option<String>));
    let rows: Vec<Row> = sql::load::<Find, (Nullable<BigInt>, Callback, Callback), _>(conn, binds![bid.0])?;
    let (Some((parent, complete, success)), Some(info)) =
        (rows.into_iter().next(), workflows::workflow(conn, bid.0)?)
    else {
        return Ok(None);
    };
    let inner: Vec<String> = sql::load::<Inner, Text, _>(conn, binds![bid.0])?;
    let mut counts = info.counts.clone();
    let others = inner.iter().chain(complete.1.iter()).chain(success.1.iter());
    for state in others.filter_map(|state| state.parse::<State>().ok()) {
        *counts.entry(state).or_default() -= 1;
    }
    let of = |states: &[State]| states.iter().filter_map(|state| counts.get(state)).sum::<i64>();
    let total = of(&State::ALL);
    Ok(Some(BatchStatus {
        bid: bid.to_string(),
        parent_bid: parent.map(|parent| Bid(parent).to_string()),
        description: info.name,
        created_at: info.created_at,
        total,
        pending: total - of(&[State::Completed]),
        failed: of(&[State::Retrying, State::Failed, State::Cancelled]),
        complete_st: word(&complete),
        success_st: word(&success),
    }))
}

fn word(callback: &(Option<i64>, Option<String>)) -> &'static str {
    match callback {
        (None, _) => "",
        (Some(_), Some(state)) if state != State::Completed.as_str() => "1",
        _ => "2",
    }
}

/// Whether there is a batch whose jobs are waited for no more.
pub fn any_over(conn: &mut Conn, now: Timestamp) -> diesel::QueryResult<bool> {
    let over: Vec<i64> = sql::load::<Expired, BigInt, _>(conn, binds![now])?;
    Ok(!over.is_empty())
}
