//! What the views count: the whole queue, its queues, what stands before a job.

use callboard::domain::status::QueueStatus;
use callboard::domain::{NewJob, State, Verdict};
use callboard::store::views;
use callboard::store::views::throughput::Whose;

use crate::support::{NODE, TestStore, at, claim_of, on_every_database};

async fn status(b: &TestStore) -> QueueStatus {
    let now = b.now();
    b.store.read(move |conn| views::status::status(conn, now)).await.unwrap()
}

async fn an_empty_store_counts_nothing(b: &TestStore) {
    let status = status(b).await;
    assert_eq!((status.total, status.active_workers, status.oldest_pending_age_secs), (0, 0, None));
    assert_eq!(status.counts.len(), State::ALL.len());
    assert_eq!(status.last_hour.queue_latency_ms, None);
}

async fn every_state_is_counted_by_type(b: &TestStore) {
    for state in State::ALL {
        b.job_in(state).await;
        if state == State::Pending {
            // Out of the way of the next ones.
            b.claim_one("t").await;
        }
    }
    b.enqueue(NewJob::new("u")).await;
    let status = status(b).await;
    // The one that was pending runs; a blocked one brought its parent.
    let of_t = &status.by_job_type["t"];
    for state in State::ALL {
        let expected = match state {
            State::Pending => 0,
            State::Running => 2,
            _ => 1,
        };
        assert_eq!(of_t[&state], expected, "{state}");
    }
    assert_eq!((status.total, status.active_workers), (10, 2));
    assert_eq!(status.counts[&State::Pending], 2);
}

async fn what_happened_is_counted_in_spans_of_time(b: &TestStore) {
    b.pass(10_000);
    for verdict in [Verdict::Success(None), Verdict::Success(None), Verdict::Fatal("no".into())] {
        b.enqueue(NewJob::new("t")).await;
        b.pass(1);
        b.run_one("t", verdict).await;
    }
    let soon = status(b).await;
    let seen = (soon.last_minute.enqueued, soon.last_minute.completed, soon.last_minute.failed);
    assert_eq!(seen, (3, 2, 1));
    let latency = soon.last_minute.queue_latency_ms.unwrap();
    assert!((1000.0..1200.0).contains(&latency.p50) && latency.p99 >= latency.p50, "{latency:?}");
    b.pass(600);
    let later = status(b).await;
    assert_eq!((later.last_minute.enqueued, later.last_hour.enqueued), (0, 3));
    b.pass(3600);
    assert_eq!(status(b).await.last_hour.completed, 0);
}

async fn the_oldest_pending_job_gives_the_age(b: &TestStore) {
    b.enqueue(NewJob::new("t").priority(9).queue("a")).await;
    b.pass(50);
    b.enqueue(NewJob::new("t").priority(1).queue("b")).await;
    b.enqueue(NewJob::new("u").priority(1).queue("b")).await;
    b.pass(10);
    assert_eq!(status(b).await.oldest_pending_age_secs, Some(60.0));
    let now = b.now();
    let queues = b.store.read(move |conn| views::queues::queues(conn, now)).await.unwrap();
    let seen: Vec<_> =
        queues.iter().map(|q| (q.name.as_str(), q.latency_secs, q.counts[&State::Pending])).collect();
    assert_eq!(seen, [("a", 60.0, 1), ("b", 10.0, 2)]);
}

async fn how_many_stand_before_a_job(b: &TestStore) {
    let mut ids = Vec::new();
    for priority in [5, 5, 1, 9, 5] {
        ids.push(b.enqueue(NewJob::new("t").priority(priority)).await);
    }
    b.enqueue(NewJob::new("t").queue("other").priority(1)).await;
    b.enqueue(NewJob::new("other").priority(1)).await;
    for (id, expected) in ids.iter().zip([1, 2, 0, 4, 3]) {
        let job = b.job(*id).await;
        let before = b.store.read(move |conn| views::job::jobs_before(conn, &job, 100)).await.unwrap();
        assert_eq!(before, expected);
    }
    let last = b.job(ids[3]).await;
    let capped = b.store.read(move |conn| views::job::jobs_before(conn, &last, 2)).await.unwrap();
    assert_eq!(capped, 2);
}

