//! Nodes that die, or are taken for dead; a database that goes away.

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::fleet::Fleet;
use crate::postgres::is_there;
use crate::slow::{SLOW, Slow};

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
    let mut slow = Slow::begun(&a).await;
    let dead = b.id();
    b.server.kill();
    slow.go();
    let c = fleet.start(SLOW);
    slow.watcher.rest().await;
    let job = a.server.job(slow.id);
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
    let mut slow = Slow::begun(&a).await;
    let old = b.id();
    b.server.signal(Signal::SIGSTOP);
    let c = fleet.start(SLOW);
    // Its attempt is taken back and runs again on the third.
    let third = format!("{}/slow", c.id());
    while a.server.job(slow.id)["worker_id"] != third {
        // What the first attempt said may be told twice: in the snapshot, and as it comes.
        slow.watcher.message().await;
    }
    b.server.signal(Signal::SIGCONT);
    slow.go();
    slow.watcher.rest().await;
    let job = a.server.job(slow.id);
    assert_eq!((&job["state"], outcomes(&job)), (&json!("completed"), vec!["lost", "success"]));
    drop(c);
    // It works again by itself.
    let next = slow.another(&a);
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
    let slow = Slow::begun(&b).await;
    slow.go();
    let b = b.killed_and_started_again(&fleet, SLOW);
    let (_, job) = b.end_of(slow.id).await;
    assert_eq!((&job["state"], outcomes(&job)), (&json!("completed"), vec!["lost", "success"]));
}
