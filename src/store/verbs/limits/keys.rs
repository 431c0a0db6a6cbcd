//! The values that a job is told apart by, and going through those that wait when other values are
//! to tell them apart.

use diesel::sql_types::{BigInt, Integer, Nullable, Text};

use super::{held, turns};
use crate::domain::{Json, KeyPath, Keys, Limits, NewJob, State, lifecycle};
use crate::store::error::StoreResult;
use crate::store::sql::{LIMIT, binds, list, statement};
use crate::store::tx::Tx;

/// Jobs gone through in one write.
const CHUNK: usize = 500;

statement!(Kept, "SELECT keys FROM job_type_keys WHERE job_type = ?");
statement!(
    Keep,
    "INSERT INTO job_type_keys (job_type, keys) VALUES (?, ?) \
     ON CONFLICT (job_type) DO UPDATE SET keys = excluded.keys"
);
statement!(ForgetTurns, "DELETE FROM turns WHERE job_type = ?");
statement!(ForgetWaits, "DELETE FROM rate_waits WHERE job_type = ?");
statement!(
    Ranges,
    format!(
        "SELECT queue, state FROM counters WHERE job_type = ? AND state IN ({}) AND n > 0",
        lifecycle::sql_list(&State::UNFINISHED)
    )
);
statement!(
    Next,
    format!(
        "SELECT id FROM jobs WHERE job_type = ? AND queue = ? AND state = ? AND id > ? ORDER BY id {LIMIT}"
    )
);
statement!(Parts, |dialect| format!(
    "SELECT id, priority, target_id, args, metadata FROM jobs WHERE {} ORDER BY id{}",
    dialect.in_list(),
    dialect.lock()
));
statement!(Write, "UPDATE jobs SET rank = ?, concurrency_key = ?, rate_key = ?, held = NULL WHERE id = ?");

/// Where a new job stands: what is kept with it for the claim.
#[derive(Debug, Default, PartialEq)]
pub struct Stand {
    pub(in crate::store::verbs) rank: i64,
    pub(in crate::store::verbs) marks: Marks,
    pub(in crate::store::verbs) held: Option<String>,
}

/// The values that a job is told apart by.
#[derive(Debug, Default, PartialEq)]
pub(in crate::store::verbs) struct Marks {
    pub concurrency_key: Option<String>,
    pub rate_key: Option<String>,
}

/// The place of a new job.
pub(in crate::store::verbs) fn stand(
    tx: &mut Tx<'_>,
    job: &NewJob,
    id: i64,
    state: State,
) -> StoreResult<Stand> {
    let Some(limits) = tx.limits(&job.job_type) else { return Ok(Stand { rank: id, ..Stand::default() }) };
    let parts = JobParts {
        priority: job.priority,
        target_id: job.target_id.as_deref(),
        args: &job.args,
        metadata: &job.metadata,
    };
    let marks = parts.marks(&limits.keys());
    let rank = parts.rank(tx, &job.job_type, &limits, id)?;
    let held = match marks.concurrency_key.as_deref().filter(|v| !v.is_empty() && state == State::Pending) {
        Some(value) => held::behind(tx, &job.job_type, value, (job.priority.into(), rank))?,
        None => None,
    };
    Ok(Stand { rank, marks, held: held.map(|holder| holder.text()) })
}

/// The parts of a job that limits may tell it apart by.
pub(in crate::store::verbs) struct JobParts<'a> {
    pub priority: u8,
    pub target_id: Option<&'a str>,
    pub args: &'a Json,
    pub metadata: &'a Json,
}

impl JobParts<'_> {
    /// The value that the job has there.
    pub(in crate::store::verbs) fn value(&self, path: &KeyPath) -> Option<String> {
        path.of(self.target_id, self.args, self.metadata)
    }

    /// The values that limits go by.
    pub(in crate::store::verbs) fn marks(&self, keys: &Keys) -> Marks {
        let value =
            |path: &Option<KeyPath>| path.as_ref().and_then(|path| self.value(path)).unwrap_or_default();
        Marks {
            concurrency_key: keys.counted.then(|| value(&keys.concurrency)),
            rate_key: keys.rate.is_some().then(|| value(&keys.rate)),
        }
    }

    /// Its place among jobs of its priority.
    pub(in crate::store::verbs) fn rank(
        &self,
        tx: &mut Tx<'_>,
        job_type: &str,
        limits: &Limits,
        id: i64,
    ) -> StoreResult<i64> {
        match &limits.fairness {
            Some(fairness) => {
                let value = self.value(&fairness.key);
                turns::rank(tx, job_type, self.priority, fairness, value.as_deref())
            }
            None => Ok(id),
        }
    }
}

/// Whether the jobs of a type were stored with these keys.
pub fn are_kept(tx: &mut Tx<'_>, job_type: &str, keys: &Keys) -> StoreResult<bool> {
    let kept: Vec<String> = tx.load::<Kept, Text, _>(binds![job_type])?;
    let kept: Keys = kept.first().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    Ok(kept == *keys)
}

/// Gives the unfinished jobs of a type after `after` the places that these limits mean, some at a
/// time. Returns where to go on; `None`: that was the last of them, and the keys are noted.
pub fn rekey(tx: &mut Tx<'_>, job_type: &str, limits: &Limits, after: i64) -> StoreResult<Option<i64>> {
    if after == 0 {
        tx.run::<ForgetTurns>(binds![job_type])?;
        tx.forgot_turns(job_type);
        tx.run::<ForgetWaits>(binds![job_type])?;
    }
    let ids = unfinished(tx, job_type, after)?;
    let Some(last) = ids.last().copied() else {
        let keys = serde_json::to_string(&limits.keys()).unwrap_or_default();
        tx.run::<Keep>(binds![job_type, &keys])?;
        return Ok(None);
    };
    type Sql = (BigInt, Integer, Nullable<Text>, Text, Nullable<Text>);
    type Row = (i64, i32, Option<String>, String, Option<String>);
    let rows: Vec<Row> = tx.load::<Parts, Sql, _>(binds![&list(ids.into_iter())])?;
    for (id, priority, target_id, args, metadata) in rows {
        let parts = JobParts {
            priority: u8::try_from(priority).unwrap_or(10),
            target_id: target_id.as_deref(),
            args: &Json::trusted(args),
            metadata: &metadata.map_or_else(Json::empty_object, Json::trusted),
        };
        let rank = parts.rank(tx, job_type, limits, id)?;
        let marks = parts.marks(&limits.keys());
        tx.run::<Write>(binds![rank, &marks.concurrency_key, &marks.rate_key, id])?;
    }
    Ok(Some(last))
}

/// The next unfinished jobs of a type, by id.
fn unfinished(tx: &mut Tx<'_>, job_type: &str, after: i64) -> StoreResult<Vec<i64>> {
    let limit = i64::try_from(CHUNK).unwrap_or(i64::MAX);
    let ranges: Vec<(String, String)> = tx.load::<Ranges, (Text, Text), _>(binds![job_type])?;
    let mut ids = Vec::new();
    for (queue, state) in ranges {
        ids.extend(tx.load::<Next, BigInt, i64>(binds![job_type, &queue, &state, after, limit])?);
    }
    ids.sort_unstable();
    ids.truncate(CHUNK);
    Ok(ids)
}
