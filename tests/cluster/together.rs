//! What one node is asked for and another one does.

use serde_json::json;

use crate::fleet::{Fleet, until, until_so};
use crate::postgres::is_there;
use crate::slow::{SLOW, Slow};
use crate::watcher::{Watcher, percentages, states};

/// Says what its argument says, and then more as soon as it may.
const TALKER: &str = "[job_types.talker]\ncommand = [\"sh\", \"-c\", '''echo \"first of $1\"; \
    while ! [ -e \"$0/go\" ]; do [ -d \"$0\" ] || exit 1; sleep 0.1; done; echo \"second of $1\"''', \"{args.dir}\", \"{id}\"]\n";

#[tokio::test]
async fn a_job_from_here_runs_there_and_is_watched_here() {
    if !is_there() {
        return;
    }
    let fleet = Fleet::new();
    let (a, b) = (fleet.start(""), fleet.start(SLOW));
    let mut slow = Slow::begun(&a).await;
    slow.go();
    let (frames, code) = slow.watcher.rest().await;
    assert_eq!((states(&frames).last().copied(), code), (Some("completed"), 1000), "{frames:?}");
    let job = a.server.job(slow.id);
    assert_eq!(job["worker_id"], format!("{}/slow", b.id()));
    assert!(percentages(&frames).iter().all(|percent| *percent >= 40.0));
}

#[tokio::test]
async fn a_job_that_runs_there_is_called_off_from_here() {
    if !is_there() {
        return;
    }
    let fleet = Fleet::new();
    let (a, _b) = (fleet.start(""), fleet.start(SLOW));
    let mut slow = Slow::begun(&a).await;
    a.server.says(&["cancel", &slow.id.to_string()]);
    let (frames, _) = slow.watcher.rest().await;
    assert_eq!(states(&frames), ["cancelled"]);
    assert_eq!(a.server.job(slow.id)["attempts"][0]["outcome"], "cancelled");
}

#[tokio::test]
async fn a_pause_from_here_holds_there() {
    if !is_there() {
        return;
    }
    let fleet = Fleet::new();
    let (a, b) = (fleet.start(""), fleet.start("[job_types.quick]\ncommand = [\"true\"]\n"));
    b.server.says(&["pause", "quick"]);
    let id = a.server.enqueue("quick", &json!({}));
    assert_eq!(b.server.job(id)["waiting_for"]["reason"], "paused");
    b.server.says(&["resume", "quick"]);
    assert_eq!(a.end_of(id).await.1["state"], "completed");
}

#[tokio::test]
async fn both_run_what_both_can_and_each_job_once() {
    if !is_there() {
        return;
    }
    let fleet = Fleet::new();
    let quick = "[job_types.quick]\nconcurrency = 2\ncommand = [\"sleep\", \"0.05\"]\n";
    let (a, b) = (fleet.start(quick), fleet.start(quick));
    let ids: Vec<i64> = (0..30).map(|_| a.server.enqueue("quick", &json!({}))).collect();
    let mut workers = std::collections::BTreeSet::new();
    for id in ids {
        let (_, job) = b.end_of(id).await;
        assert_eq!((&job["state"], job["attempt"].as_i64()), (&json!("completed"), Some(1)), "{job}");
        workers.insert(job["worker_id"].as_str().unwrap().to_owned());
    }
    assert_eq!(workers.len(), 2, "{workers:?}");
}

#[tokio::test]
async fn what_a_job_writes_there_is_read_here() {
    if !is_there() {
        return;
    }
    let fleet = Fleet::new();
    let (a, b) = (fleet.start(""), fleet.start(TALKER));
    let home = tempfile::tempdir().unwrap();
    let id = a.server.enqueue("talker", &json!({"dir": home.path()}));
    let mut lines = Watcher::open_with_logs(&a.server, id).await;
    // Said before anybody listened, maybe: the file has it in any case.
    let path = format!("/api/jobs/{id}/logs?stream=stdout");
    until_so("the first line is in the log", async || a.text(&path).await.contains("first of")).await;
    assert_eq!(a.workers().await, [(format!("{}/talker", b.id()), id)]);
    std::fs::write(home.path().join("go"), "").unwrap();
    assert_eq!(lines.line("second").await, format!("second of {id}"));
    let (frames, _) = lines.rest().await;
    assert_eq!(states(&frames).last().copied(), Some("completed"));
    let text = a.server.says(&["logs", &id.to_string(), "--stream", "stdout"]);
    assert_eq!(text, b.server.says(&["logs", &id.to_string(), "--stream", "stdout"]));
    assert!(text.contains(&format!("first of {id}\nsecond of {id}")), "{text}");
    let gone = b.id();
    b.server.kill();
    a.until_lost(gone).await;
    let why = a.text(&format!("/api/jobs/{id}/logs")).await;
    assert!(why.contains(&format!("on node {gone}")) && why.contains("which is not running"), "{why}");
}

#[tokio::test]
async fn the_logs_of_a_job_that_is_deleted_here_go_there() {
    if !is_there() {
        return;
    }
    let fleet = Fleet::new();
    let quick = "[job_types.quick]\ncommand = [\"echo\", \"something\"]\n";
    let (a, b) = (fleet.start(""), fleet.start(quick));
    let id = a.server.enqueue("quick", &json!({}));
    assert_eq!(a.end_of(id).await.1["state"], "completed");
    let folder = b.server.data().join(format!("logs/jobs/{id}"));
    assert!(folder.is_dir());
    let deleted = a.post("/api/jobs/actions", &json!({"action": "delete", "ids": [id]})).await;
    assert_eq!(deleted["changed"], 1);
    until("the folder is gone", || !folder.exists()).await;
}
