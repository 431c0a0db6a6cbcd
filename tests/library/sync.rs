//! `sync_all`

use std::time::Duration;

use callboard::workers::sync_all::SyncAll;
use callboard::workers::{Availability, Failure, Worker};
use serde_json::{Value, json};

use crate::bench::Shelf;
use crate::stash::KEY;
use crate::support::{fatal, retried, run_typed};

fn kind<'a>(result: &'a Value, name: &str) -> &'a Value {
    result["kinds"].as_array().unwrap().iter().find(|kind| kind["kind"] == name).unwrap()
}

#[tokio::test]
async fn everything_is_read_page_by_page() {
    let mut shelf = Shelf::new();
    let result = shelf.sync(json!({})).await.unwrap();
    assert_eq!(result["version"], "v0.30.1");
    let expected =
        json!({"kind": "scene", "full": true, "resumed": false, "read": 250, "deleted": 0, "total": 250});
    assert_eq!(*kind(&result, "scene"), expected);
    assert_eq!((&kind(&result, "performer")["read"], &kind(&result, "tag")["read"]), (&json!(30), &json!(3)));
    assert_eq!(shelf.snapshot().await, (1..=250).collect::<Vec<_>>());
    let steps = shelf.bench.steps();
    assert!(steps.is_sorted_by(|a, b| a.percent <= b.percent), "{steps:?}");
    assert!(steps.iter().any(|s| s.message.as_deref() == Some("scenes: 120 of 250")), "{steps:?}");
    assert_eq!(steps.last().unwrap().percent, 100.0);
}

#[tokio::test]
async fn later_only_what_changed_is_read() {
    let mut shelf = Shelf::new();
    shelf.sync(json!({})).await.unwrap();
    {
        let mut library = shelf.fake.library.lock().unwrap();
        library.scenes.values_mut().for_each(|scene| scene.updated_at -= Duration::from_secs(86_400));
        let now = library.tick();
        let scene = library.scenes.get_mut(&77).unwrap();
        (scene.title, scene.updated_at) = (Some("New title".into()), now);
        library.scenes.remove(&100);
    }
    let result = shelf.sync(json!({})).await.unwrap();
    let expected =
        json!({"kind": "scene", "full": false, "resumed": false, "read": 1, "deleted": 0, "total": 250});
    assert_eq!(*kind(&result, "scene"), expected);
    // A deletion is noticed by a full run only, which comes by itself after some days.
    shelf.clock.advance(Duration::from_secs(8 * 86_400));
    let result = shelf.sync(json!({})).await.unwrap();
    let expected =
        json!({"kind": "scene", "full": true, "resumed": false, "read": 249, "deleted": 1, "total": 249});
    assert_eq!(*kind(&result, "scene"), expected);
    assert!(!shelf.snapshot().await.contains(&100));
    assert_eq!(kind(&shelf.sync(json!({"mode": "full"})).await.unwrap(), "tag")["full"], true);
}

