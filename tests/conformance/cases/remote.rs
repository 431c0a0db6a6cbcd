//! Jobs that remote workers hold: pushed, handed out, reported on, lost.

use std::time::Duration;

use callboard::domain::batch::{Bid, KeptCallback};
use callboard::domain::callback::Callback;
use callboard::domain::remote::{Complaint, RemoteExtra};
use callboard::domain::{Backoff, Claim, NewJob, State, Timestamp, Verdict};
use callboard::store::verbs::batches::{self, NewBatch};
use callboard::store::verbs::enqueue::Prepared;
use callboard::store::verbs::remote::{self, Pushed, Reporter, Reserved, Wanted};
use callboard::store::{StoreResult, Tx};

use crate::support::{NODE, TestStore, on_every_database};

const MINUTE: i64 = 60;

fn who(worker_id: &str) -> Reporter {
    Reporter { worker_id: worker_id.into(), node: NODE, luck: 0.0 }
}

fn pushed(jid: &str, job_type: &str, retry: i64, batch: Option<Bid>) -> Pushed {
    let extra = RemoteExtra { retry: Some(retry), ..RemoteExtra::default() };
    let job = Prepared::new(NewJob::new(job_type).max_retries(u32::try_from(retry).unwrap()), 3);
    Pushed { job, jid: jid.into(), extra: serde_json::to_string(&extra).unwrap(), batch }
}

async fn push(b: &TestStore, one: Pushed) -> i64 {
    let now = b.now();
    b.write(move |tx| remote::push(tx, std::slice::from_ref(&one), now)).await.unwrap()[0].clone().unwrap().id
}

async fn fetch(b: &TestStore, workers: &[&str]) -> Vec<Option<Reserved>> {
    let now = b.now();
    let want = |worker: &&str| Wanted { queues: vec!["default".into()], worker_id: (*worker).into() };
    let wanted: Vec<Wanted> = workers.iter().map(want).collect();
    let reserve = move |tx: &mut Tx<'_>| remote::reserve(tx, &wanted, &|t| t != "here", &|_| Some(60.0), now);
    b.write(reserve).await.unwrap().jobs
}

/// Hands out a job that must be there.
async fn fetch_one(b: &TestStore, worker: &str) -> Reserved {
    fetch(b, &[worker]).await.pop().flatten().expect("a job to fetch")
}

async fn ack(b: &TestStore, jid: &str, worker: &str) -> bool {
    let (now, jid, by) = (b.now(), jid.to_owned(), who(worker));
    b.write(move |tx| remote::succeed(tx, &jid, &by, now)).await.unwrap()
}

/// Reports a failure: the jobs that were deleted for it; `None`: nobody held the job.
async fn fail(b: &TestStore, jid: &str, worker: &str) -> Option<Vec<i64>> {
    let (now, jid, by) = (b.now(), jid.to_owned(), who(worker));
    let told = Complaint::new("E", "m", vec!["line".into()]);
    b.write(move |tx| remote::fail(tx, &jid, &told, &by, &|_| Backoff::default(), now)).await.unwrap()
}

async fn end_expired(b: &TestStore) -> usize {
    let (now, by) = (b.now(), who(""));
    b.write(move |tx| remote::end_expired(tx, 10, &by, &|_| Backoff::default(), now)).await.unwrap().0
}

async fn extend(b: &TestStore, jid: &str, worker: &str, until: Option<Timestamp>) -> bool {
    let (now, jid, worker) = (b.now(), jid.to_owned(), worker.to_owned());
    b.write(move |tx| remote::extend(tx, &jid, &worker, until, &|_| Some(60.0), now)).await.unwrap()
}

async fn each_gets_another_job_in_order(b: &TestStore) {
    for jid in ["first", "second"] {
        push(b, pushed(jid, "t", 25, None)).await;
    }
    b.enqueue(NewJob::new("here")).await;
    let ours = b.enqueue(NewJob::new("u")).await;
    let given = fetch(b, &["a", "b", "c", "d"]).await;
    let jids: Vec<_> = given.iter().map(|one| one.as_ref().map(|one| one.jid.clone())).collect();
    let expected = ["first", "second", &format!("callboard-{ours}")].map(|jid| Some(jid.to_owned()));
    assert_eq!((&jids[..3], &jids[3]), (&expected[..], &None));
    for one in given.into_iter().flatten() {
        assert_eq!((one.job.state, one.claim().node), (State::Running, Claim::REMOTE));
        assert!(ack(b, &one.jid, "anybody").await);
        assert!(!ack(b, &one.jid, "anybody").await, "a second report changes nothing");
        assert_eq!(b.state(one.job.id).await, State::Completed);
    }
}

