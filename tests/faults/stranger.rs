//! A stranger holds the database file.

use std::time::{Duration, Instant};

use callboard::domain::State;
use callboard::{Error, NewJob};
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use futures_util::future::join_all;

use crate::house::Plan;
use crate::puppet::puppet;

#[actix_rt::test]
async fn writes_are_answered_within_ten_seconds_and_reads_go_on() {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).build().await;
    let id = house.enqueue(NewJob::new("t")).await;
    let act = acts.next().await;
    let path = house.data_dir().join("queue.db");
    let mut stranger = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
    // The server may be writing just then, so the lock is waited for.
    stranger.batch_execute("PRAGMA busy_timeout = 10000; BEGIN EXCLUSIVE").unwrap();
    act.succeed();
    // They come one after the other, so that some arrive just when the wait of those before begins.
    let writes = join_all((0..60_u64).map(|n| {
        let board = house.board.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(n * 100)).await;
            let begun = Instant::now();
            (board.enqueue(NewJob::new("t")).await, begun.elapsed())
        }
    }));
    let reads = async {
        let begun = Instant::now();
        assert_eq!(house.board.job(id).await.unwrap().state, State::Running);
        // Far from what a write waits for.
        assert!(begun.elapsed() < Duration::from_secs(5));
        let readiness = house.board.readiness().await;
        assert!(!readiness.ready && readiness.parts["store"] != "ok", "{readiness:?}");
    };
    let (answers, ()) = tokio::join!(writes, reads);
    for (answer, _) in &answers {
        let Err(Error::Unavailable(text)) = answer else { panic!("{answer:?}") };
        assert!(text.contains("locked") && text.contains("another program"), "{text}");
    }
    let longest = answers.iter().map(|(_, took)| *took).max().unwrap();
    println!("the longest wait was {longest:?}");
    assert!(longest < Duration::from_secs(10), "{longest:?}");
    stranger.batch_execute("COMMIT").unwrap();
    house.enqueue(NewJob::new("t")).await;
    house.until_moving(id, State::Completed, Duration::from_millis(250)).await;
    let ready = || async { house.board.readiness().await.ready };
    house.moving_until(Duration::from_millis(250), "ready again", ready).await;
}
