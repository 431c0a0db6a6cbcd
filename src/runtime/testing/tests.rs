//! The kit itself.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use serde_json::json;

use super::{Expect, Kit};
use crate::domain::{JobFilter, NewJob, State};
use crate::workers::worker::from_fn;
use crate::workers::{Context, Failure};

fn nap(fail: Option<&str>) -> NewJob {
    NewJob::new("sleep").args(&json!({"secs": 0, "fail": fail})).unwrap()
}

#[test]
fn nothing_runs_before_it_is_told_to_and_then_by_priority() {
    Kit::builder().test(async |kit| {
        for priority in [5, 1, 9] {
            kit.enqueue(NewJob::new("noop").priority(priority)).await.unwrap();
        }
        let waiting = kit.jobs(JobFilter::default()).await.unwrap();
        assert!(waiting.iter().all(|job| job.state == State::Pending));
        assert_eq!(kit.run_one().await.unwrap().unwrap().priority, 1);
        let rest: Vec<u8> = kit.drain().await.unwrap().iter().map(|job| job.priority).collect();
        assert_eq!(rest, [5, 9]);
        assert!(kit.run_one().await.unwrap().is_none());
    });
}

#[test]
fn a_drain_runs_what_its_jobs_enqueue() {
    let chain = from_fn("chain", |ctx: Context, left: Vec<u32>| async move {
        let left = left[0];
        if left > 0 {
            ctx.enqueue(vec![NewJob::new("chain").args(&[left - 1])?]).await?;
        }
        Ok::<_, Failure>(left)
    });
    Kit::builder().any_worker(chain).test(async |kit| {
        kit.enqueue(NewJob::new("chain").args(&[3]).unwrap()).await.unwrap();
        assert_eq!(kit.drain().await.unwrap().len(), 4);
    });
}

#[test]
fn time_is_moved_on_to_what_is_due() {
    Kit::builder().test(async |kit| {
        kit.enqueue(nap(Some("no luck")).max_retries(2)).await.unwrap();
        let begun = kit.clock().now();
        kit.enqueue(NewJob::new("noop").run_at(begun.plus(Duration::from_secs(86_400)))).await.unwrap();
        let states: Vec<State> =
            kit.drain_for(Duration::from_secs(60)).await.unwrap().iter().map(|job| job.state).collect();
        assert_eq!(states, [State::Retrying, State::Retrying, State::Failed]);
        assert_eq!(kit.clock().now(), begun.plus(Duration::from_secs(3)));
        kit.assert_enqueued(&Expect::job("noop").run_at(begun.plus(Duration::from_secs(86_400)))).await;
    });
}

#[test]
fn an_assertion_that_fails_tells_what_there_is() {
    let told = catch_unwind(AssertUnwindSafe(|| {
        Kit::builder().test(async |kit| {
            kit.enqueue(NewJob::new("noop")).await.unwrap();
            kit.enqueue(nap(None).queue("slow")).await.unwrap();
            kit.assert_enqueued(&Expect::job("sleep").queue("fast")).await;
        });
    }));
    let told = *told.unwrap_err().downcast::<String>().unwrap();
    let lines: Vec<&str> = told.lines().collect();
    assert!(lines[0].contains("testing/tests.rs:"), "{told}");
    assert!(lines[0].ends_with("there is no job of type sleep with queue fast; there are"), "{told}");
    assert!(lines[1].starts_with("  job 2 sleep pending") && lines[1].ends_with(": queue is slow"), "{told}");
    assert!(lines[2].starts_with("  job 1 noop pending"), "{told}");
}

#[test]
fn what_should_not_be_there_is_named() {
    let told = catch_unwind(AssertUnwindSafe(|| {
        Kit::builder().test(async |kit| {
            kit.enqueue(nap(Some("x"))).await.unwrap();
            kit.refute_enqueued(&Expect::job("sleep").args(&json!({"fail": "y"}))).await;
            kit.refute_enqueued(&Expect::job("sleep").args(&json!({"fail": "x"}))).await;
        });
    }));
    let told = *told.unwrap_err().downcast::<String>().unwrap();
    assert!(told.contains("there should be no job of type sleep with args {\"fail\":\"x\"}"), "{told}");
}
