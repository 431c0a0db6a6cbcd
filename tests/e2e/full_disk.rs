//! The disk is full while jobs run. A limit on the size of files stands for it, because that can be
//! set and lifted for one process; what the database meets with is the same.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::json;

use crate::http::{Answer, get, post_job};
use crate::server::Server;
use crate::watcher::{Watcher, states};

/// Within this time a write is answered, whatever the disk does.
const ANSWERED: Duration = Duration::from_secs(10);
const RUNNING: usize = 4;
/// A job that waits for a file, and then has a result.
const CONFIG: &str = r#"
    [job_types.waits]
    concurrency = 4
    command = ["bash", "-c", "until [ -e \"$0\" ]; do sleep 0.05; done; echo '::callboard {\"result\":\"kept\"}'", "{args.go}"]
"#;

/// No file of the server may grow beyond so many bytes from now on.
fn limit_files(server: &Server, bytes: Option<u64>) {
    let limit = Rlimit { current: bytes, maximum: None };
    prlimit(Pid::from_raw(server.pid().as_raw()), Resource::Fsize, limit).unwrap();
}

fn largest_file(folder: &Path) -> u64 {
    let sizes = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len());
    sizes.max().unwrap()
}

/// Hands jobs in until the server takes none; those that were acknowledged, and the refusal.
async fn fill_up(server: &Server) -> (Vec<i64>, Answer) {
    let mut acknowledged = Vec::new();
    loop {
        let begun = Instant::now();
        // A large one, so that some space that is left does not help.
        let answer =
            post_job(server, json!({"job_type": "noop", "metadata": {"pad": "x".repeat(20_000)}})).await;
        assert!(begun.elapsed() < ANSWERED, "{:?}", begun.elapsed());
        if answer.status != 201 {
            return (acknowledged, answer);
        }
        acknowledged.push(answer.body["id"].as_i64().unwrap());
        assert!(acknowledged.len() < 1000, "the limit does not limit");
    }
}

#[tokio::test]
async fn writes_are_put_off_and_results_are_kept_until_there_is_space() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path(), CONFIG);
    let go = home.path().join("go");
    let mut watchers = Vec::new();
    for _ in 0..RUNNING {
        let id = server.enqueue("waits", &json!({ "go": go }));
        watchers.push((id, Watcher::open(&server, id).await));
    }
    while get(&server, "/api/workers").await.body["workers"].as_array().unwrap().len() < RUNNING {}
    limit_files(&server, Some(largest_file(&server.data())));

    let (acknowledged, refused) = fill_up(&server).await;
    assert_eq!(refused.status, 503);
    assert!(refused.detail().contains("see whether the disk of the data directory is full"), "{refused:?}");
    assert!(refused.retry_after.is_some());
    let unready = get(&server, "/readyz").await;
    assert!(unready.status == 503 && unready.detail().contains("store: "), "{unready:?}");
    // The work is done, and that cannot be written.
    fs::write(&go, "").unwrap();
    while !server.log().contains("ends of attempts are not on disk yet") {}
    assert_eq!(get(&server, "/healthz").await.status, 200);
    for (id, _) in &watchers {
        assert_eq!(get(&server, &format!("/api/jobs/{id}")).await.body["state"], "running");
    }

    limit_files(&server, None);
    for (id, watcher) in &mut watchers {
        let (frames, code) = watcher.rest().await;
        assert_eq!((states(&frames).last(), code), (Some(&"completed"), 1000));
        let job = server.job(*id);
        assert_eq!((&job["result"], &job["attempt"]), (&"kept".into(), &1.into()));
    }
    for id in acknowledged {
        let id = id.to_string();
        assert!(server.command(&["watch", &id]).output().unwrap().status.success(), "job {id}");
    }
    assert_eq!(get(&server, "/readyz").await.status, 200);
    assert!(server.stop().success());
}
