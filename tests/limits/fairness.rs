//! Turns by the value of a key, and aging.

use std::time::Duration;

use callboard::domain::{Fairness, Json, Limits, NewJob, Verdict};

use crate::bench::{Bench, TYPE};

fn tenant(name: &str) -> NewJob {
    let mut job = NewJob::new(TYPE);
    job.metadata = Json::checked(&format!(r#"{{"tenant":"{name}"}}"#)).unwrap();
    job
}

fn fair(weights: &[(&str, f64)]) -> Limits {
    let weights = weights.iter().map(|(name, weight)| ((*name).to_owned(), *weight)).collect();
    Limits {
        fairness: Some(Fairness { key: "metadata.tenant".parse().unwrap(), weights }),
        ..Limits::default()
    }
}

/// The tenants of the next `n` jobs that start, one claim at a time.
async fn starts(bench: &Bench, n: usize) -> Vec<String> {
    let mut tenants = Vec::new();
    for _ in 0..n {
        let (jobs, _) = bench.claim(1).await;
        let job = jobs.first().expect("a job");
        tenants.push(job.metadata.as_str().split('"').nth(3).unwrap().to_owned());
        bench.finish(bench.claim_of(job), Verdict::Success(None)).await;
    }
    tenants
}

#[actix_rt::test]
async fn one_with_much_waiting_does_not_keep_another_waiting() {
    let bench = Bench::open(fair(&[]));
    for _ in 0..2 {
        bench.enqueue(vec![tenant("big"); 5000]).await;
    }
    starts(&bench, 20).await;
    bench.enqueue(vec![tenant("small"); 3]).await;
    let next = starts(&bench, 8).await;
    let place = next.iter().position(|t| t == "small").expect("one of the small one's");
    assert!(place <= 2, "{next:?}");
    assert_eq!(next.iter().filter(|t| *t == "small").count(), 3, "in turns: {next:?}");
}

#[actix_rt::test]
async fn one_who_was_away_gets_no_turns_for_it() {
    let bench = Bench::open(fair(&[]));
    bench.enqueue(vec![tenant("a"); 100]).await;
    starts(&bench, 50).await;
    bench.enqueue(vec![tenant("b"); 100]).await;
    let next = starts(&bench, 20).await;
    let of_b = next.iter().filter(|t| *t == "b").count();
    assert!((9..=11).contains(&of_b), "{next:?}");
}

#[actix_rt::test]
async fn turns_are_by_weight() {
    let bench = Bench::open(fair(&[("a", 3.0)]));
    bench.enqueue((0..400).map(|n| tenant(["a", "b"][n % 2])).collect()).await;
    let next = starts(&bench, 100).await;
    let of_a = next.iter().filter(|t| *t == "a").count();
    assert!((74..=76).contains(&of_a), "{of_a}");
}

#[actix_rt::test]
async fn a_better_priority_goes_first_and_takes_no_turns_from_the_others() {
    let bench = Bench::open(fair(&[]));
    bench.enqueue(vec![tenant("a"); 1000]).await;
    bench.enqueue(vec![tenant("a").priority(1)]).await;
    bench.enqueue(vec![tenant("b"); 2]).await;
    assert_eq!(starts(&bench, 5).await, ["a", "a", "b", "a", "b"]);
}

#[actix_rt::test]
async fn a_priority_that_waits_long_enough_starts() {
    let mut bench = Bench::open(Limits { aging: Some(Duration::from_secs(60)), ..Limits::default() });
    let old = bench.enqueue(vec![NewJob::new(TYPE).priority(10)]).await[0];
    bench.pass(Duration::from_secs(299));
    let young = bench.enqueue(vec![NewJob::new(TYPE).priority(5)]).await[0];
    let (jobs, _) = bench.claim(1).await;
    assert_eq!(jobs[0].id, young, "five spans of waiting are not over");
    bench.pass(Duration::from_secs(2));
    let younger = bench.enqueue(vec![NewJob::new(TYPE).priority(5)]).await[0];
    let (jobs, _) = bench.claim(1).await;
    assert_eq!(jobs[0].id, old);
    let (jobs, _) = bench.claim(1).await;
    assert_eq!(jobs[0].id, younger);
}
