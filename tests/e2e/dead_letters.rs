//! Many failed jobs, and somebody who changes their mind in the middle.

use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::http::{call, get};
use crate::server::Server;

const JOBS: usize = 3_000;
/// The type is paused before its jobs are given another go.
const CONFIG: &str = "[job_types.bad]\nurl = 'http://127.0.0.1:1/'\nmax_retries = 0\nconcurrency = 100\n";

async fn count(server: &Server, state: &str) -> usize {
    let counts = get(server, "/api/queue-status").await.body;
    usize::try_from(counts["counts"][state].as_u64().unwrap()).unwrap()
}

/// Presses Control-C as soon as the command has done something; what it said then.
async fn interrupted(server: &Server, mut command: Command) -> Value {
    let child = command.spawn().unwrap();
    while count(server, "failed").await == JOBS {}
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 130)), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn control_c_leaves_nothing_half_and_says_how_much_was_done() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path(), CONFIG);
    let jobs: Vec<Value> = (0..JOBS).map(|n| json!({"job_type": "bad", "args": {"n": n}})).collect();
    call(&server, "POST", "/api/jobs/bulk", Some(json!({ "jobs": jobs }))).await.unwrap();
    while count(&server, "failed").await < JOBS {}
    server.says(&["pause", "bad"]);

    let told = interrupted(&server, server.command(&["dead", "retry", "--all", "--json"])).await;
    let retried = count(&server, "pending").await;
    assert_eq!(told["changed"], retried);
    assert_eq!((retried + count(&server, "failed").await, told["changed"] == told["matched"]), (JOBS, true));
    // Nothing goes on behind its back, and the rest is as it was.
    let rest: Value = serde_json::from_str(&server.says(&["dead", "retry", "--all", "--json"])).unwrap();
    assert_eq!(rest["changed"], JOBS - retried);
    assert_eq!((count(&server, "pending").await, count(&server, "failed").await), (JOBS, 0));
    assert!(server.stop().success());
}
