//! Taking back what a dead process had claimed.

use diesel::sql_types::{BigInt, Integer, Nullable, Text};

use super::finish::{self, Ending};
use crate::domain::lifecycle::Move;
use crate::domain::{Claim, Outcome, State, Timestamp, decide};
use crate::store::error::StoreResult;
use crate::store::sql::{Dialect, LIMIT, binds, statement};
use crate::store::tx::Tx;

/// Not of a remote worker: its reservation ends by itself.
const HERE: &str = "coalesce(node, 0) <> -1";
const _: () = assert!(Claim::REMOTE == -1);

statement!(
    Ranges,
    format!("SELECT job_type, queue FROM counters WHERE state = '{}' AND n > 0", State::Running)
);
statement!(
    Running,
    format!(
        "SELECT id, attempt, node FROM jobs \
         WHERE job_type = ? AND queue = ? AND state = '{}' AND id > ? AND {HERE} ORDER BY id {LIMIT}",
        State::Running
    )
);

statement!(
    Unattended,
    format!(
        "SELECT id, attempt, node FROM jobs WHERE state = '{}' AND node IS NOT NULL AND id > ? \
         AND {HERE} AND (node = ? OR node NOT IN (SELECT id FROM nodes WHERE state = 'alive')) ORDER BY id {LIMIT}",
        State::Running
    )
);

/// Up to `limit` claims that are on disk and that other nodes do not look after, of jobs after
/// `after`, by id: on an embedded database all, on a shared one those of `node` and of nodes that are
/// gone.
pub fn claims(tx: &mut Tx<'_>, node: i64, after: i64, limit: usize) -> StoreResult<Vec<Claim>> {
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    match tx.dialect() {
        Dialect::Sqlite => all_claims(tx, after, limit),
        Dialect::Postgres => {
            let rows: Vec<(i64, i32, Option<i64>)> =
                tx.load::<Unattended, (BigInt, Integer, Nullable<BigInt>), _>(binds![after, node, most])?;
            Ok(rows.into_iter().map(claim).collect())
        }
    }
}

fn claim((job_id, attempt, node): (i64, i32, Option<i64>)) -> Claim {
    Claim { job_id, attempt: u32::try_from(attempt).unwrap_or_default(), node: node.unwrap_or_default() }
}

/// Range by range of `jobs_list`: a join with the counters would walk the whole table.
fn all_claims(tx: &mut Tx<'_>, after: i64, limit: usize) -> StoreResult<Vec<Claim>> {
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let ranges: Vec<(String, String)> = tx.load::<Ranges, (Text, Text), _>(&[])?;
    let mut claims = Vec::new();
    for (job_type, queue) in ranges {
        let rows: Vec<(i64, i32, Option<i64>)> =
            tx.load::<Running, (BigInt, Integer, Nullable<BigInt>), _>(binds![
                &job_type, &queue, after, most
            ])?;
        claims.extend(rows.into_iter().map(claim));
    }
    claims.sort_unstable_by_key(|claim| claim.job_id);
    claims.truncate(limit);
    Ok(claims)
}

/// Takes a claim away whose process is gone. The job goes back without using up a retry, or to the
/// dead letters if that happened `max_crashes` times in a row. Returns the state it is in now, or
/// `None` when the claim was stale.
pub fn lose(tx: &mut Tx<'_>, claim: Claim, max_crashes: u32, now: Timestamp) -> StoreResult<Option<State>> {
    let Some(found) = finish::find(tx, claim)? else { return Ok(None) };
    let decision = decide::lose(found.facts, max_crashes);
    let error = match decision.event {
        Move::Quarantine => format!(
            "quarantined: the process died {} times in a row while this job ran; retry it by hand once the cause is found",
            decision.crash_count
        ),
        _ => "the process that ran it died".to_owned(),
    };
    let ending = Ending { outcome: Outcome::Lost, error: Some(error), result: None, progress: None };
    finish::settle(tx, claim, &found, &decision, &ending, now)?;
    Ok(Some(decision.to))
}