async fn the_parents_that_a_job_waits_for(b: &TestStore) {
    let done = b.job_like(NewJob::new("done"), State::Completed).await;
    let mut open = Vec::new();
    for _ in 0..7 {
        open.push(b.enqueue(NewJob::new("p")).await);
    }
    let child = b.enqueue(NewJob::new("c").depends_on([&[done], open.as_slice()].concat())).await;
    let job = b.job(child).await;
    let view = move |conn: &mut _| views::job::unfinished_parents(conn, &job, 5);
    let waiting = b.store.read(view).await.unwrap();
    assert_eq!(waiting, open[..5].iter().map(|id| (*id, State::Pending)).collect::<Vec<_>>());
}

async fn what_runs_now(b: &TestStore) {
    let mut running = Vec::new();
    for state in State::ALL {
        let id = b.job_like(NewJob::new(format!("t.{state}")), state).await;
        if state == State::Running {
            running.push(id);
        }
    }
    running.push(b.job_like(NewJob::new("u").queue("q"), State::Running).await);
    let elsewhere = |node| b.store.read(move |conn| views::running::elsewhere(conn, node, 10));
    assert!(elsewhere(NODE).await.unwrap().is_empty());
    let found = elsewhere(NODE + 1).await.unwrap();
    // A file has one node: what runs elsewhere is what remote workers fetched.
    if !b.is_shared() {
        assert!(found.is_empty());
        return;
    }
    assert_eq!(found.iter().map(|attempt| attempt.job_id).collect::<Vec<_>>(), running);
    assert!(found.iter().all(|attempt| attempt.worker_id.starts_with("1/") && attempt.attempt > 0));
}

async fn a_day_in_quarters_is_the_day_in_spans(b: &TestStore) {
    for n in 0..8 {
        b.enqueue(NewJob::new("t")).await;
        let claim = claim_of(&b.claim_one("t").await);
        b.pass(7);
        let verdict = if n % 3 == 0 { Verdict::Fatal("no".into()) } else { Verdict::Success(None) };
        b.finish(claim, verdict).await;
        b.pass(500);
    }
    let since = at(0);
    let read = |step| b.store.read(move |conn| views::throughput::throughputs(conn, since, step));
    let (spans, quarters) = (read(10_000).await.unwrap(), read(900_000).await.unwrap());
    let sums = |all: &views::throughput::Throughputs, step: i64| {
        let mut sums = std::collections::BTreeMap::new();
        for of in &all[&Whose::JobType("t".into())] {
            let sum: &mut [i64; 3] = sums.entry(of.at.as_millis() / step).or_default();
            for (sum, n) in sum.iter_mut().zip([of.enqueued, of.completed, of.failed]) {
                *sum += n;
            }
        }
        sums
    };
    let by_quarter = sums(&quarters, 900_000);
    assert_eq!(by_quarter, sums(&spans, 900_000));
    assert!(by_quarter.len() > 3, "{by_quarter:?}");
    // Queues are told of in spans only.
    let ended = |all: &views::throughput::Throughputs| {
        let of_queue = all.get(&Whose::Queue("default".into())).into_iter().flatten();
        of_queue.map(|step| step.completed).sum::<i64>()
    };
    assert_eq!((ended(&spans), ended(&quarters)), (8, 0));
}

on_every_database!(
    a_day_in_quarters_is_the_day_in_spans,
    an_empty_store_counts_nothing,
    every_state_is_counted_by_type,
    what_happened_is_counted_in_spans_of_time,
    the_oldest_pending_job_gives_the_age,
    how_many_stand_before_a_job,
    the_parents_that_a_job_waits_for,
    what_runs_now,
);
