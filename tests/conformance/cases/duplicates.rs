//! Callers' own ids, and calls that store all or nothing.

use callboard::domain::{NewJob, State};

use crate::support::{TestStore, on_every_database};

async fn a_key_finds_its_job_in_every_state(b: &TestStore) {
    for state in State::ALL {
        let like = || NewJob::new(format!("t.{state}")).key(format!("key {state}"));
        let id = b.job_like(like(), state).await;
        let before = b.picture().await;
        assert_eq!(b.enqueue_again(like()).await, id);
        // Whatever else it says.
        assert_eq!(b.enqueue_again(NewJob::new("else").priority(1).key(format!("key {state}"))).await, id);
        assert_eq!(b.picture().await, before);
    }
}

async fn a_key_is_free_again_once_its_job_is_gone(b: &TestStore) {
    let id = b.job_like(NewJob::new("t").key("k"), State::Completed).await;
    assert_eq!(b.delete(&[id]).await, [id]);
    let next = b.enqueue(NewJob::new("t").key("k")).await;
    assert!(next > id, "ids rise, even after a deletion");
}

async fn the_key_is_looked_at_before_uniqueness(b: &TestStore) {
    let by_key = b.enqueue(NewJob::new("t").key("k")).await;
    let by_target = b.enqueue(NewJob::new("t").target_id("x")).await;
    assert_eq!(b.enqueue_again(NewJob::new("t").key("k").target_id("x")).await, by_key);
    assert_eq!(b.enqueue_again(NewJob::new("t").key("other").target_id("x")).await, by_target);
}

async fn equals_within_one_call_are_one_job(b: &TestStore) {
    let there = b.enqueue(NewJob::new("t").key("there")).await;
    let jobs = ["a", "b", "a", "there", "c"].map(|key| NewJob::new("t").key(key)).into();
    let stored = b.try_enqueue_all(jobs, true).await.unwrap();
    let duplicates: Vec<bool> = stored.iter().map(|one| one.duplicate).collect();
    assert_eq!(duplicates, [false, false, true, true, false]);
    assert_eq!((stored[2].id, stored[3].id), (stored[0].id, there));
    assert!(stored[0].id < stored[1].id && stored[1].id < stored[4].id);
}

async fn all_or_nothing(b: &TestStore) {
    let before = b.picture().await;
    let mut orphan = NewJob::new("t");
    orphan.parent_job_id = Some(999);
    let jobs = vec![NewJob::new("t").key("first"), orphan, NewJob::new("t")];
    let refusal = b.try_enqueue_all(jobs, true).await.unwrap_err().to_string();
    assert!(refusal.contains("jobs[1].") && refusal.contains("999"), "{refusal}");
    assert_eq!(b.picture().await, before);
    assert!(b.told().is_empty());
    b.enqueue(NewJob::new("t").key("first")).await;
}

async fn an_unknown_parent_is_named_with_its_field(b: &TestStore) {
    let refusal = b.try_enqueue(NewJob::new("t").depends_on([5])).await.unwrap_err().to_string();
    assert_eq!(refusal, "depends_on there is no job 5");
    let mut job = NewJob::new("t");
    job.parent_job_id = Some(6);
    let refusal = b.try_enqueue(job).await.unwrap_err().to_string();
    assert_eq!(refusal, "parent_job_id there is no job 6");
}

async fn a_new_job_is_stored_as_it_was_given(b: &TestStore) {
    use callboard::domain::{Backoff, Json};
    use callboard::store::verbs::enqueue::Prepared;
    let parent = b.enqueue(NewJob::new("parent")).await;
    let mut new = NewJob::new("t").key("k").target_id("x").queue("q").priority(2).max_retries(0);
    new.args = Json::checked(r#"[1, 2.50, "é\n"]"#).unwrap();
    new.metadata = Json::checked(r#"{"a": {"b": null}}"#).unwrap();
    new.tags = vec!["b".into(), "a".into()];
    new.timeout_secs = Some(Some(1.5));
    new.backoff = Some(Backoff { jitter: 0.0, ..Backoff::default() });
    new.parent_job_id = Some(parent);
    new.on_parent_failure = callboard::domain::OnParentFailure::Run;
    new.run_at = Some(crate::support::at(5000));
    let stored = b.try_enqueue(new.clone()).await.unwrap();
    let expected = Prepared::new(new, 3).into_job(stored.id, State::Blocked, b.now());
    assert_eq!(b.find(stored.id).await, Some(expected));
}

async fn timeouts_tell_none_from_not_said(b: &TestStore) {
    let unsaid = b.enqueue(NewJob::new("t")).await;
    let mut new = NewJob::new("t");
    new.timeout_secs = Some(None);
    let none = b.enqueue(new).await;
    let (unsaid, none) = (b.job(unsaid).await, b.job(none).await);
    assert_eq!((unsaid.timeout_secs, unsaid.timeout_inherited), (None, true));
    assert_eq!((none.timeout_secs, none.timeout_inherited), (None, false));
}

on_every_database!(
    a_key_finds_its_job_in_every_state,
    a_key_is_free_again_once_its_job_is_gone,
    the_key_is_looked_at_before_uniqueness,
    equals_within_one_call_are_one_job,
    all_or_nothing,
    an_unknown_parent_is_named_with_its_field,
    a_new_job_is_stored_as_it_was_given,
    timeouts_tell_none_from_not_said,
);
