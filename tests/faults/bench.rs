//! A store with a fault layer, and what is in it.

use std::sync::{Arc, Mutex};

use callboard::NewJob;
use callboard::domain::{Claim, State, Timestamp, Verdict};
use callboard::store::faults::FaultLayer;
use callboard::store::verbs::claim::{self, Claimer};
use callboard::store::verbs::enqueue::{self, Prepared};
use callboard::store::verbs::finish::{self, Finished};
use callboard::store::{Committed, Seams, Store, StoreResult};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::weather::Weather;

pub struct Bench {
    pub store: Store,
    pub weather: Arc<Weather>,
    pub told: Arc<Mutex<Vec<Committed>>>,
    _dir: tempfile::TempDir,
}

pub const NODE: i64 = 1;

pub fn at(secs: i64) -> Timestamp {
    Timestamp::from_millis(secs * 1000)
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Everything that a verb may change, but for statistics.
const DUMP: &str = "\
    SELECT 'job ' || id || ' ' || state || ' ' || attempt || ' ' || retry_count || ' ' || crash_count || ' ' \
        || parents_left || ' ' || has_children || ' ' || coalesce(node, '-') || ' ' || coalesce(run_at, '-') || ' ' \
        || coalesce(completed_at, '-') || ' ' || coalesce(cancel_requested_at, '-') || ' ' \
        || coalesce(result, '-') || ' ' || coalesce(error, '-') AS line FROM jobs \
    UNION ALL SELECT 'attempt ' || job_id || ' ' || number || ' ' || outcome FROM attempts \
    UNION ALL SELECT 'dependency ' || child_id || ' ' || parent_id FROM dependencies \
    UNION ALL SELECT 'step ' || job_id || ' ' || name || ' ' || attempt || ' ' || value FROM steps \
    UNION ALL SELECT 'signal ' || job_id || ' ' || name || ' ' || coalesce(until, '-') || ' ' || coalesce(parked, '-') \
        || ' ' || timed_out || ' ' || coalesce(payload, '-') FROM signals \
    UNION ALL SELECT 'workflow ' || id || ' ' || state || ' ' || blocked || ' ' || pending || ' ' || running || ' ' \
        || completed || ' ' || failed || ' ' || cancelled || ' ' || coalesce(callback_job_id, '-') || ' ' \
        || coalesce(cancel_requested_at, '-') FROM workflows \
    UNION ALL SELECT 'tag ' || tag || ' ' || job_id FROM job_tags \
    UNION ALL SELECT 'counter ' || job_type || ' ' || queue || ' ' || state || ' ' || n FROM counters WHERE n <> 0 \
    ORDER BY line";

/// Counters that a recount does not give.
const WRONG_COUNTERS: &str = "\
    SELECT count(*) AS n FROM \
        (SELECT job_type, queue, state, n FROM counters WHERE n <> 0 \
         EXCEPT SELECT job_type, queue, state, count(*) FROM jobs GROUP BY 1, 2, 3)";
const UNCOUNTED: &str = "\
    SELECT count(*) AS n FROM \
        (SELECT job_type, queue, state, count(*) FROM jobs GROUP BY 1, 2, 3 \
         EXCEPT SELECT job_type, queue, state, n FROM counters)";
/// Workflows that do not count their jobs, or have ended and not made their callback.
const WRONG_WORKFLOWS: &str = "\
    SELECT count(*) AS n FROM workflows w WHERE scheduled + blocked + pending + running + retrying + completed \
        + failed + cancelled <> (SELECT count(*) FROM jobs j WHERE j.workflow_id = w.id) \
    OR (w.state <> 'running' AND (SELECT count(*) FROM jobs j WHERE j.id = w.callback_job_id) <> 1)";
/// Jobs whose attempts are not numbered from 1 without a gap; the one that runs has no row yet.
const GAPS: &str = "\
    SELECT count(*) AS n FROM jobs j WHERE j.attempt <> (SELECT count(*) FROM attempts a WHERE a.job_id = j.id) \
        + (j.state = 'running') \
    OR j.attempt < (SELECT coalesce(max(number), 0) FROM attempts a WHERE a.job_id = j.id)";

impl Bench {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (weather, told) = (Weather::fair(), Arc::new(Mutex::new(Vec::new())));
        let sink = told.clone();
        let path = dir.path().join("queue.db");
        let observer = Box::new(move |c| sink.lock().unwrap().push(c));
        let seams = Seams { faults: FaultLayer::new(weather.clone()), ..Seams::observed(observer) };
        let store = Store::open_with(&path, 2, seams).unwrap();
        Self { store, weather, told, _dir: dir }
    }

    pub async fn enqueue(&self, job: NewJob) -> StoreResult<i64> {
        let jobs = vec![Prepared::new(job, 3)];
        Ok(self.store.write(move |tx| enqueue::enqueue(tx, &jobs, false, at(1))).await?[0].id)
    }

    pub async fn claim(&self, n: usize) -> StoreResult<Vec<Claim>> {
        let by = Claimer { node: NODE, worker_id: format!("{NODE}/t") };
        let claimed = self.store.write(move |tx| claim::claim(tx, "t", n, &by, at(2))).await?;
        Ok(claimed.jobs.iter().map(|j| Claim { job_id: j.id, attempt: j.attempt, node: NODE }).collect())
    }

    pub async fn finish(&self, claim: Claim, verdict: Verdict) -> StoreResult<Option<State>> {
        let done = finished(claim, verdict);
        Ok(self.store.write(move |tx| finish::finish(tx, std::slice::from_ref(&done), at(3))).await?[0])
    }

    /// All that is on disk, as text to be compared.
    pub async fn dump(&self) -> Vec<String> {
        let lines = self.store.read(|c| diesel::sql_query(DUMP).load::<Line>(c)).await.unwrap();
        lines.into_iter().map(|l| l.line).collect()
    }

    /// Checks what must hold whatever happened.
    pub async fn check(&self) {
        check(&self.store).await;
    }
}

/// Counters equal a recount, and attempts have no gaps.
pub async fn check(store: &Store) {
    for (what, sql) in [
        ("counters", WRONG_COUNTERS),
        ("counters", UNCOUNTED),
        ("workflows", WRONG_WORKFLOWS),
        ("attempts", GAPS),
    ] {
        let found = store.read(move |c| diesel::sql_query(sql).get_result::<Count>(c)).await.unwrap();
        assert_eq!(found.n, 0, "{what} are wrong: {sql}");
    }
}

pub fn finished(claim: Claim, verdict: Verdict) -> Finished {
    Finished { claim, verdict, progress: None, backoff: Default::default(), luck: 0.5 }
}
