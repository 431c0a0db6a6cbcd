//! What one node is asked for and another one does.

use serde_json::json;

use crate::fleet::Fleet;
use crate::postgres::is_there;
use crate::slow::{SLOW, Slow};
use crate::watcher::{percentages, states};

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
