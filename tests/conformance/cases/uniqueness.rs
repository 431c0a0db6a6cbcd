//! Jobs that must not be there twice.

use std::time::Duration;

use callboard::domain::unique::UniqueRule;
use callboard::domain::{Json, NewJob, OnConflict, State, Unique, Verdict};

use crate::support::{TestStore, claim_of, error, on_every_database};

fn rule(by: &[&str]) -> UniqueRule {
    UniqueRule {
        by: by.iter().map(ToString::to_string).collect(),
        while_in: None,
        for_secs: None,
        on_conflict: OnConflict::Return,
    }
}

fn unique(mut job: NewJob, rule: UniqueRule) -> NewJob {
    job.unique = Some(Unique::Rule(rule));
    job
}

fn with_args(text: &str) -> NewJob {
    let mut job = NewJob::new("t");
    job.args = Json::checked(text).unwrap();
    job
}

/// Whether a job like this would be a duplicate now.
async fn is_there(b: &TestStore, job: NewJob) -> bool {
    let stored = b.try_enqueue(job).await.unwrap();
    if !stored.duplicate {
        b.cancel(stored.id).await.unwrap();
    }
    stored.duplicate
}

async fn by_target_while_unfinished(b: &TestStore) {
    for state in State::ALL {
        let like = || NewJob::new(format!("t.{state}")).target_id("x");
        b.job_like(like(), state).await;
        assert_eq!(is_there(b, like()).await, !state.is_final(), "{state}");
        assert!(!is_there(b, like().target_id("y")).await);
        assert!(!is_there(b, NewJob::new("other").target_id("x")).await);
        let mut not_unique = like();
        not_unique.unique = Some(Unique::Plain(false));
        assert!(!is_there(b, not_unique).await);
    }
}

