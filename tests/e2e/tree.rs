//! A program with a family: a child in its group, a grandchild that has left it, and, if wanted, one
//! that is deaf to SIGTERM. Everybody holds a lock as long as they live.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::server::Server;
use crate::watcher::Watcher;

/// Says who they are once all are up, and waits. An attempt after the first only looks whether an
/// earlier one's program still lives.
const SCRIPT: &str = r#"
    exec 9>>"$1"
    flock -n 9 || { echo "an earlier program still lives" >&2; exit 65; }
    [ "$CALLBOARD_ATTEMPT" = 1 ] || { echo '::callboard {"result":"alone"}'; exit; }
    setsid bash -c 'echo $$ >grandchild; exec sleep 1000' &
    if [ "$2" = deaf ]; then
        bash -c 'trap "" TERM; echo $$ >child; while :; do sleep 1000; done' &
    else
        bash -c 'echo $$ >child; exec sleep 1000' &
    fi
    until [ -s grandchild ] && [ -s child ]; do sleep 0.02; done
    echo "::callboard {\"progress\":{\"message\":\"$$ $(cat grandchild) $(cat child)\"}}"
    wait"#;

/// The configuration of a server with the job type `tree`.
pub fn config() -> String {
    let command = ["bash", "-c", SCRIPT, "tree", "{args.lock}", "{args.kind}"];
    let command: toml::Value = command.iter().map(|part| toml::Value::from(*part)).collect::<Vec<_>>().into();
    format!("[job_types.tree]\ncommand = {command}\n")
}

/// A job whose family is up.
pub struct Tree {
    pub id: i64,
    pub watcher: Watcher,
    pub pids: Vec<i32>,
}

impl Tree {
    /// Starts one that heeds SIGTERM, or is `deaf`.
    pub async fn grow(server: &Server, home: &Path, kind: &str) -> Self {
        let args: Value = json!({"lock": home.join("lock"), "kind": kind});
        let id = server.enqueue("tree", &args);
        let mut watcher = Watcher::open(server, id).await;
        let message = watcher.message().await;
        let pids: Vec<i32> = message.split(' ').map(|pid| pid.parse().unwrap()).collect();
        assert!(pids.len() == 3 && pids.iter().all(|pid| is_alive(*pid)), "{message}");
        Self { id, watcher, pids }
    }

    /// Whether any of them lives.
    pub fn lives(&self) -> bool {
        self.pids.iter().any(|pid| is_alive(*pid))
    }
}

/// Whether a process is there and has not ended.
pub fn is_alive(pid: i32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    !stat[stat.rfind(')').unwrap()..].starts_with(") Z")
}
