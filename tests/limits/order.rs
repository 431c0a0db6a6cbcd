//! Who starts first among jobs that several limits meet.

use callboard::domain::{Json, Limits, NewJob, PerKey, RateLimit, Unique};

use crate::bench::{Bench, TYPE};

/// One at a time for each target, one start in ten seconds for each channel.
fn limits() -> Limits {
    Limits {
        per_key: Some(PerKey { key: "target_id".parse().unwrap(), limit: 1 }),
        rate_limit: Some(RateLimit { limit: 1, per_secs: 10.0, key: Some("args.channel".parse().unwrap()) }),
        ..Limits::default()
    }
}

fn job(priority: u8, target: Option<&str>, channel: Option<u8>) -> NewJob {
    let mut job = NewJob::new(TYPE).priority(priority);
    job.target_id = target.map(ToOwned::to_owned);
    job.unique = Some(Unique::Plain(false));
    let args = channel.map_or_else(|| "{}".to_owned(), |c| format!(r#"{{"channel":{c}}}"#));
    job.args = Json::checked(&args).unwrap();
    job
}

#[actix_rt::test]
async fn one_that_is_let_go_in_the_middle_of_a_claim_starts_before_those_behind_it() {
    let mut bench = Bench::open(limits());
    // The last one of its target runs, and the channel has had its start.
    let last = bench.enqueue(vec![job(3, Some("x"), None), job(3, None, Some(1))]).await[0];
    assert_eq!(bench.claim(2).await.0.len(), 2);
    let ids = bench.enqueue(vec![job(1, Some("x"), Some(1)), job(2, Some("x"), None)]).await;
    assert!(bench.claim(3).await.0.is_empty(), "their target is taken");
    bench.crash(limits()).await;
    // The first one of the target meets the rate. That lets go the second one, which stands before the
    // one that ran.
    let (jobs, _) = bench.claim(3).await;
    let started: Vec<i64> = jobs.iter().filter(|job| job.target_id.is_some()).map(|job| job.id).collect();
    assert_eq!(started, [ids[1]], "not {last}");
}
