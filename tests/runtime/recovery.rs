//! Attempts whose process is gone.

use std::time::Duration;

use callboard::NewJob;
use callboard::domain::{Claim, Outcome, State, Timestamp, Verdict};
use callboard::store::verbs::claim::{self, Claimer};
use callboard::store::verbs::enqueue::{self, Prepared};
use callboard::store::verbs::finish::{self, Finished};
use callboard::store::{Store, verbs};
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};

use crate::house::{House, Plan};
use crate::puppet::puppet;

/// What a process leaves behind that dies with one attempt running: its id.
async fn leave_running(plan: &Plan, crashes: u32) -> i64 {
    let data = &plan.config.data_dir;
    std::fs::create_dir_all(data).unwrap();
    let store = Store::open(&data.join("queue.db"), 1, Box::new(|_| ())).unwrap();
    let now = plan.clock.now();
    let jobs = vec![Prepared::new(NewJob::new("t"), 3)];
    let id = store.write(move |tx| enqueue::enqueue(tx, &jobs, false, now)).await.unwrap()[0].id;
    let by = Claimer { node: 77, worker_id: "77/t".into() };
    for n in 0..=crashes {
        let by = by.clone();
        let claimed = store.write(move |tx| claim::claim(tx, "t", 1, &by, now)).await.unwrap();
        assert_eq!(claimed.jobs[0].attempt, n + 1);
        if n < crashes {
            let lost = Claim { job_id: id, attempt: n + 1, node: 77 };
            store.write(move |tx| verbs::rescue::lose(tx, lost, 99, now)).await.unwrap();
        }
    }
    store.close().await;
    id
}

#[actix_rt::test]
async fn at_the_start_orphans_go_back_without_burning_a_retry() {
    let (worker, mut acts) = puppet("t");
    let plan = Plan::new().worker(worker);
    let id = leave_running(&plan, 0).await;
    let mut house = plan.build().await;
    let act = acts.next().await;
    let job = house.job(id).await;
    assert_eq!((job.attempt, job.retry_count, job.crash_count), (2, 0, 1));
    act.succeed();
    house.until(id, State::Completed).await;
    let job = house.job(id).await;
    assert_eq!(job.crash_count, 0);
    let outcomes: Vec<_> = job.attempts.unwrap().iter().map(|a| a.outcome).collect();
    assert_eq!(outcomes, [Some(Outcome::Lost), Some(Outcome::Success)]);
}

#[actix_rt::test]
async fn the_third_loss_in_a_row_is_the_last() {
    let (worker, mut acts) = puppet("t");
    let plan = Plan::new().worker(worker);
    let id = leave_running(&plan, 2).await;
    let mut house = plan.build().await;
    let job = house.job(id).await;
    assert_eq!((job.state, job.crash_count, job.attempt), (State::Failed, 3, 3));
    assert!(job.error.unwrap().starts_with("quarantined:"));
    // By hand it gets three more.
    house.board.retry(id).await.unwrap();
    acts.next().await.succeed();
    house.until(id, State::Completed).await;
}

#[actix_rt::test]
async fn by_hand_only_what_nobody_runs_is_taken_back() {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).build().await;
    let id = house.enqueue(NewJob::new("t")).await;
    let act = acts.next().await;
    assert_eq!(house.board.recover_stale().await.unwrap(), 0);
    act.succeed();
    house.until(id, State::Completed).await;
    assert_eq!(house.job(id).await.attempt, 1);
}

/// As if somebody in the process had claimed a pending job and forgotten it.
fn forget(house: &House, id: i64) {
    let mut stranger =
        SqliteConnection::establish(&house.data_dir().join("queue.db").to_string_lossy()).unwrap();
    stranger
        .batch_execute(&format!(
            "PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE;
             UPDATE jobs SET state = 'running', attempt = attempt + 1, started_at = created_at,
                 node = (SELECT max(id) FROM nodes) WHERE id = {id} AND state = 'pending';
             UPDATE counters SET n = n - 1 WHERE state = 'pending';
             INSERT INTO counters (job_type, queue, state, n) VALUES ('t', 'default', 'running', 1)
                 ON CONFLICT DO UPDATE SET n = n + 1;
             COMMIT"
        ))
        .unwrap();
}

#[actix_rt::test]
async fn what_nobody_works_on_goes_back_and_is_no_crash() {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).build().await;
    house.board.pause_job_type("t", true).await.unwrap();
    let id = house.enqueue(NewJob::new("t")).await;
    house.until(id, State::Pending).await;
    for attempt in 1..=3 {
        forget(&house, id);
        let job = house.job(id).await;
        assert_eq!((job.state, job.attempt), (State::Running, attempt));
        assert_eq!(house.board.recover_stale().await.unwrap(), 1);
        house.until(id, State::Pending).await;
        let job = house.job(id).await;
        assert_eq!((job.state, job.crash_count, job.retry_count), (State::Pending, 0, 0));
    }
    forget(&house, id);
    // Without being asked it happens after some heartbeats.
    house.until_moving(id, State::Pending, Duration::from_secs(1)).await;
    house.board.pause_job_type("t", false).await.unwrap();
    acts.next().await.succeed();
    house.until(id, State::Completed).await;
    let outcomes: Vec<_> = house.job(id).await.attempts.unwrap().iter().map(|a| a.outcome.unwrap()).collect();
    assert_eq!(outcomes[..4], [Outcome::Released; 4]);
    assert_eq!(outcomes[4..], [Outcome::Success]);
}

#[actix_rt::test]
async fn a_cancel_of_what_nobody_works_on_comes_to_its_end() {
    let (worker, mut acts) = puppet("t");
    let house = Plan::new().worker(worker).build().await;
    house.board.pause_job_type("t", true).await.unwrap();
    let id = house.enqueue(NewJob::new("t")).await;
    forget(&house, id);
    assert!(!house.board.cancel(id).await.unwrap().at_once);
    assert_eq!(house.board.recover_stale().await.unwrap(), 1);
    assert_eq!(house.job(id).await.state, State::Cancelled);
    assert!(acts.is_empty());
}

#[actix_rt::test]
async fn a_late_finisher_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("queue.db"), 1, Box::new(|_| ())).unwrap();
    let now = Timestamp::from_millis(1_000);
    let jobs = vec![Prepared::new(NewJob::new("t"), 3)];
    let id = store.write(move |tx| enqueue::enqueue(tx, &jobs, false, now)).await.unwrap()[0].id;
    let by = |node: i64| Claimer { node, worker_id: format!("{node}/t") };
    store.write(move |tx| claim::claim(tx, "t", 1, &by(1), now)).await.unwrap();
    let first = Claim { job_id: id, attempt: 1, node: 1 };
    store.write(move |tx| verbs::rescue::lose(tx, first, 3, now)).await.unwrap();
    store.write(move |tx| claim::claim(tx, "t", 1, &by(2), now)).await.unwrap();
    let late = Finished {
        claim: first,
        verdict: Verdict::Success(None),
        progress: None,
        backoff: Default::default(),
        luck: 0.5,
    };
    let answer = store.write(move |tx| finish::finish(tx, std::slice::from_ref(&late), now)).await.unwrap();
    assert_eq!(answer, [None]);
}
