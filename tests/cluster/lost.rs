//! Nodes that die, or are taken for dead; a database that goes away.

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::fleet::Fleet;
use crate::postgres::is_there;
use crate::watcher::Watcher;

/// Waits for `go`, says that it runs, and ends.
const SLOW: &str = "[job_types.slow]\ncommand = [\"sh\", \"-c\", '''\
    echo '::callboard {\"progress\":{\"percent\":40,\"message\":\"half\"}}'; \
    while ! [ -e \"$0/go\" ]; do sleep 0.1; done''', \"{args.dir}\"]\n";

fn outcomes(job: &Value) -> Vec<&str> {
    job["attempts"].as_array().unwrap().iter().map(|a| a["outcome"].as_str().unwrap_or("runs")).collect()
}

#[tokio::test]
async fn what_a_dead_node_ran_goes_to_another() {
    if !is_there() {
        return;
    }
    let fleet = Fleet::new();
    let (a, b) = (fleet.start(""), fleet.start(SLOW));
    let home = tempfile::tempdir().unwrap();
    let id = a.server.enqueue("slow", &json!({"dir": home.path()}));
    let mut watcher = Watcher::open(&a.server, id).await;
    watcher.message().await;
    let dead = b.id();
    b.server.kill();
    std::fs::write(home.path().join("go"), "").unwrap();
    let c = fleet.start(SLOW);
    watcher.rest().await;
    let job = a.server.job(id);
    assert_eq!((&job["state"], outcomes(&job)), (&json!("completed"), vec!["lost", "success"]));
    assert_eq!((job["crash_count"].as_i64(), job["retry_count"].as_i64()), (Some(0), Some(0)));
    assert_eq!(job["worker_id"], format!("{}/slow", c.id()));
    let nodes = a.nodes().await;
    assert!(nodes.contains(&(dead, "lost".into())), "{nodes:?}");
}

#[tokio::test]
async fn one_that_was_stopped_for_too_long_goes_on_as_another() {
    if !is_there() {
        return;
    }
    let fleet = Fleet::new();
    let (a, b) = (fleet.start(""), fleet.start(SLOW));
    let home = tempfile::tempdir().unwrap();
    let id = a.server.enqueue("slow", &json!({"dir": home.path()}));
    let mut watcher = Watcher::open(&a.server, id).await;
    watcher.message().await;
    let old = b.id();
    b.server.signal(Signal::SIGSTOP);
    let c = fleet.start(SLOW);
    // Its attempt is taken back and runs again on the third.
    watcher.message().await;
    assert_eq!(a.server.job(id)["worker_id"], format!("{}/slow", c.id()));
    b.server.signal(Signal::SIGCONT);
    std::fs::write(home.path().join("go"), "").unwrap();
    watcher.rest().await;
    let job = a.server.job(id);
    assert_eq!((&job["state"], outcomes(&job)), (&json!("completed"), vec!["lost", "success"]));
    drop(c);
    // It works again by itself.
    let next = a.server.enqueue("slow", &json!({"dir": home.path()}));
    let (_, job) = a.end_of(next).await;
    assert_ne!(b.id(), old);
    assert_eq!(job["state"], "completed");
    let nodes = a.nodes().await;
    assert!(nodes.contains(&(old, "lost".into())), "{nodes:?}");
}

#[tokio::test]
async fn a_new_process_in_the_folder_of_a_dead_one_does_not_wait() {
    if !is_there() {
        return;
    }
    let fleet = Fleet::patient();
    let b = fleet.start(SLOW);
    let home = tempfile::tempdir().unwrap();
    let id = b.server.enqueue("slow", &json!({"dir": home.path()}));
    Watcher::open(&b.server, id).await.message().await;
    std::fs::write(home.path().join("go"), "").unwrap();
    let b = b.killed_and_started_again(&fleet, SLOW);
    let (_, job) = b.end_of(id).await;
    assert_eq!((&job["state"], outcomes(&job)), (&json!("completed"), vec!["lost", "success"]));
}
