//! A server that is killed leaves its programs running. The next one ends them before it starts any
//! of their jobs again.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::server::Server;
use crate::tree::{self, Tree};
use crate::watcher::{Watcher, states};

async fn kill_and_start_again(kind: &str) {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path(), &tree::config());
    let tree = Tree::grow(&server, home.path(), kind).await;
    server.kill();
    assert!(tree.pids.iter().all(|pid| tree::is_alive(*pid)), "nobody ended them yet");

    let begun = Instant::now();
    let server = Server::start(home.path(), &tree::config());
    assert!(!tree.lives(), "{:?}", tree.pids);
    assert!(begun.elapsed() < Duration::from_secs(15), "it took {:?}", begun.elapsed());
    let mut watcher = Watcher::open(&server, tree.id).await;
    let (frames, _) = watcher.rest().await;
    let job = server.job(tree.id);
    assert_eq!(job["state"], "completed", "{} {:?}", job["error"], states(&frames));
    assert_eq!(job["result"], "alone");
    let outcomes: Vec<&Value> = job["attempts"].as_array().unwrap().iter().map(|a| &a["outcome"]).collect();
    assert_eq!(outcomes, [&json!("lost"), &json!("success")]);
    assert_eq!(job["retry_count"], 0);
}

#[tokio::test]
async fn a_program_left_running_ends_before_its_job_is_claimed_again() {
    kill_and_start_again("heeding").await;
}

#[tokio::test]
async fn a_deaf_one_too() {
    kill_and_start_again("deaf").await;
}