#[tokio::test]
async fn a_run_that_broke_off_goes_on_where_it_was() {
    let mut shelf = Shelf::new();
    shelf.config.max_retries = 0;
    // The page after scene 160.
    shelf.fake.trouble(r#""value":160"#, 500, "out of memory", 1);
    let message = retried(shelf.sync(json!({})).await.map(|_| None));
    assert!(message.contains("500") && message.contains("out of memory"), "{message}");
    assert_eq!(shelf.snapshot().await, (1..=160).collect::<Vec<_>>());
    shelf.fake.requests();
    shelf.fake.library.lock().unwrap().scenes.remove(&5);
    let result = shelf.sync(json!({})).await.unwrap();
    let expected =
        json!({"kind": "scene", "full": true, "resumed": true, "read": 250, "deleted": 0, "total": 250});
    assert_eq!(*kind(&result, "scene"), expected);
    let scenes = shelf.fake.requests().iter().filter(|body| body.contains("findScenes")).count();
    assert_eq!(scenes, 5, "only what was left is read");
}

#[tokio::test]
async fn nothing_is_deleted_before_a_whole_pass() {
    let mut shelf = Shelf::new();
    shelf.config.max_retries = 0;
    shelf.sync(json!({})).await.unwrap();
    shelf.fake.library.lock().unwrap().scenes.remove(&3);
    shelf.fake.trouble(r#""value":161"#, 503, "", 1);
    assert!(shelf.sync(json!({"mode": "full"})).await.is_err());
    assert_eq!(shelf.snapshot().await.len(), 250);
    let result = shelf.sync(json!({"mode": "full"})).await.unwrap();
    assert_eq!(
        (&kind(&result, "scene")["resumed"], &kind(&result, "scene")["deleted"]),
        (&json!(true), &json!(1))
    );
}

#[tokio::test]
async fn what_cannot_be_filtered_by_id_comes_in_one_piece() {
    let mut shelf = Shelf::new();
    shelf.sync(json!({})).await.unwrap();
    let requests = shelf.fake.requests();
    let asked = |query: &str| requests.iter().filter(|body| body.contains(query)).count();
    // Numbered pages would shift under a deletion, and what is never shown would count as deleted.
    assert_eq!((asked("findPerformers"), asked("findScenes")), (1, 13));
    shelf.fake.library.lock().unwrap().performers.remove(&1);
    let result = shelf.sync(json!({"mode": "full"})).await.unwrap();
    let performers = kind(&result, "performer");
    assert_eq!(
        (&performers["read"], &performers["deleted"], &performers["total"]),
        (&json!(29), &json!(1), &json!(29))
    );
}

#[tokio::test]
async fn a_locked_database_passes() {
    let mut shelf = Shelf::new();
    shelf.clock = callboard::domain::Clock::system();
    let locked = r#"{"errors":[{"message":"database is locked","path":["findScenes"]}],"data":null}"#;
    shelf.fake.trouble("findScenes", 200, locked, 2);
    assert_eq!(kind(&shelf.sync(json!({})).await.unwrap(), "scene")["read"], 250);
    assert!(
        shelf
            .bench
            .read(callboard::logs::Stream::Log)
            .contains("database is locked; the next try is in 0.2 s")
    );
}

#[tokio::test]
async fn what_will_not_get_better_is_final() {
    for (part, status, answer, hint) in [
        ("Hello", 404, "no such page", "check stash.url"),
        ("Hello", 422, r#"{"errors":[{"message":"no field x"}]}"#, "does not know the query"),
        ("Hello", 302, "", "redirects"),
        ("findTags", 200, r#"{"errors":[{"message":"converting id: x"}]}"#, "converting id: x"),
        (
            "findTags",
            200,
            r#"{"data":{"findTags":{"count":1,"items":[{"id":"x"}]}}}"#,
            "id is missing or odd",
        ),
        ("findTags", 200, r#"{"data":{"findTags":null}}"#, "count is missing or odd"),
    ] {
        let mut shelf = Shelf::new();
        shelf.fake.trouble(part, status, answer, 9);
        let message = fatal(shelf.sync(json!({})).await.map(|_| None));
        assert!(message.contains(hint), "{message}");
    }
    let mut shelf = Shelf::new();
    shelf.config.max_retries = 0;
    for answer in ["<html>", r#"{"data":null}"#] {
        shelf.fake.trouble("Hello", 200, answer, 1);
        let message = retried(shelf.sync(json!({})).await.map(|_| None));
        assert!(message.contains("answer"), "{message}");
    }
}

#[tokio::test]
async fn the_key_is_checked_and_never_told() {
    let mut shelf = Shelf::new();
    shelf.fake.trouble("Hello", 403, &format!("{KEY} is blocked"), 1);
    let message = fatal(shelf.sync(json!({})).await.map(|_| None));
    assert!(message.contains("*** is blocked; check stash.api_key_env"), "{message}");
    shelf.config.api_key_file = None;
    let message = fatal(shelf.sync(json!({})).await.map(|_| None));
    assert!(message.contains("401") && message.contains("stash.api_key_env"), "{message}");
    shelf.config.api_key_file = Some("no/such/file".into());
    assert!(
        matches!(SyncAll::new(shelf.stash()).availability(), Availability::Unavailable(why) if why.contains("no/such/file"))
    );
    shelf.config.url = None;
    assert!(
        matches!(SyncAll::new(shelf.stash()).availability(), Availability::Unavailable(why) if why.contains("set stash.url"))
    );
}

#[tokio::test]
async fn a_slow_page_is_given_up_and_a_cancel_heeded() {
    let mut shelf = Shelf::new();
    shelf.config.max_retries = 0;
    shelf.config.timeout = Duration::from_millis(50);
    shelf.fake.hold("findScenes");
    let message = retried(shelf.sync(json!({})).await.map(|_| None));
    assert!(message.contains("did not answer within 0.05 s"), "{message}");
    shelf.config.timeout = Duration::from_secs(60);
    let (stash, ctx) = (shelf.stash(), shelf.context(&json!({})));
    shelf.fake.requests();
    let job = tokio::spawn(run_typed(SyncAll::new(stash), ctx));
    let shelf = shelf.asked("findScenes").await;
    shelf.bench.cancel.cancel();
    assert_eq!(job.await.unwrap(), Err(Failure::Cancelled));
}

#[tokio::test]
async fn two_runs_do_not_meet() {
    let mut shelf = Shelf::new();
    let worker = std::sync::Arc::new(SyncAll::new(shelf.stash()));
    shelf.fake.hold("findScenes");
    let (first, second) = (shelf.context(&json!({})), shelf.context(&json!({})));
    let running = tokio::spawn({
        let (worker, first) = (worker.clone(), first);
        async move { worker.run(first, Default::default()).await }
    });
    let shelf = shelf.asked("findScenes").await;
    let met = worker.run(second, Default::default()).await.map(|_| ());
    assert_eq!(met, Err(Failure::Snooze(Duration::from_secs(5))));
    shelf.fake.release();
    assert!(running.await.unwrap().is_ok());
}
