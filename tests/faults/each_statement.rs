//! Every verb, with a failure at each of its statements and at its commit: all or nothing.

use callboard::NewJob;
use callboard::domain::{Claim, Json, OnParentFailure, State, Verdict};
use callboard::store::faults::Point;
use callboard::store::verbs::{cancel, delete, promote, rescue, retry, signals, steps, workflows};
use callboard::store::{StoreError, StoreResult};

use crate::bench::{Bench, NODE, at};
use crate::flows::FLOW;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Verb {
    Enqueue,
    Claim,
    KeepStep,
    Wait,
    Signal,
    TimeOut,
    Succeed,
    Fail,
    Lose,
    Cancel,
    Retry,
    Promote,
    Delete,
    StartFlow,
    FanOut,
    EndFlow,
    CancelFlow,
    RetryFlow,
}

use Verb::{
    Cancel, CancelFlow, Delete, EndFlow, Enqueue, Fail, FanOut, KeepStep, Lose, Promote, Retry, RetryFlow,
    Signal, StartFlow, Succeed, TimeOut, Wait,
};

const VERBS: [Verb; 18] = [
    Enqueue,
    Verb::Claim,
    KeepStep,
    Wait,
    Signal,
    TimeOut,
    Succeed,
    Fail,
    Lose,
    Cancel,
    Retry,
    Promote,
    Delete,
    StartFlow,
    FanOut,
    EndFlow,
    CancelFlow,
    RetryFlow,
];

impl Verb {
    /// Makes what the verb is done to: the first job of a store, and its family.
    async fn prepare(self, b: &Bench) {
        if matches!(self, StartFlow | FanOut | EndFlow | CancelFlow | RetryFlow) {
            return self.prepare_flow(b).await;
        }
        let tagged = || NewJob { tags: vec!["a".into(), "b".into()], ..NewJob::new("t") };
        let due = || if self == Promote { tagged().run_at(at(5)) } else { tagged() };
        let parent = b.enqueue(due()).await.unwrap();
        // Of its children one goes on whatever becomes of it, and one does not.
        let policy = OnParentFailure::Run;
        let goes_on = NewJob { on_parent_failure: policy, ..NewJob::new("t").depends_on([parent]) };
        b.enqueue(goes_on).await.unwrap();
        let child = b.enqueue(NewJob::new("t").depends_on([parent])).await.unwrap();
        b.enqueue(NewJob::new("t").depends_on([child])).await.unwrap();
        b.enqueue(due().queue("other")).await.unwrap();
        if matches!(self, KeepStep | Wait | Signal | TimeOut | Succeed | Fail | Lose | Retry) {
            assert_eq!(b.claim(1).await.unwrap(), [FIRST]);
        }
        if self == Retry {
            b.finish(FIRST, Verdict::Fatal("no".into())).await.unwrap();
        }
        if self == Signal {
            b.finish(FIRST, wait()).await.unwrap();
        }
        if self == Delete {
            b.store.write(|tx| cancel::cancel(tx, 5, at(3))).await.unwrap();
        }
    }

    async fn prepare_flow(self, b: &Bench) {
        if self == StartFlow {
            return;
        }
        b.start_flow().await.unwrap();
        assert_eq!(b.claim(1).await.unwrap(), [FIRST]);
        if matches!(self, EndFlow | RetryFlow) {
            b.finish(FIRST, Verdict::Success(None)).await.unwrap();
            assert_eq!(b.claim(1).await.unwrap(), [LAST]);
        }
        if self == RetryFlow {
            b.finish(LAST, Verdict::Fatal("no".into())).await.unwrap();
        }
    }

