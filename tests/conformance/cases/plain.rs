//! New jobs of one commit that have nothing beside their row: a store may keep them back and write them together.

use callboard::domain::unique::Unique;
use callboard::domain::{Json, NewJob, State, Timestamp};
use callboard::store::verbs::claim::{self, Claimer};
use callboard::store::verbs::enqueue::{self, Prepared};
use callboard::store::{StoreError, StoreResult, Tx};
use futures_util::future::join_all;

use super::commits::{hold, in_line};
use crate::support::{TestStore, on_every_database};

/// Texts that mean something in between a program and a table.
const ODD: [&str; 8] =
    ["plain", "a\tb", "a\nb\r\n", r"\", r"\N", "\\.\n", "Füße 🦶 \u{2028}", r#"'"{}[],NULL"#];

/// The jobs with each of the texts wherever one can be. As JSON has them, and as themselves between the values.
fn odd() -> Vec<NewJob> {
    let job = |text: &&str| {
        let mut job = NewJob::new("t").queue(*text).args(&serde_json::json!({ "text": text })).unwrap();
        job.metadata = Json::checked(&format!("{{\t\"a\":\n {}}}", serde_json::json!(text))).unwrap();
        job.target_id = Some((*text).to_owned());
        job.unique = Some(Unique::Plain(false));
        job.timeout_secs = Some(Some(0.125));
        job
    };
    ODD.iter().map(job).collect()
}

fn store(tx: &mut Tx<'_>, job: &NewJob, now: Timestamp) -> StoreResult<i64> {
    Ok(enqueue::enqueue(tx, &[Prepared::new(job.clone(), 3)], false, now)?[0].id)
}

async fn are_all_there(b: &TestStore, ids: &[i64]) {
    for (id, new) in ids.iter().zip(odd()) {
        let job = b.job(*id).await;
        assert_eq!((job.queue, job.target_id, job.args), (new.queue, new.target_id, new.args));
        assert_eq!((job.metadata, job.timeout_secs), (new.metadata, Some(0.125)));
        assert_eq!((job.state, job.attempt, job.key, job.run_at), (State::Pending, 0, None, None));
    }
}

async fn many_that_share_a_commit(b: &TestStore) {
    let first = hold(b).await;
    let now = b.now();
    let jobs = odd().into_iter().cycle().take(ODD.len() * 5);
    let writes: Vec<_> = jobs.map(|job| in_line(b, move |tx| store(tx, &job, now))).collect();
    b.gate.open();
    first.await.unwrap();
    let ids: Vec<i64> = join_all(writes).await.into_iter().map(Result::unwrap).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    for ids in ids.chunks(ODD.len()) {
        are_all_there(b, ids).await;
    }
    assert_eq!(b.told().len(), 2, "commits");
}

async fn many_of_one_call(b: &TestStore) {
    let stored = b.try_enqueue_all(odd(), true).await.unwrap();
    let ids: Vec<i64> = stored.iter().map(|stored| stored.id).collect();
    are_all_there(b, &ids).await;
}

/// What a write does, the next one of the same commit sees.
async fn one_is_there_for_who_comes_next(b: &TestStore) {
    let first = hold(b).await;
    let now = b.now();
    let stores = in_line(b, move |tx| store(tx, &NewJob::new("t"), now));
    let child = in_line(b, move |tx| store(tx, &NewJob::new("child").depends_on([2]), now));
    let by = Claimer { node: 1, worker_id: "n/t".into() };
    let claims = in_line(b, move |tx| claim::claim(tx, "t", 5, &by, now));
    b.gate.open();
    first.await.unwrap();
    assert_eq!(stores.await.unwrap(), 2);
    let child = child.await.unwrap();
    let claimed: Vec<i64> = claims.await.unwrap().jobs.iter().map(|job| job.id).collect();
    assert_eq!(claimed, [1, 2]);
    assert_eq!((b.state(2).await, b.state(child).await), (State::Running, State::Blocked));
}

async fn those_beside_one_that_fails(b: &TestStore) {
    let first = hold(b).await;
    let now = b.now();
    let good = in_line(b, move |tx| store(tx, &NewJob::new("t"), now));
    let bad = in_line(b, move |tx| {
        store(tx, &NewJob::new("bad"), now)?;
        Err::<(), _>(StoreError::Database("this one is bad".into()))
    });
    let other = in_line(b, move |tx| store(tx, &NewJob::new("t"), now));
    b.gate.open();
    first.await.unwrap();
    let (good, other) = (good.await.unwrap(), other.await.unwrap());
    assert_eq!(bad.await.unwrap_err().to_string(), "this one is bad");
    assert_eq!((b.state(good).await, b.state(other).await), (State::Pending, State::Pending));
    assert!(b.picture().await.jobs.iter().all(|job| job.job_type == "t"));
}

on_every_database!(
    many_that_share_a_commit,
    many_of_one_call,
    one_is_there_for_who_comes_next,
    those_beside_one_that_fails,
);
