//! People who have signed in, and the log of who changed what.

use std::time::Duration;

use callboard::Timestamp;
use callboard::domain::audit::{Actor, AuditEntry, AuditFilter, AuditOutcome, Deed, Verb, Via};
use callboard::store::verbs::{audit, sessions};
use callboard::store::views;
use callboard::store::views::audit::Place;
use callboard::store::views::sessions::Session;
use serde_json::json;

use crate::support::{TestStore, on_every_database};

async fn find(b: &TestStore, id: &'static str) -> Option<Session> {
    b.store.read(move |conn| views::sessions::session(conn, id)).await.unwrap()
}

async fn a_session_is_seen_and_ends(b: &TestStore) {
    let begun = b.now();
    for id in ["one", "two"] {
        b.write(move |tx| sessions::open(tx, id, "alice", "seal", begun)).await.unwrap();
    }
    b.pass(60);
    let seen = b.now();
    b.write(move |tx| sessions::see(tx, "one", seen)).await.unwrap();
    // Another node may be behind.
    b.write(move |tx| sessions::see(tx, "one", begun)).await.unwrap();
    let session = Session { token: "alice".into(), seal: "seal".into(), created_at: begun, seen_at: seen };
    assert_eq!(find(b, "one").await, Some(session));
    assert_eq!(find(b, "three").await, None);
    assert_eq!(b.write(move |tx| sessions::forget(tx, seen, Timestamp::MIN)).await.unwrap(), 1);
    assert!(find(b, "two").await.is_none());
    assert!(b.write(|tx| sessions::end(tx, "one")).await.unwrap());
    assert!(!b.write(|tx| sessions::end(tx, "one")).await.unwrap());
    b.write(move |tx| sessions::open(tx, "old", "alice", "seal", begun)).await.unwrap();
    assert_eq!(b.write(move |tx| sessions::forget(tx, begun, seen)).await.unwrap(), 1, "however busy");
}

fn actor(name: &str) -> Actor {
    Actor { name: name.into(), address: "192.0.2.1".into(), via: Via::Api }
}

async fn log(b: &TestStore, filter: AuditFilter, after: Option<Place>, limit: i64) -> Vec<AuditEntry> {
    b.store.read(move |conn| views::audit::audit(conn, &filter, after, limit)).await.unwrap()
}

async fn noted(b: &TestStore, who: &'static str, deed: Deed) -> i64 {
    let now = b.now();
    b.write(move |tx| audit::note(tx, &actor(who), &deed, AuditOutcome::Done, now)).await.unwrap()
}

async fn the_log_is_read_by_who_what_and_when(b: &TestStore) {
    let start = b.now();
    for n in 0..3 {
        noted(b, "alice", Deed::to_job(Verb::JobRetry, n)).await;
        noted(b, "bob", Deed::to_job(Verb::JobCancel, n)).await;
        b.pass(1);
    }
    let all = log(b, AuditFilter::default(), None, 100).await;
    assert_eq!(all.len(), 6);
    assert!(all.is_sorted_by(|a, b| (a.at, a.id) > (b.at, b.id)));
    let mut paged = Vec::new();
    let mut place = None;
    loop {
        let page = log(b, AuditFilter::default(), place, 2).await;
        let Some(last) = page.last() else { break };
        place = Some((last.at, last.id));
        paged.extend(page);
    }
    assert_eq!(paged, all, "two at one moment are parted by no page");
    let who = AuditFilter { who: Some("alice".into()), ..AuditFilter::default() };
    assert!(log(b, who.clone(), None, 100).await.iter().all(|e| e.what == "job.retry"));
    let both = AuditFilter { object: Some("jobs/1".into()), ..who };
    assert_eq!(log(b, both, None, 100).await.len(), 1);
    let what = AuditFilter { what: Some(Verb::JobCancel), ..AuditFilter::default() };
    assert_eq!(log(b, what, None, 100).await.len(), 3);
    let between = AuditFilter {
        since: Some(start.plus(Duration::from_secs(1))),
        until: Some(start.plus(Duration::from_secs(2))),
        ..AuditFilter::default()
    };
    assert_eq!(log(b, between, None, 100).await.len(), 2);
}

async fn what_is_done_in_parts_is_concluded(b: &TestStore) {
    let now = b.now();
    let deed = Deed::new(Verb::JobsDelete, "jobs").with(json!({"all": true}));
    let begun = deed.clone();
    let id = b.write(move |tx| audit::note(tx, &actor(""), &begun, AuditOutcome::Begun, now)).await.unwrap();
    assert_eq!(log(b, AuditFilter::default(), None, 1).await[0].outcome, "begun");
    let detail = json!({"all": true, "changed": 7});
    let told = detail.clone();
    b.write(move |tx| audit::conclude(tx, id, &told, AuditOutcome::Done)).await.unwrap();
    let entry = log(b, AuditFilter::default(), None, 1).await.remove(0);
    assert_eq!((entry.outcome.as_str(), entry.who, entry.via.as_str()), ("done", None, "api"));
    assert_eq!(entry.address.as_deref(), Some("192.0.2.1"));
    assert_eq!(serde_json::from_str::<serde_json::Value>(entry.detail.as_str()).unwrap(), detail);
}

async fn old_entries_are_forgotten_part_by_part(b: &TestStore) {
    for _ in 0..5 {
        noted(b, "alice", Deed::new(Verb::Pause, "everything")).await;
        b.pass(1);
    }
    let before = b.now();
    noted(b, "alice", Deed::new(Verb::Resume, "everything")).await;
    assert_eq!(b.write(move |tx| audit::forget(tx, before, 3)).await.unwrap(), 3);
    assert_eq!(b.write(move |tx| audit::forget(tx, before, 3)).await.unwrap(), 2);
    let left = log(b, AuditFilter::default(), None, 100).await;
    assert_eq!(left.iter().map(|e| e.what.as_str()).collect::<Vec<_>>(), ["resume"]);
}

on_every_database!(
    a_session_is_seen_and_ends,
    the_log_is_read_by_who_what_and_when,
    what_is_done_in_parts_is_concluded,
    old_entries_are_forgotten_part_by_part,
);
