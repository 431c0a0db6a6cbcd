//! A whole callboard whose store fails at random: every job that was acknowledged is done, once it
//! is over, and the books are right.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use callboard::domain::{JobFilter, State};
use callboard::store::Store;
use callboard::workers::worker::from_fn;
use callboard::workers::{Context, Failure};
use callboard::{Error, NewJob};
use serde_json::Value;

use crate::house::Plan;
use crate::weather::{Weather, seed};

const JOBS: usize = 200;
const STEP: Duration = Duration::from_millis(250);

#[actix_rt::test]
async fn every_acknowledged_job_is_done_when_it_is_over() {
    let seed = seed("faults::storm");
    let weather = Weather::fair();
    let runs: Arc<Vec<AtomicU32>> = Arc::new((0..JOBS).map(|_| AtomicU32::new(0)).collect());
    let counted = runs.clone();
    let worker = from_fn("counts", move |ctx: Context, _: Value| {
        let n: usize = ctx.job.key.as_deref().unwrap().parse().unwrap();
        let earlier = counted[n].fetch_add(1, Ordering::Relaxed);
        // Every third one fails at first.
        async move { if n.is_multiple_of(3) && earlier == 0 { Err(Failure::retry("first time")) } else { Ok(n) } }
    });
    let plan = Plan::new().worker(worker).faults(weather.clone());
    let house = plan.with(|c| c.defaults.max_retries = 100).build().await;
    weather.storm(seed, 0.05);
    let (mut refused, mut ids) = (0, Vec::new());
    for n in 0..JOBS {
        // As a careful caller does it: with a key, again until it is acknowledged.
        loop {
            match house.board.enqueue(NewJob::new("counts").key(n.to_string())).await {
                Ok(stored) => break ids.push(stored.job.id),
                Err(Error::Unavailable(_)) => refused += 1,
                Err(e) => panic!("{e}"),
            }
        }
        if n % 10 == 0 {
            house.clock.advance(STEP);
        }
    }
    weather.clear();
    let board = &house.board;
    let all_done = || async {
        let counts = board.queue_status().await.unwrap().counts;
        counts[&State::Completed] == i64::try_from(JOBS).unwrap()
    };
    house.moving_until(STEP, "all are completed", all_done).await;
    let ready = || async { board.readiness().await.ready };
    house.moving_until(STEP, "ready again", ready).await;
    assert!(runs.iter().all(|n| n.load(Ordering::Relaxed) > 0));
    let listed = board.list(JobFilter::default(), callboard::domain::Order::Oldest, None, 500).await.unwrap();
    assert!(ids.iter().all(|id| listed.jobs.iter().any(|j| j.id == *id)));
    assert_eq!(listed.jobs.len(), JOBS, "no job was made twice");
    let attempts: u32 = listed.jobs.iter().map(|j| j.attempt).sum();
    println!("{JOBS} jobs, {attempts} attempts, {refused} enqueues refused");
    board.shutdown().await;
    let store = Store::open(&house.data_dir().join("queue.db"), 1, Box::new(|_| ())).unwrap();
    crate::bench::check(&store).await;
    store.close().await;
}