async fn by_args_when_asked_for(b: &TestStore) {
    let plain = |text| {
        let mut job = with_args(text);
        job.unique = Some(Unique::Plain(true));
        job
    };
    b.enqueue(with_args("{}")).await;
    b.enqueue(with_args("{}")).await;
    b.enqueue(plain(r#"{"a":1,"b":2}"#)).await;
    assert!(is_there(b, plain(r#"{"b": 2, "a": 1}"#)).await);
    assert!(!is_there(b, plain(r#"{"b": 2, "a": 1.0}"#)).await);
}

async fn by_part_of_the_args_and_by_queue(b: &TestStore) {
    let by = |text, queue: &str| unique(with_args(text).queue(queue), rule(&["args.video.id", "queue"]));
    b.enqueue(by(r#"{"video":{"id":7},"rest":1}"#, "q")).await;
    assert!(is_there(b, by(r#"{"video":{"id":7},"rest":2}"#, "q")).await);
    assert!(!is_there(b, by(r#"{"video":{"id":8},"rest":1}"#, "q")).await);
    assert!(!is_there(b, by(r#"{"video":{"id":7},"rest":1}"#, "r")).await);
    assert!(!is_there(b, by(r"{}", "q")).await);
}

async fn while_in_the_states_that_it_names(b: &TestStore) {
    for held in State::ALL {
        for state in State::ALL {
            let only = UniqueRule { while_in: Some(vec![held]), ..rule(&["target_id"]) };
            let like = || unique(NewJob::new(format!("t.{held}.{state}")).target_id("x"), only.clone());
            b.job_like(like(), state).await;
            assert_eq!(is_there(b, like()).await, held == state, "held while {held}, is {state}");
        }
    }
}

async fn for_a_span_of_time(b: &TestStore) {
    let like = || unique(NewJob::new("t"), UniqueRule { for_secs: Some(60.0), ..rule(&["args"]) });
    let first = b.job_like(like(), State::Completed).await;
    b.pass(59);
    assert_eq!(b.enqueue_again(like()).await, first);
    b.pass(1);
    let second = b.enqueue(like()).await;
    b.pass(1);
    assert_eq!(b.enqueue_again(like()).await, second);
}

async fn a_conflict_may_be_refused(b: &TestStore) {
    let refuse = || {
        unique(
            NewJob::new("t").target_id("x"),
            UniqueRule { on_conflict: OnConflict::Refuse, ..rule(&["target_id"]) },
        )
    };
    let id = b.enqueue(refuse()).await;
    let before = b.picture().await;
    let refusal = b.try_enqueue(refuse()).await.unwrap_err().to_string();
    assert!(refusal.contains(&format!("job {id} (pending)")), "{refusal}");
    let bulk = vec![NewJob::new("t"), refuse()];
    let refusal = b.try_enqueue_all(bulk, true).await.unwrap_err().to_string();
    assert!(refusal.starts_with("jobs[1].unique"), "{refusal}");
    assert_eq!(b.picture().await, before);
}

async fn a_conflict_may_replace_what_waits(b: &TestStore) {
    for state in State::UNFINISHED {
        let replace = |text: &str| {
            let mut job = with_args(text).target_id("x");
            job.job_type = format!("t.{state}");
            unique(job, UniqueRule { on_conflict: OnConflict::Replace, ..rule(&["target_id"]) })
        };
        let id = b.job_like(replace(r#"{"old":1}"#), state).await;
        let mut newer = replace(r#"{"new":2}"#).priority(1).queue("q").max_retries(9);
        newer.tags = vec!["fresh".into()];
        assert_eq!(b.enqueue_again(newer).await, id);
        let job = b.job(id).await;
        let got = (job.args.as_str(), job.priority, job.queue.as_str(), job.max_retries, job.tags.len());
        let expected = match state {
            State::Running => (r#"{"old":1}"#, 5, "default", 3, 0),
            _ => (r#"{"new":2}"#, 1, "q", 9, 1),
        };
        assert_eq!(got, expected, "{state}");
        // A time that is not named any more is over; parents and backoff are not.
        let now = if state == State::Scheduled { State::Pending } else { state };
        assert_eq!(job.state, now);
    }
}

/// A rule may name states that a job leaves and comes back to. Whoever took the lock meanwhile must
/// not stop it: a claim, a promotion or the end of an attempt cannot be refused for a rule's sake.
async fn a_lock_never_stops_a_job_on_its_way(b: &TestStore) {
    let waiting =
        UniqueRule { while_in: Some(vec![State::Pending, State::Retrying]), ..rule(&["target_id"]) };
    let like = || unique(NewJob::new("t").target_id("x"), waiting.clone());
    let first = b.enqueue(like()).await;
    let running = b.claim_one("t").await;
    let second = b.enqueue(like()).await;
    assert_eq!(b.finish(claim_of(&running), error("again")).await, Some(State::Retrying));
    b.pass(10);
    assert_eq!(b.promote(10).await.jobs, 1);
    assert_eq!(b.state(first).await, State::Pending);
    assert_eq!(b.claim("t", 2).await.len(), 2);
    for id in [first, second] {
        let job = b.job(id).await;
        assert_eq!(b.finish(claim_of(&job), Verdict::Released).await, Some(State::Pending));
    }
    assert!(is_there(b, like()).await);
}

async fn a_lock_on_ends_holds_more_than_one(b: &TestStore) {
    let ended = UniqueRule { while_in: Some(vec![State::Running, State::Completed]), ..rule(&["target_id"]) };
    let like = || unique(NewJob::new("t").target_id("x"), ended.clone());
    b.enqueue(like()).await;
    b.enqueue(like()).await;
    let both = b.claim("t", 2).await;
    assert_eq!(both.len(), 2);
    for job in &both {
        assert_eq!(b.finish(claim_of(job), Verdict::Success(None)).await, Some(State::Completed));
    }
    assert_eq!(b.enqueue_again(like()).await, both[0].id);
}

async fn a_lock_whose_time_is_over_is_nobodys(b: &TestStore) {
    let short =
        UniqueRule { for_secs: Some(10.0), while_in: Some(vec![State::Pending]), ..rule(&["target_id"]) };
    let like = |for_secs| {
        unique(NewJob::new("t").target_id("x"), UniqueRule { for_secs: Some(for_secs), ..short.clone() })
    };
    b.enqueue(like(10.0)).await;
    let running = b.claim_one("t").await;
    let second = b.enqueue(like(100.0)).await;
    b.finish(claim_of(&running), Verdict::Released).await;
    b.pass(20);
    // The first one's time is over, the second one's is not.
    assert_eq!(b.enqueue_again(like(10.0)).await, second);
    b.pass(100);
    b.enqueue(like(10.0).run_at(b.now().plus(Duration::from_secs(5)))).await;
}

on_every_database!(
    by_target_while_unfinished,
    by_args_when_asked_for,
    by_part_of_the_args_and_by_queue,
    while_in_the_states_that_it_names,
    for_a_span_of_time,
    a_conflict_may_be_refused,
    a_conflict_may_replace_what_waits,
    a_lock_never_stops_a_job_on_its_way,
    a_lock_on_ends_holds_more_than_one,
    a_lock_whose_time_is_over_is_nobodys,
);
