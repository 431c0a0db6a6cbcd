//! A database that goes away and comes back under two nodes at work.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::fleet::Fleet;
use crate::postgres::is_there;

const QUICK: &str = "[job_types.quick]\nconcurrency = 2\ncommand = [\"sleep\", \"0.05\"]\n";

/// What was acknowledged is done, once each, and both nodes work again by themselves.
async fn comes_back(how: &str) {
    if !is_there() {
        return;
    }
    let home = tempfile::tempdir_in("/tmp").unwrap();
    let fleet = Fleet::on_its_own_server(home.path());
    let (a, b) = (fleet.start(QUICK), fleet.start(QUICK));
    let mut ids: Vec<i64> = (0..40).map(|_| a.server.enqueue("quick", &json!({}))).collect();
    fleet.database().stop(how);
    let refused = a.server.command(&["enqueue", "quick"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{}", String::from_utf8_lossy(&refused.stderr));
    fleet.database().start();
    let back = Instant::now();
    while !a.server.command(&["enqueue", "quick"]).output().unwrap().status.success() {
        assert!(back.elapsed() < Duration::from_secs(60), "{}", a.server.log());
    }
    ids.push(b.server.enqueue("quick", &json!({})));
    for id in ids {
        let (_, job) = a.end_of(id).await;
        assert_eq!(job["state"], "completed", "{job}");
        assert_eq!(job["crash_count"], 0, "{job}");
    }
    assert!(a.nodes().await.iter().all(|(_, state)| state == "alive"), "nobody is lost for that");
}

#[tokio::test]
async fn after_a_restart() {
    comes_back("fast").await;
}

#[tokio::test]
async fn after_a_crash() {
    comes_back("immediate").await;
}