    async fn run(self, b: &Bench) -> StoreResult<()> {
        match self {
            Enqueue => {
                let job = NewJob { tags: vec!["c".into()], ..NewJob::new("t").depends_on([1]) };
                b.enqueue(job).await.map(drop)
            }
            Verb::Claim => b.claim(5).await.map(drop),
            KeepStep => {
                let value = Json::trusted("[1]");
                b.store.write(move |tx| steps::keep(tx, FIRST, "a", &value, 99, at(3))).await
            }
            Wait => b.finish(FIRST, wait()).await.map(drop),
            Signal => {
                let payload = Json::trusted("[2]");
                b.store.write(move |tx| signals::give(tx, 1, "go", &payload, 99, at(3))).await.map(drop)
            }
            TimeOut => b.store.write(|tx| signals::time_out(tx, FIRST, "go", at(3))).await.map(drop),
            Succeed => b.finish(FIRST, Verdict::Success(None)).await.map(drop),
            Fail => b.finish(FIRST, Verdict::Fatal("no".into())).await.map(drop),
            Lose => b.store.write(|tx| rescue::lose(tx, FIRST, 1, at(3))).await.map(drop),
            Cancel => b.store.write(|tx| cancel::cancel(tx, 1, at(3))).await.map(drop),
            Retry => b.store.write(|tx| retry::retry(tx, 1, at(4))).await.map(drop),
            Promote => b.store.write(|tx| promote::promote(tx, 9, at(6))).await.map(drop),
            Delete => b.store.write(|tx| delete::delete(tx, &[5])).await.map(drop),
            StartFlow => b.start_flow().await,
            FanOut => b.fan_out(FIRST).await,
            EndFlow => b.finish(LAST, Verdict::Success(None)).await.map(drop),
            CancelFlow => b.store.write(|tx| workflows::cancel(tx, FLOW, at(3))).await.map(drop),
            RetryFlow => {
                let failures = workflows::From::Failures;
                b.store.write(move |tx| workflows::retry(tx, FLOW, &failures, at(4))).await.map(drop)
            }
        }
    }
}

fn wait() -> Verdict {
    Verdict::Wait { signal: "go".into(), until: at(9) }
}

const FIRST: Claim = Claim { job_id: 1, attempt: 1, node: NODE };
/// The last job of a workflow.
const LAST: Claim = Claim { job_id: 2, attempt: 1, node: NODE };

#[actix_rt::test]
async fn a_verb_that_fails_anywhere_has_done_nothing_and_can_be_done_again() {
    let mut failures = 0;
    for verb in VERBS {
        let bench = Bench::new();
        verb.prepare(&bench).await;
        let before = bench.dump().await;
        for n in 0.. {
            let happened = bench.weather.fail_statement(n);
            let answer = verb.run(&bench).await;
            if !*happened.lock().unwrap() {
                answer.unwrap();
                assert!(n >= 1, "{verb:?} has statements");
                break;
            }
            assert!(matches!(answer, Err(StoreError::Database(_))), "{verb:?}, statement {n}: {answer:?}");
            assert_eq!(bench.dump().await, before, "{verb:?}, statement {n}");
            failures += 1;
        }
        assert_ne!(bench.dump().await, before, "{verb:?}");
        bench.check().await;
    }
    println!("{} verbs, {failures} statements failed", VERBS.len());
}

#[actix_rt::test]
async fn a_commit_that_never_reached_the_disk_is_refused() {
    for verb in VERBS {
        let bench = Bench::new();
        verb.prepare(&bench).await;
        let (before, told) = (bench.dump().await, bench.told.lock().unwrap().len());
        for points in [&[Point::Begin][..], &[Point::Commit]] {
            bench.weather.fail_at(points);
            assert!(matches!(verb.run(&bench).await, Err(StoreError::Database(_))), "{verb:?}");
            assert_eq!(bench.dump().await, before, "{verb:?}");
        }
        assert_eq!(bench.told.lock().unwrap().len(), told, "{verb:?}: nobody is told");
        bench.weather.clear();
        verb.run(&bench).await.unwrap();
        assert_ne!(bench.dump().await, before, "{verb:?}");
    }
}

#[actix_rt::test]
async fn a_commit_that_reached_the_disk_without_an_answer_is_found_there() {
    for verb in VERBS {
        let bench = Bench::new();
        verb.prepare(&bench).await;
        let (before, told) = (bench.dump().await, bench.told.lock().unwrap().len());
        bench.weather.fail_at(&[Point::Committed]);
        verb.run(&bench).await.unwrap();
        assert_ne!(bench.dump().await, before, "{verb:?}");
        if !matches!(verb, Delete | KeepStep | TimeOut) {
            assert!(bench.told.lock().unwrap().len() > told, "{verb:?}: those who watch are told");
        }
        bench.check().await;
    }
}

#[actix_rt::test]
async fn when_even_that_cannot_be_seen_the_answer_is_a_failure() {
    let bench = Bench::new();
    bench.weather.fail_at(&[Point::Committed, Point::Look]);
    assert!(matches!(bench.enqueue(NewJob::new("t").key("k")).await, Err(StoreError::Database(_))));
    bench.weather.clear();
    // It may exist, and does; the caller's key finds it.
    let id = bench.enqueue(NewJob::new("t").key("k")).await.unwrap();
    assert_eq!(id, 1);
    let claim = bench.claim(1).await.unwrap()[0];
    assert_eq!(bench.finish(claim, Verdict::Success(None)).await.unwrap(), Some(State::Completed));
    bench.check().await;
}
