//! Writes that arrive while a commit is under way share the next one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use callboard::Error;
use callboard::domain::{NewJob, Timestamp};
use callboard::store::verbs::enqueue::{self, Prepared};
use callboard::store::{StoreError, StoreResult, Tx};
use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, join_all};

use crate::support::{TestStore, on_every_database};

fn store_one(tx: &mut Tx<'_>, key: &str, now: Timestamp) -> StoreResult<i64> {
    let job = Prepared::new(NewJob::new("t").key(key), 3);
    Ok(enqueue::enqueue(tx, &[job], false, now)?[0].id)
}

/// Puts a write in line; it is there when this returns.
pub(super) fn in_line<'a, T: Send + 'static>(
    b: &'a TestStore,
    verb: impl FnMut(&mut Tx<'_>) -> StoreResult<T> + Send + 'static,
) -> LocalBoxFuture<'a, StoreResult<T>> {
    // Unconstrained: a task that has done much in one go is told to wait for its next turn.
    let mut write = tokio::task::unconstrained(b.write(verb)).boxed_local();
    assert!((&mut write).now_or_never().is_none(), "answered before its commit");
    write
}

/// Holds the writer after a commit, so that what is put in line from now on shares the next one.
pub(super) async fn hold<'a>(b: &'a TestStore) -> LocalBoxFuture<'a, StoreResult<i64>> {
    let now = b.now();
    b.gate.close();
    let first = in_line(b, move |tx| store_one(tx, "first", now));
    b.gate.somebody_waits().await;
    first
}

fn is_there(picture: &crate::support::picture::Picture, key: &str) -> bool {
    picture.jobs.iter().any(|job| job.key.as_deref() == Some(key))
}

async fn many_writes_share_one_commit(b: &TestStore) {
    let first = hold(b).await;
    let now = b.now();
    let writes: Vec<_> =
        (0..500).map(|i| in_line(b, move |tx| store_one(tx, &format!("key {i}"), now))).collect();
    b.gate.open();
    first.await.unwrap();
    let ids: Vec<i64> = join_all(writes).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(ids, (2..=501).collect::<Vec<_>>(), "in the order in which they stood in line");
    assert_eq!(b.told().len(), 2, "commits");
}

async fn one_after_the_other_each_has_its_own_commit(b: &TestStore) {
    for i in 0..5 {
        b.enqueue(NewJob::new("t").key(format!("key {i}"))).await;
    }
    assert_eq!(b.told().len(), 5);
}

async fn nobody_is_answered_before_the_commit_that_holds_his_write(b: &TestStore) {
    let first = hold(b).await;
    let now = b.now();
    let (go, wait) = mpsc::channel::<()>();
    let (began, has_begun) = tokio::sync::oneshot::channel();
    let mut began = Some(began);
    let early = in_line(b, move |tx| store_one(tx, "early", now));
    let slow = in_line(b, move |tx| {
        let id = store_one(tx, "slow", now)?;
        began.take().expect("done once").send(()).unwrap();
        wait.recv().unwrap();
        Ok(id)
    });
    b.gate.open();
    first.await.unwrap();
    has_begun.await.unwrap();
    // The transaction is open: it has both writes, and neither answered nor shown.
    let mut early = early;
    assert!((&mut early).now_or_never().is_none());
    let during = b.picture().await;
    assert!(is_there(&during, "first") && !is_there(&during, "early") && !is_there(&during, "slow"));
    go.send(()).unwrap();
    early.await.unwrap();
    let after = b.picture().await;
    assert!(is_there(&after, "early") && is_there(&after, "slow"));
    slow.await.unwrap();
}

async fn what_is_answered_can_be_read(b: &TestStore) {
    for i in 0..50 {
        let key = format!("key {i}");
        b.enqueue(NewJob::new("t").key(key.as_str())).await;
        assert!(is_there(&b.picture().await, &key));
    }
}

fn refusal() -> StoreError {
    Error::Conflict("this one is bad".into()).into()
}

