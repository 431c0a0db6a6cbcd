//! What one node is told holds on the other at once.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::fleet::{Fleet, Node, until_so};
use crate::postgres::is_there;

const SLOW: &str = "[job_types.slow]\nconcurrency = 4\ncommand = [\"sleep\", \"60\"]\n";
const ROUNDS: usize = 5;
/// What is promised.
const PROMISED: Duration = Duration::from_secs(1);

async fn said(node: &Node, path: &str) -> Value {
    serde_json::from_str(&node.text(path).await).unwrap()
}

/// How long it takes until something holds.
async fn until(what: &str, holds: impl AsyncFn() -> bool) -> Duration {
    let begun = Instant::now();
    until_so(what, holds).await;
    begun.elapsed()
}

/// The one in the middle: a machine under load may be late now and then.
fn middle(what: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    println!("{what}: {took:?}");
    assert!(took[took.len() / 2] < PROMISED, "{what} took {took:?}");
}

#[tokio::test]
async fn cancels_pauses_and_limits_reach_every_node_within_a_second() {
    if !is_there() {
        return;
    }
    // Their heartbeats are minutes apart, so they know what they are told and nothing else.
    let fleet = Fleet::that_is_told();
    let (a, b) = (fleet.start(SLOW), fleet.start(""));
    let (mut cancels, mut pauses, mut limits) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        let job = b.post("/api/jobs", &json!({"job_type": "slow"})).await;
        let path = format!("/api/jobs/{}", job["id"]);
        until("it runs", async || said(&b, &path).await["state"] == "running").await;
        assert!(b.server.command(&["cancel", &job["id"].to_string()]).status().unwrap().success());
        cancels.push(until("a cancel", async || said(&b, &path).await["state"] == "cancelled").await);
        for (what, paused) in [("pause", true), ("resume", false)] {
            b.post(&format!("/api/queues/default/{what}"), &json!({})).await;
            let holds = async || {
                let queues = said(&a, "/api/pauses").await;
                queues["queues"].as_array().unwrap().contains(&json!("default")) == paused
            };
            pauses.push(until(what, holds).await);
        }
        let most = round + 5;
        b.patch("/api/job-types/slow", &json!({"global_concurrency": most})).await;
        let holds = async || said(&a, "/api/job-types/slow").await["global_concurrency"] == most;
        limits.push(until("a limit", holds).await);
    }
    middle("cancels", cancels);
    middle("pauses", pauses);
    middle("limits", limits);
}
