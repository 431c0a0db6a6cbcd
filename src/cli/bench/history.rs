//! A day of a busy server, written as it would have been: every job is enqueued, claimed and ended
//! at its time.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::domain::audit::{Actor, AuditOutcome, Deed, Verb};
use crate::domain::{Backoff, Claim, Job, NewJob, State, Timestamp, Verdict};
use crate::store::stats::SPAN_MS;
use crate::store::verbs::audit;
use crate::store::verbs::claim::{Claimer, claim};
use crate::store::verbs::enqueue::{Prepared, enqueue};
use crate::store::verbs::finish::{Finished, finish};
use crate::store::{Store, StoreResult, Tx};

/// The job types; as many as a larger installation has.
pub(super) const TYPES: u64 = 12;
/// As many pieces as statistics are kept of a day.
pub(super) const SPANS: i64 = 86_400_000 / SPAN_MS;
/// One job of so many fails for good.
const ONE_FAILS_OF: i64 = 50;
/// One job of so many is for another day.
const ONE_WAITS_OF: u64 = 100;
/// Of so many jobs somebody tries to cancel one.
const ONE_IS_CANCELLED_OF: u64 = 10;

/// The name of the n-th job type.
pub(super) fn job_type(n: u64) -> String {
    format!("type-{:02}", n % TYPES)
}

/// Writes `jobs` jobs of the day before `now` into a fresh database, in so many pieces: the fewer, the
/// faster.
pub(super) async fn write(database: &Path, jobs: u64, now: Timestamp, pieces: i64) -> StoreResult<()> {
    let store = Store::open(database, 1, Box::new(|_| ()))?;
    let spans = i64::try_from(jobs).unwrap_or(i64::MAX).clamp(1, pieces);
    let step = Duration::from_millis((86_400_000 / spans).unsigned_abs());
    let mut at = now.minus(Duration::from_secs(86_400));
    let (mut made, each) = (0, jobs.div_ceil(spans.unsigned_abs()));
    while made < jobs {
        let some = made..(made + each).min(jobs);
        made = some.end;
        store.write(move |tx| span(tx, some.clone(), at)).await?;
        at = at.plus(step);
    }
    store.close().await;
    Ok(())
}

/// What happens in one span of time.
fn span(tx: &mut Tx<'_>, jobs: std::ops::Range<u64>, at: Timestamp) -> StoreResult<()> {
    let ids = jobs.clone();
    let prepared: Vec<_> = jobs.map(|n| Prepared::new(job(n, at), 0)).collect();
    enqueue(tx, &prepared, true, at)?;
    let by = Claimer { node: 1, worker_id: "1/bench".to_owned() };
    for n in 0..TYPES {
        let claimed = claim(tx, &job_type(n), prepared.len(), &by, at)?;
        let ended: Vec<_> = claimed.jobs.iter().map(|job| ended(job, &by)).collect();
        finish(tx, &ended, at.plus(Duration::from_millis(2_000 + n * 70)))?;
    }
    for id in ids.filter(|id| id.is_multiple_of(ONE_IS_CANCELLED_OF)) {
        let deed = Deed { verb: Verb::JobCancel, object: format!("jobs/{id}"), detail: json!({}) };
        audit::note(tx, &Actor::default(), &deed, AuditOutcome::Done, at)?;
    }
    Ok(())
}

fn job(n: u64, at: Timestamp) -> NewJob {
    let mut job = NewJob::new(job_type(n)).queue(format!("queue-{}", n % 3));
    job.tags = vec![format!("tag-{}", n % 100)];
    if n.is_multiple_of(ONE_WAITS_OF) { job.run_at(at.plus(Duration::from_secs(864_000))) } else { job }
}

fn ended(job: &Job, by: &Claimer) -> Finished {
    debug_assert_eq!(job.state, State::Running);
    let fails = job.id % ONE_FAILS_OF == 0;
    let error = || format!("request {} failed: the service answers {}", job.id, 500 + job.id % 4);
    Finished {
        claim: Claim { job_id: job.id, attempt: job.attempt, node: by.node },
        verdict: if fails { Verdict::Fatal(error()) } else { Verdict::Success(None) },
        progress: None,
        backoff: Backoff::default(),
        luck: 0.5,
    }
}
