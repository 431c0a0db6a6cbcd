//! `callboard bench growth`

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::ground::Ground;
use super::history;
use super::report::{Latencies, Report};
use super::{Failure, Workload};
use crate::domain::{Backoff, Claim, Clock, JobFilter, NewJob, Order, State, Timestamp, Verdict};
use crate::store::verbs::claim::{Claimer, claim};
use crate::store::verbs::enqueue::{Prepared, enqueue};
use crate::store::verbs::finish::{Finished, finish};
use crate::store::{Store, StoreResult, steps, views};

/// How often each thing is done.
const TIMES: usize = 20;
/// In how many pieces the past is written.
const PIECES: i64 = 100;
/// How many jobs a page of a list has.
const PAGE: usize = 20;

/// What a claim, an enqueue, counts and first pages cost with little and with much history
///
/// Counts the steps of SQLite's virtual machine, which a busy machine does not change; the times are
/// there for people.
#[derive(Debug, clap::Args)]
pub(super) struct Growth {
    /// How many jobs are kept at first
    #[arg(long, default_value_t = 1000)]
    few: u64,
    /// How many are kept then
    #[arg(long, default_value_t = 1_000_000)]
    many: u64,
}

impl Workload for Growth {
    async fn measure(self, ground: &Ground) -> Result<Report, Failure> {
        steps::count();
        let (few, many) =
            (self.look(ground.path(), self.few).await?, self.look(ground.path(), self.many).await?);
        let about = format!("with {} and with {} kept jobs, each thing {TIMES} times", self.few, self.many);
        let mut report = Report::new("growth", about);
        for (few, many) in few.into_iter().zip(many) {
            report.figure(format!("{}, few", few.what), few.steps, "steps");
            report.figure(format!("{}, many", many.what), many.steps, "steps");
            report.figure(format!("{}, few, p50", few.what), few.took.percentiles().p50, "ms");
            report.figure(format!("{}, many, p50", many.what), many.took.percentiles().p50, "ms");
        }
        Ok(report)
    }
}

impl Growth {
    async fn look(&self, dir: &Path, jobs: u64) -> Result<Vec<Cost>, Failure> {
        let database: PathBuf = dir.join(format!("{jobs}.db"));
        let failed = |e: crate::store::StoreError| Failure::Start(e.into());
        let now = Clock::system().now();
        history::write(&database, jobs, now, PIECES).await.map_err(failed)?;
        let store = Store::open(&database, 1, Box::new(|_| ())).map_err(failed)?;
        let costs = Bench { store: store.clone(), now }.costs().await.map_err(failed);
        store.close().await;
        costs
    }
}

/// What a thing costs.
struct Cost {
    what: String,
    /// The most that it took once.
    steps: f64,
    took: Latencies,
}

struct Bench {
    store: Store,
    now: Timestamp,
}

impl Bench {
    async fn costs(&self) -> StoreResult<Vec<Cost>> {
        let mut costs = vec![
            cost("enqueue", async || self.enqueue().await).await?,
            cost("claim", async || self.claim().await.map(|_| ())).await?,
        ];
        self.enqueue().await?;
        costs.push(cost("claim and end of a job", async || self.run_one().await).await?);
        let now = self.now;
        costs.push(
            cost("counts", async || self.store.read(move |c| views::status::status(c, now)).await.map(drop))
                .await?,
        );
        for (what, filter) in lists() {
            for order in orders(&filter) {
                let list = async || {
                    let filter = filter.clone();
                    let page = self.store.read(move |c| views::list::list(c, &filter, order, None, PAGE));
                    page.await.map(drop)
                };
                costs.push(cost(&format!("{what}, {order:?}").to_lowercase(), list).await?);
            }
        }
        Ok(costs)
    }

    async fn enqueue(&self) -> StoreResult<()> {
        let (job, now) = ([Prepared::new(NewJob::new(history::job_type(0)), 0)], self.now);
        self.store.write(move |tx| enqueue(tx, &job, false, now)).await.map(drop)
    }

    async fn claim(&self) -> StoreResult<Vec<Claim>> {
        let (by, now) = (Claimer { node: 1, worker_id: "1/bench".to_owned() }, self.now);
        let claimed = self.store.write(move |tx| claim(tx, &history::job_type(0), 1, &by, now)).await?;
        Ok(claimed.jobs.iter().map(|job| Claim { job_id: job.id, attempt: job.attempt, node: 1 }).collect())
    }

    async fn run_one(&self) -> StoreResult<()> {
        self.enqueue().await?;
        let ended: Vec<_> = self.claim().await?.into_iter().map(ended).collect();
        let later = self.now.plus(Duration::from_millis(1));
        self.store.write(move |tx| finish(tx, &ended, later)).await.map(drop)
    }
}

fn ended(claim: Claim) -> Finished {
    let verdict = Verdict::Success(None);
    Finished { claim, verdict, progress: None, backoff: Backoff::default(), luck: 0.5 }
}

/// The lists that people look at.
fn lists() -> Vec<(String, JobFilter)> {
    let mut lists = vec![("all jobs".to_owned(), JobFilter::default())];
    for state in State::ALL {
        lists.push((state.to_string(), JobFilter { state: vec![state], ..JobFilter::default() }));
    }
    let one = |text: &str| vec![text.to_owned()];
    lists.push((
        "a job type".to_owned(),
        JobFilter { job_type: vec![history::job_type(3)], ..JobFilter::default() },
    ));
    lists.push(("a queue".to_owned(), JobFilter { queue: one("queue-1"), ..JobFilter::default() }));
    lists.push(("a tag".to_owned(), JobFilter { tag: one("tag-7"), ..JobFilter::default() }));
    lists
}

/// The orders whose cost is not to depend on how many jobs there are. What is unfinished can be listed
/// by priority too, but only for pending jobs is there an index for it; others are sorted.
fn orders(filter: &JobFilter) -> Vec<Order> {
    let mut orders = vec![Order::Newest, Order::Oldest];
    if filter.state == [State::Pending] {
        orders.push(Order::Priority);
    }
    orders
}

/// Does a thing some times. Once before, because the statements are prepared then.
async fn cost<F: AsyncFn() -> StoreResult<()>>(what: &str, thing: F) -> StoreResult<Cost> {
    thing().await?;
    let (mut most, mut took) = (0, Latencies::default());
    for _ in 0..TIMES {
        let (before, begin) = (steps::steps(), Instant::now());
        thing().await?;
        took.add(begin.elapsed());
        most = most.max(steps::steps() - before);
    }
    #[allow(clippy::cast_precision_loss)]
    Ok(Cost { what: what.to_owned(), steps: most as f64, took })
}