async fn a_bad_write_does_not_fail_its_neighbours(b: &TestStore) {
    let first = hold(b).await;
    let now = b.now();
    let mut good = Vec::new();
    let mut bad: Vec<LocalBoxFuture<'_, StoreResult<()>>> = Vec::new();
    for i in 0..30 {
        let key = format!("key {i}");
        match i % 3 {
            0 => good.push(in_line(b, move |tx| store_one(tx, &key, now))),
            // One that fails after it has written, one that fails before.
            1 => bad.push(in_line(b, move |tx| store_one(tx, &key, now).and_then(|_| Err(refusal())))),
            _ => bad.push(in_line(b, |_| Err(refusal()))),
        }
    }
    b.gate.open();
    first.await.unwrap();
    assert!(join_all(good).await.iter().all(Result::is_ok));
    for answer in join_all(bad).await {
        assert_eq!(answer.unwrap_err().to_string(), "this one is bad");
    }
    let after = b.picture().await;
    assert_eq!(after.jobs.len(), 11);
    for i in 0..30 {
        assert_eq!(is_there(&after, &format!("key {i}")), i % 3 == 0, "key {i}");
    }
    let told = b.told();
    assert_eq!(told.len(), 2, "commits");
    assert_eq!(told[1].events.len(), 10, "what did not happen is not told");
}

async fn a_write_that_fails_after_writing_leaves_nothing(b: &TestStore) {
    let id = b.enqueue(NewJob::new("t")).await;
    let before = b.picture().await;
    b.told();
    let now = b.now();
    let failed = b
        .write(move |tx| {
            callboard::store::verbs::cancel::cancel(tx, id, now)?;
            store_one(tx, "k", now)?;
            Err::<(), _>(refusal())
        })
        .await;
    assert!(failed.is_err());
    assert_eq!(b.picture().await, before);
    assert!(b.told().is_empty());
}

async fn a_write_that_panics_takes_nobody_along(b: &TestStore) {
    let first = hold(b).await;
    let now = b.now();
    let tries = Arc::new(AtomicUsize::new(0));
    let seen = tries.clone();
    let before = in_line(b, move |tx| store_one(tx, "before", now));
    let panics = in_line(b, move |tx| -> StoreResult<()> {
        seen.fetch_add(1, Ordering::Relaxed);
        store_one(tx, "panics", now)?;
        panic!("a test wants this");
    });
    let after = in_line(b, move |tx| store_one(tx, "after", now));
    b.gate.open();
    first.await.unwrap();
    before.await.unwrap();
    assert!(panics.await.unwrap_err().to_string().contains("panicked"));
    after.await.unwrap();
    assert!(tries.load(Ordering::Relaxed) > 0);
    let picture = b.picture().await;
    assert!(is_there(&picture, "before") && is_there(&picture, "after") && !is_there(&picture, "panics"));
}

async fn a_caller_who_goes_away_does_not_stop_his_write(b: &TestStore) {
    let first = hold(b).await;
    let now = b.now();
    drop(in_line(b, move |tx| store_one(tx, "gone", now)));
    let last = in_line(b, move |tx| store_one(tx, "last", now));
    b.gate.open();
    first.await.unwrap();
    last.await.unwrap();
    assert!(is_there(&b.picture().await, "gone"));
}

/// What one read sees is of one moment, however many queries it makes.
async fn a_read_sees_one_moment(b: &TestStore) {
    let id = b.enqueue(NewJob::new("t")).await;
    let (looked, has_looked) = tokio::sync::oneshot::channel();
    let (go, wait) = mpsc::channel::<()>();
    let view = move |conn: &mut _| {
        let before = callboard::store::views::job::job(conn, id)?.map(|job| job.state);
        looked.send(()).unwrap();
        wait.recv().unwrap();
        let after = callboard::store::views::job::job(conn, id)?.map(|job| job.state);
        Ok((before, after))
    };
    let cancelled = async {
        has_looked.await.unwrap();
        b.cancel(id).await.unwrap();
        go.send(()).unwrap();
    };
    let (seen, ()) = futures_util::join!(b.store.read(view), cancelled);
    let (before, after) = seen.unwrap();
    assert_eq!(before, after);
}

on_every_database!(
    many_writes_share_one_commit,
    one_after_the_other_each_has_its_own_commit,
    nobody_is_answered_before_the_commit_that_holds_his_write,
    what_is_answered_can_be_read,
    a_bad_write_does_not_fail_its_neighbours,
    a_write_that_fails_after_writing_leaves_nothing,
    a_write_that_panics_takes_nobody_along,
    a_caller_who_goes_away_does_not_stop_his_write,
    a_read_sees_one_moment,
);
