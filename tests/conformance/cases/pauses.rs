//! Job types and queues that are stopped for a while.

use callboard::domain::NewJob;
use callboard::store::verbs::claim::{Claimer, claim};
use callboard::store::verbs::enqueue::{Prepared, enqueue};
use callboard::store::verbs::settings::{Pausable, pause};
use callboard::store::views;

use crate::support::{TestStore, on_every_database};

async fn set(b: &TestStore, what: Pausable, name: &'static str, paused: bool) {
    let now = b.now();
    b.write(move |tx| pause(tx, what, name, paused, now)).await.unwrap();
}

async fn a_paused_type_starts_nothing(b: &TestStore) {
    b.enqueue(NewJob::new("t")).await;
    b.enqueue(NewJob::new("u")).await;
    set(b, Pausable::JobType, "t", true).await;
    assert!(b.claim("t", 9).await.is_empty());
    assert_eq!(b.claim("u", 9).await.len(), 1);
    // What is paused twice is resumed once.
    set(b, Pausable::JobType, "t", true).await;
    set(b, Pausable::JobType, "t", false).await;
    assert_eq!(b.claim("t", 9).await.len(), 1);
}

async fn a_paused_queue_starts_nothing_and_the_others_go_on(b: &TestStore) {
    let paused = b.enqueue(NewJob::new("t").queue("slow").priority(1)).await;
    let open = b.enqueue(NewJob::new("t").queue("fast")).await;
    set(b, Pausable::Queue, "slow", true).await;
    let taken = b.claim("t", 9).await;
    assert_eq!(taken.iter().map(|job| job.id).collect::<Vec<_>>(), [open]);
    set(b, Pausable::Queue, "slow", false).await;
    assert_eq!(b.claim_one("t").await.id, paused);
}

async fn a_pause_of_everything_starts_nothing(b: &TestStore) {
    set(b, Pausable::All, "", true).await;
    b.enqueue(NewJob::new("t")).await;
    b.enqueue(NewJob::new("u").queue("q")).await;
    assert!(b.claim("t", 9).await.is_empty() && b.claim("u", 9).await.is_empty());
    let now = b.now();
    let at_once = b.write(move |tx| {
        enqueue(tx, &[Prepared::new(NewJob::new("t").queue("new"), 3)], false, now)?;
        claim(tx, "t", 9, &Claimer { node: 1, worker_id: "1/t".into() }, now)
    });
    assert!(at_once.await.unwrap().jobs.is_empty());
    set(b, Pausable::JobType, "u", true).await;
    set(b, Pausable::All, "", false).await;
    assert_eq!((b.claim("t", 9).await.len(), b.claim("u", 9).await.len()), (2, 0));
}

async fn a_type_and_a_queue_of_one_name_are_two(b: &TestStore) {
    b.enqueue(NewJob::new("x").queue("y")).await;
    set(b, Pausable::Queue, "x", true).await;
    set(b, Pausable::JobType, "y", true).await;
    assert_eq!(b.claim("x", 1).await.len(), 1);
    let names = |what| move |conn: &mut _| views::queues::paused(conn, what);
    assert_eq!(b.store.read(names(Pausable::Queue)).await.unwrap(), ["x"]);
    assert_eq!(b.store.read(names(Pausable::JobType)).await.unwrap(), ["y"]);
}

async fn everybody_is_told_of_a_pause(b: &TestStore) {
    set(b, Pausable::Queue, "q", true).await;
    let told = b.told();
    assert_eq!(told.len(), 1);
    assert!(told[0].settings);
}

on_every_database!(
    a_paused_type_starts_nothing,
    a_paused_queue_starts_nothing_and_the_others_go_on,
    a_pause_of_everything_starts_nothing,
    a_type_and_a_queue_of_one_name_are_two,
    everybody_is_told_of_a_pause,
);