async fn failures_go_by_the_rules_of_the_protocol(b: &TestStore) {
    let again = push(b, pushed("again", "t", 1, None)).await;
    fetch_one(b, "a").await;
    assert_eq!(fail(b, "again", "a").await, Some(vec![]));
    let job = b.job(again).await;
    assert_eq!((job.state, job.run_at), (State::Retrying, Some(b.now().plus(Duration::from_secs(15)))));
    b.pass(15);
    b.promote(10).await;
    fetch_one(b, "a").await;
    assert_eq!(fail(b, "again", "a").await, Some(vec![]));
    let dead = b.job(again).await;
    assert_eq!((dead.state, dead.error.as_deref()), (State::Failed, Some("E: m\n    line")));
    let dropped = push(b, pushed("dropped", "t", 0, None)).await;
    fetch_one(b, "a").await;
    assert_eq!(fail(b, "dropped", "a").await, Some(vec![dropped]));
    assert!(b.find(dropped).await.is_none());
    assert_eq!(fail(b, "dropped", "a").await, None);
}

async fn a_reservation_ends_and_a_late_report_changes_nothing(b: &TestStore) {
    let id = push(b, pushed("slow", "t", 25, None)).await;
    fetch_one(b, "a").await;
    b.pass(MINUTE - 1);
    assert_eq!(end_expired(b).await, 0);
    assert!(extend(b, "slow", "a", None).await);
    b.pass(MINUTE - 1);
    assert_eq!(end_expired(b).await, 0, "it is as long again from then on");
    assert!(extend(b, "slow", "a", Some(b.now())).await);
    b.pass(1);
    assert_eq!(end_expired(b).await, 1, "it never gets shorter, and no longer than was asked for");
    assert_eq!(b.state(id).await, State::Retrying);
    assert!(!ack(b, "slow", "a").await && !extend(b, "slow", "a", None).await);
    b.pass(MINUTE);
    b.promote(10).await;
    fetch_one(b, "other").await;
    assert!(!ack(b, "slow", "a").await, "whoever held it before speaks of that");
    assert_eq!(b.state(id).await, State::Running);
    assert!(ack(b, "slow", "other").await);
    let outcomes: Vec<_> = b.job(id).await.attempts.unwrap().into_iter().map(|a| a.outcome).collect();
    assert_eq!(outcomes.len(), 2);
}

async fn what_a_silent_worker_held_is_lost_and_comes_back(b: &TestStore) {
    let id = push(b, pushed("held", "t", 25, None)).await;
    let held = fetch_one(b, "a").await;
    let now = b.now();
    b.write(move |tx| remote::lose_all_of(tx, "a", 10, 3, now)).await.unwrap();
    let job = b.job(id).await;
    assert_eq!((job.state, job.crash_count, job.retry_count), (State::Pending, 1, 0));
    let claim = held.claim();
    b.write(move |tx| remote::give_back(tx, claim, now)).await.unwrap();
    assert_eq!(b.job(id).await.attempt, 1, "its claim is no more");
    let claim = fetch_one(b, "b").await.claim();
    b.write(move |tx| remote::give_back(tx, claim, now)).await.unwrap();
    let job = b.job(id).await;
    assert_eq!((job.state, job.crash_count), (State::Pending, 1), "nothing is counted against it");
    assert!(fetch(b, &["c"]).await[0].is_some());
}

async fn limits_hold_for_jobs_that_are_done_elsewhere(b: &TestStore) {
    let two = callboard::domain::Limits { global_concurrency: Some(2), ..Default::default() };
    b.store.limits().set("t", two);
    for jid in ["one", "two", "three"] {
        push(b, pushed(jid, "t", 25, None)).await;
    }
    push(b, pushed("free", "u", 25, None)).await;
    let given = fetch(b, &["a"; 4]).await;
    let jids: Vec<_> = given.iter().flatten().map(|one| one.jid.as_str()).collect();
    assert_eq!(jids, ["one", "two", "free"]);
    assert!(ack(b, "one", "a").await);
    assert_eq!(fetch_one(b, "a").await.jid, "three");
}

