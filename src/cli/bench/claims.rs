//! `callboard bench claims`

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::time::{Duration, Instant};

use super::ground::Ground;
use super::report::{Latencies, Report};
use super::{Failure, Workload};
use crate::domain::{
    Backoff, Claim, Fairness, Json, KeyPath, Limits, NewJob, PerKey, RateLimit, Timestamp, Verdict,
};
use crate::store::verbs::claim::{Claimer, claim};
use crate::store::verbs::enqueue::{Prepared, enqueue};
use crate::store::verbs::finish::{Finished, finish};
use crate::store::{Store, StoreResult};

const JOB_TYPE: &str = "bench";
const NODE: i64 = 1;
/// Jobs stored in one write.
const BATCH: u64 = 1000;
/// Attempts that run while it is measured.
const RUNNING: usize = 64;
/// Of each value.
const PER_KEY: u32 = 2;
/// Rounds before those that count: statements are prepared, and pages of the database are read.
const WARM_UP: u32 = 200;

/// What limits and turns add to the cost of a claim, with many jobs waiting
#[derive(Debug, clap::Args)]
pub(super) struct Claims {
    /// How many jobs wait
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..=100_000_000))]
    jobs: u64,
    /// How many values of the key they have
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    keys: u64,
    /// How many rounds are measured: one job ends, another is claimed
    #[arg(long, default_value_t = 5_000)]
    rounds: u32,
}

impl Workload for Claims {
    async fn measure(self, ground: &Ground) -> Result<Report, Failure> {
        let about = format!(
            "{} waiting jobs over {} keys, {RUNNING} running; one ends and one is claimed, {} times. The time \
             of the statements alone, without the commit that both share with others. Limits: all nodes, \
             {PER_KEY} of each key, starts of each key, and turns over the keys",
            self.jobs, self.keys, self.rounds
        );
        let plain = self.run(&ground.path().join("plain.db"), None).await?;
        let limited = self.run(&ground.path().join("limited.db"), Some(limits()?)).await?;
        let mut report = Report::new("claims", about);
        for (name, took) in [
            ("plain claim", &plain.claims),
            ("plain end", &plain.ends),
            ("limited claim", &limited.claims),
            ("limited end", &limited.ends),
        ] {
            report.percentiles(name, took.percentiles());
            report.figure(format!("{name} mean"), took.mean(), "ms");
        }
        let ratio = |of: fn(&Took) -> f64| of(&limited) / of(&plain);
        report.figure("claim, limited to plain, p50", ratio(|t| t.claims.percentiles().p50), "times");
        report.figure("claim, limited to plain, mean", ratio(|t| t.claims.mean()), "times");
        report.figure("claim and end, mean", ratio(|t| t.claims.mean() + t.ends.mean()), "times");
        Ok(report)
    }
}

/// How long claims and ends took.
#[derive(Default)]
struct Took {
    claims: Latencies,
    ends: Latencies,
}

impl Claims {
    async fn run(&self, database: &Path, limits: Option<Limits>) -> StoreResult<Took> {
        let store = Store::open(database, 1, Box::new(|_| ()))?;
        if let Some(limits) = limits {
            store.limits().set(JOB_TYPE, limits);
        }
        let mut now = Timestamp::from_millis(1_893_456_000_000);
        self.fill(&store, now).await?;
        let (mut running, _) = claimed(&store, RUNNING, now).await?;
        let mut took = Took::default();
        for round in 0..WARM_UP + self.rounds {
            now = now.plus(Duration::from_millis(1));
            let Some(oldest) = running.pop_front() else { break };
            let end = ended(&store, oldest, now).await?;
            let (more, start) = claimed(&store, 1, now).await?;
            running.extend(more);
            if round >= WARM_UP {
                took.ends.add(end);
                took.claims.add(start);
            }
        }
        store.close().await;
        Ok(took)
    }

    /// The jobs of a value come one after the other, as a tenant hands them in.
    async fn fill(&self, store: &Store, now: Timestamp) -> StoreResult<()> {
        let each = self.jobs.div_ceil(self.keys).max(1);
        for first in (0..self.jobs).step_by(usize::try_from(BATCH).unwrap_or(1)) {
            let job = |n: u64| {
                let args = Json::trusted(format!("{{\"n\":{n},\"tenant\":\"tenant-{}\"}}", n / each));
                Prepared::new(NewJob { args, ..NewJob::new(JOB_TYPE) }, 3)
            };
            let jobs: Vec<_> = (first..(first + BATCH).min(self.jobs)).map(job).collect();
            store.write(move |tx| enqueue(tx, &jobs, true, now)).await?;
        }
        Ok(())
    }
}

/// Everything that may keep a job from starting.
fn limits() -> Result<Limits, Failure> {
    let key: KeyPath = "args.tenant".parse().map_err(Failure::Usage)?;
    Ok(Limits {
        global_concurrency: Some(u32::try_from(RUNNING).unwrap_or(u32::MAX)),
        per_key: Some(PerKey { key: key.clone(), limit: PER_KEY }),
        rate_limit: Some(RateLimit { limit: 100, per_secs: 1.0, key: Some(key.clone()) }),
        fairness: Some(Fairness { key, weights: BTreeMap::new() }),
        aging: None,
    })
}

async fn claimed(store: &Store, n: usize, now: Timestamp) -> StoreResult<(VecDeque<Claim>, Duration)> {
    let by = Claimer { node: NODE, worker_id: format!("{NODE}/{JOB_TYPE}") };
    let write = store.write(move |tx| {
        let begin = Instant::now();
        let claimed = claim(tx, JOB_TYPE, n, &by, now)?;
        Ok((claimed.jobs, begin.elapsed()))
    });
    let (jobs, took) = write.await?;
    let claim = |job: &crate::domain::Job| Claim { job_id: job.id, attempt: job.attempt, node: NODE };
    Ok((jobs.iter().map(claim).collect(), took))
}

async fn ended(store: &Store, claim: Claim, now: Timestamp) -> StoreResult<Duration> {
    let verdict = Verdict::Success(None);
    let end = [Finished { claim, verdict, progress: None, backoff: Backoff::default(), luck: 0.5 }];
    let write = store.write(move |tx| {
        let begin = Instant::now();
        finish(tx, &end, now)?;
        Ok(begin.elapsed())
    });
    write.await
}
