//! Writes that share a commit with one that fails.

use std::sync::mpsc;
use std::time::Duration;

use callboard::NewJob;
use callboard::store::StoreError;
use callboard::store::faults::Point;
use diesel::connection::SimpleConnection;
use futures_util::future::join_all;

use crate::bench::Bench;

/// Holds the writer before its next transaction until the sender is dropped, so that all that comes
/// meanwhile shares the one after; from then on the weather is as given.
async fn hold(bench: &Bench, then: Result<(), &'static str>) -> mpsc::Sender<()> {
    let (hold, held) = mpsc::channel::<()>();
    let (reached, is_held) = tokio::sync::oneshot::channel();
    let mut reached = Some(reached);
    bench.weather.set(move |point| match reached.take() {
        Some(reached) => {
            let _ = reached.send(());
            let _ = held.recv();
            Ok(())
        }
        None if point == Point::Begin => then.map_err(ToOwned::to_owned),
        None => Ok(()),
    });
    let store = bench.store.clone();
    actix_rt::spawn(async move { store.write(|_| Ok(())).await });
    is_held.await.unwrap();
    hold
}

#[actix_rt::test]
async fn one_that_fails_halfway_takes_no_other_along() {
    let bench = Bench::new();
    let held = hold(&bench, Ok(())).await;
    let good = (0..20).map(|n| bench.enqueue(NewJob::new("t").key(format!("good {n}"))));
    let bad = bench.store.write(|tx| {
        let jobs = [callboard::store::verbs::enqueue::Prepared::new(NewJob::new("t").key("bad"), 3)];
        callboard::store::verbs::enqueue::enqueue(tx, &jobs, false, crate::bench::at(1))?;
        Err::<(), _>(StoreError::Database("broken halfway".into()))
    });
    let all = async { tokio::join!(join_all(good), bad) };
    let release = async {
        tokio::task::yield_now().await;
        drop(held);
    };
    let ((good, bad), ()) = tokio::join!(all, release);
    assert!(bad.is_err());
    assert!(good.iter().all(Result::is_ok), "{good:?}");
    assert_eq!(bench.dump().await.iter().filter(|l| l.starts_with("job ")).count(), 20);
    bench.check().await;
}

#[actix_rt::test]
async fn one_that_the_database_has_no_room_for_takes_no_other_along() {
    let bench = Bench::new();
    bench.enqueue(NewJob::new("t")).await.unwrap();
    let limit = |pages: i64| {
        bench.store.write(move |tx| {
            tx.conn()?.batch_execute(&format!("PRAGMA max_page_count = {pages}")).map_err(StoreError::from)
        })
    };
    // Room for small ones, none for a megabyte. SQLite then rolls back the whole transaction.
    limit(120).await.unwrap();
    let held = hold(&bench, Ok(())).await;
    let large = NewJob::new("t").args(&["x".repeat(900_000)]).unwrap();
    let jobs = (0..20).map(|n| match n {
        10 => bench.enqueue(large.clone()),
        n => bench.enqueue(NewJob::new("t").key(format!("small {n}"))),
    });
    let release = async {
        tokio::task::yield_now().await;
        drop(held);
    };
    let (answers, ()) = tokio::join!(join_all(jobs), release);
    for (n, answer) in answers.iter().enumerate() {
        match answer {
            Err(StoreError::Database(text)) if n == 10 => assert!(text.contains("full"), "{text}"),
            other => assert!(n != 10 && other.is_ok(), "{n}: {other:?}"),
        }
    }
    bench.check().await;
    // What is full for long refuses, and takes again once there is room.
    let mut stored = 20;
    let full = loop {
        match bench.enqueue(NewJob::new("t").args(&["y".repeat(10_000)]).unwrap()).await {
            Ok(_) => stored += 1,
            Err(e) => break e,
        }
    };
    assert!(full.to_string().contains("free some space"), "{full}");
    limit(1_000_000).await.unwrap();
    bench.enqueue(large).await.unwrap();
    assert_eq!(bench.dump().await.iter().filter(|l| l.starts_with("job ")).count(), stored + 1);
    bench.check().await;
}

#[actix_rt::test]
async fn all_in_line_are_answered_when_the_database_takes_nothing() {
    let bench = Bench::new();
    let held = hold(&bench, Err("database is locked")).await;
    let many = join_all((0..3000).map(|_| bench.enqueue(NewJob::new("t"))));
    let release = async {
        tokio::task::yield_now().await;
        drop(held);
    };
    let answers = tokio::time::timeout(Duration::from_secs(20), async { tokio::join!(many, release).0 });
    let answers = answers.await.expect("all are answered");
    assert!(answers.iter().all(Result::is_err));
    bench.weather.clear();
    bench.enqueue(NewJob::new("t")).await.unwrap();
    assert_eq!(bench.dump().await.len(), 2);
}