async fn a_rate_limit_says_when_the_next_may_start(b: &TestStore) {
    let rate = callboard::domain::RateLimit { limit: 1, per_secs: 10.0, key: None };
    b.store.limits().set("t", callboard::domain::Limits { rate_limit: Some(rate), ..Default::default() });
    push(b, pushed("one", "t", 25, None)).await;
    push(b, pushed("two", "t", 25, None)).await;
    fetch_one(b, "a").await;
    let (now, wanted) = (b.now(), vec![Wanted { queues: vec!["default".into()], worker_id: "a".into() }]);
    let given = b.write(move |tx| remote::reserve(tx, &wanted, &|_| true, &|_| None, now)).await.unwrap();
    assert!(given.jobs[0].is_none());
    let next = given.next.expect("a time");
    assert!(next > now && next <= now.plus(Duration::from_secs(10)), "{next}");
    b.pass(10);
    assert_eq!(fetch_one(b, "a").await.jid, "two");
}

fn callback(job_type: &str) -> Option<String> {
    let job = Callback::of(&NewJob::new(job_type), 3);
    let kept = KeptCallback { job, jid: format!("call-{job_type}"), extra: RemoteExtra::default() };
    serde_json::to_string(&kept).ok()
}

async fn begin(b: &TestStore, parent: Option<Bid>) -> Bid {
    let now = b.now();
    let new = NewBatch {
        parent,
        complete: callback("complete"),
        success: callback("success"),
        ..NewBatch::default()
    };
    b.write(move |tx| batches::begin(tx, &new, now)).await.unwrap()
}

async fn commit(b: &TestStore, bid: Bid) {
    let now = b.now();
    b.write(move |tx| batches::commit(tx, bid, now)).await.unwrap();
}

async fn done(b: &TestStore, job_type: &str) {
    b.run_one(job_type, Verdict::Success(None)).await;
}

async fn nothing(b: &TestStore, job_type: &str) {
    assert!(b.claim(job_type, 1).await.is_empty(), "{job_type} is there too early");
}

async fn batches_call_back_from_the_inside_out(b: &TestStore) {
    let outer = begin(b, None).await;
    let inner = begin(b, Some(outer)).await;
    for (jid, bid) in [("one", outer), ("two", inner), ("three", inner)] {
        push(b, pushed(jid, jid, 25, Some(bid))).await;
    }
    commit(b, outer).await;
    done(b, "one").await;
    done(b, "two").await;
    done(b, "three").await;
    nothing(b, "complete").await;
    commit(b, inner).await;
    for job_type in ["complete", "success"] {
        for bid in [inner, outer] {
            let job = b.run_one(job_type, Verdict::Success(None)).await;
            assert_eq!(job.metadata.as_str(), format!("{{\"_bid\":\"{bid}\"}}"), "{job_type}");
        }
    }
    for bid in [inner, outer] {
        let (state, status) = b
            .store
            .read(move |conn| {
                let info = callboard::store::views::workflows::workflow(conn, bid.0)?;
                Ok((info.map(|info| info.state), callboard::store::views::batches::status(conn, bid)?))
            })
            .await
            .unwrap();
        let status = status.unwrap();
        assert_eq!(state, Some(State::Completed));
        assert_eq!((status.pending, status.failed, status.complete_st, status.success_st), (0, 0, "2", "2"));
    }
}

async fn a_batch_takes_jobs_until_it_is_over(b: &TestStore) {
    let bid = begin(b, None).await;
    push(b, pushed("one", "one", 25, Some(bid))).await;
    commit(b, bid).await;
    let now = b.now();
    b.write(move |tx| batches::open(tx, bid, now)).await.unwrap();
    done(b, "one").await;
    nothing(b, "complete").await;
    push(b, pushed("one", "one", 0, Some(bid))).await;
    // It was committed once, so it goes on by itself.
    b.pass(31 * MINUTE);
    let now = b.now();
    assert_eq!(b.write(move |tx| batches::expire(tx, 10, now)).await.unwrap(), 1);
    let kept = fetch_one(b, "a").await;
    assert_eq!(fail(b, "one", "a").await, Some(vec![]), "a failure of a batch is kept");
    assert_eq!(b.state(kept.job.id).await, State::Failed);
    done(b, "complete").await;
    nothing(b, "success").await;
    let late = pushed("late", "one", 25, Some(bid));
    let refused: StoreResult<_> = b.write(move |tx| remote::push(tx, std::slice::from_ref(&late), now)).await;
    assert!(refused.unwrap()[0].clone().unwrap_err().to_string().contains("takes no more jobs"));
}

on_every_database! {
    each_gets_another_job_in_order,
    failures_go_by_the_rules_of_the_protocol,
    a_reservation_ends_and_a_late_report_changes_nothing,
    what_a_silent_worker_held_is_lost_and_comes_back,
    limits_hold_for_jobs_that_are_done_elsewhere,
    a_rate_limit_says_when_the_next_may_start,
    batches_call_back_from_the_inside_out,
    a_batch_takes_jobs_until_it_is_over,
}
