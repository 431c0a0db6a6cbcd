//! What is old is deleted, with its logs.

use std::time::Duration;

use callboard::domain::{JobFilter, Order, State};
use callboard::store::{Store, connection, verbs};
use callboard::workers::Failure;
use callboard::workers::worker::from_fn;
use callboard::{Error, NewJob};
use diesel::RunQueryDsl;
use futures_util::FutureExt;

use crate::house::{House, Plan};

const DAY: Duration = Duration::from_secs(86_400);
/// Small against a day, so that the clock does not run ahead of a pruner on a busy machine.
const STEP: Duration = Duration::from_secs(10);

fn talker() -> std::sync::Arc<dyn callboard::workers::AnyWorker> {
    from_fn("talks", |ctx: callboard::workers::Context, fail: Vec<bool>| async move {
        ctx.log.info("something");
        if fail[0] { Err(Failure::fatal("asked to")) } else { Ok(()) }
    })
}

fn has_logs(house: &House, id: i64) -> bool {
    house.data_dir().join(format!("logs/jobs/{id}")).exists()
}

async fn run(house: &mut House, fail: bool) -> i64 {
    let id = house.enqueue(NewJob::new("talks").args(&[fail]).unwrap()).await;
    house.until(id, if fail { State::Failed } else { State::Completed }).await;
    assert!(has_logs(house, id));
    id
}

#[actix_rt::test]
async fn each_state_by_its_own_age() {
    let mut house = Plan::new().worker(talker()).with(|c| c.retention.completed = DAY * 2).build().await;
    let (old, failed) = (run(&mut house, false).await, run(&mut house, true).await);
    let waiting = house.enqueue(NewJob::new("noop").run_at(house.clock.now().plus(DAY * 300))).await;
    house.clock.advance(DAY);
    let young = run(&mut house, false).await;
    let board = house.board.clone();
    // The logs go right behind the commit, which is seen first.
    let jobs = house.data_dir().join("logs/jobs");
    let gone = |id: i64| {
        let (board, logs) = (board.clone(), jobs.join(id.to_string()));
        async move { matches!(board.job(id).await, Err(Error::NotFound(_))) && !logs.exists() }
    };
    house.clock.advance(DAY);
    house.moving_until(STEP, "the old one is deleted", || gone(old)).await;
    assert!(has_logs(&house, young) && has_logs(&house, failed));
    assert!(!gone(young).await && !gone(failed).await && !gone(waiting).await);
    house.clock.advance(DAY * 28);
    house.moving_until(STEP, "the failed one is deleted", || gone(failed)).await;
    assert!(gone(young).await && !gone(waiting).await);
}

#[actix_rt::test]
async fn by_hand_failed_ones_only_when_asked() {
    let mut house = Plan::new().worker(talker()).build().await;
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        done.push(run(&mut house, false).await);
        failed.push(run(&mut house, true).await);
    }
    house.clock.advance(DAY);
    assert_eq!(house.board.cleanup(DAY * 2, true).await.unwrap(), 0);
    assert_eq!(house.board.cleanup(DAY / 2, false).await.unwrap(), 3);
    assert!(done.iter().all(|id| !has_logs(&house, *id)) && failed.iter().all(|id| has_logs(&house, *id)));
    assert_eq!(house.board.cleanup(Duration::ZERO, true).await.unwrap(), 3);
    let left = house.board.list(JobFilter::default(), Order::Newest, None, 10).await.unwrap();
    assert!(left.jobs.is_empty());
    assert_eq!(house.board.queue_status().await.unwrap().total, 0);
}

#[actix_rt::test]
async fn a_result_that_a_child_waits_for_is_kept() {
    let mut house = Plan::new().worker(talker()).build().await;
    let parent = run(&mut house, false).await;
    let child = house
        .enqueue(NewJob::new("noop").depends_on([parent]).run_at(house.clock.now().plus(DAY * 300)))
        .await;
    house.clock.advance(DAY);
    assert_eq!(house.board.cleanup(Duration::ZERO, true).await.unwrap(), 0);
    house.board.cancel(child).await.unwrap();
    house.clock.advance(DAY);
    assert_eq!(house.board.cleanup(Duration::ZERO, true).await.unwrap(), 2);
}

#[actix_rt::test]
async fn logs_of_a_deletion_that_a_crash_cut_short_go_with_the_next_start() {
    let plan = Plan::new().worker(talker());
    let next =
        Plan { config: plan.config.clone(), clock: plan.clock.clone(), dir: plan.dir.clone(), ..Plan::new() };
    let mut house = plan.build().await;
    let (deleted, kept) = (run(&mut house, false).await, run(&mut house, false).await);
    house.board.shutdown().await;
    let store = Store::open(&house.data_dir().join("queue.db"), 1, Box::new(|_| ())).unwrap();
    store.write(move |tx| verbs::delete::delete(tx, &[deleted])).await.unwrap();
    store.close().await;
    let house = next.build().await;
    let logs = house.data_dir().join(format!("logs/jobs/{deleted}"));
    let mut reader = connection::open_writer(&house.data_dir().join("queue.db")).unwrap();
    let mut left = || {
        let left = diesel::sql_query("SELECT job_id AS n FROM doomed_logs").load::<Number>(&mut reader);
        std::future::ready(!left.unwrap().is_empty() || logs.exists())
    };
    house.moving_until(STEP, "the logs are deleted and forgotten", || left().map(|left| !left)).await;
    assert!(has_logs(&house, kept));
}

#[derive(diesel::QueryableByName)]
struct Number {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    #[expect(dead_code, reason = "only counted")]
    n: i64,
}
