//! Programs of a server that was killed are ended by the next one.
#![cfg(target_os = "linux")]

#[path = "workers/support.rs"]
mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use callboard::workers::subprocess::{Instance, end_leftovers};
use callboard::workers::{CommandSpec, CommandWorker, ProgramHost};
use support::{Bench, all_end, is_alive, spec};

/// Tells this program to be a server with a job, instead of a test.
const SERVER_FOR: &str = "TEST_SERVER_FOR";

const SCRIPT: &str = r#"
    setsid bash -c 'trap "" TERM; echo "pid $$"; sleep 1000; :' &
    env -i setsid bash -c 'echo "pid $$"; sleep 1000; :' &
    (env -i bash -c 'echo "pid $$"; sleep 1000; :' &)
    echo "pid $$"
    wait"#;

/// Not a test of its own: the server that is killed.
#[tokio::test]
#[ignore = "run by the others, as a program"]
async fn server() {
    let Some(data_dir) = std::env::var_os(SERVER_FOR) else { return };
    let data_dir = Path::new(&data_dir);
    let mut bench = Bench::new();
    let host = Arc::new(ProgramHost {
        instance: Instance::of_data_dir(data_dir),
        work_root: data_dir.join("work"),
        kill_after: Duration::from_secs(10),
    });
    let worker = CommandWorker::new(CommandSpec::clone(&spec(&["bash", "-c", SCRIPT])), host);
    tokio::spawn(support::run(worker, bench.context("{}")));
    loop {
        println!("\npid {}", bench.pid("pid").await);
    }
}

fn start_server(data_dir: &Path) -> (Child, Vec<i32>) {
    let mut server = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "server", "--ignored", "--nocapture"])
        .env(SERVER_FOR, data_dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let pids = lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("pid ")?.parse().ok()).take(4);
    (server, pids.collect())
}

#[tokio::test]
async fn they_are_gone_and_others_are_not() {
    let killed = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let (mut server, pids) = start_server(killed.path());
    let (mut bystander, others) = start_server(other.path());
    assert_eq!((pids.len(), others.len()), (4, 4));
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(pids.iter().all(|pid| is_alive(*pid)), "they outlive their server");

    let begun = Instant::now();
    let instance = Instance::of_data_dir(killed.path());
    let work = killed.path().join("work");
    let ended = end_leftovers(&instance, &work, Duration::from_millis(300)).unwrap();
    assert!(ended >= 4, "{ended}");
    assert!(pids.iter().all(|pid| !is_alive(*pid)), "{pids:?}");
    assert!(begun.elapsed() < Duration::from_secs(15));
    assert_eq!(support::entries(&work), 0);
    assert!(others.iter().all(|pid| is_alive(*pid)));

    bystander.kill().unwrap();
    bystander.wait().unwrap();
    let instance = Instance::of_data_dir(other.path());
    end_leftovers(&instance, &other.path().join("work"), Duration::ZERO).unwrap();
    all_end(&others).await;
}

#[test]
fn nothing_left_is_nothing_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let instance = Instance::of_data_dir(dir.path());
    assert_eq!(end_leftovers(&instance, &dir.path().join("work"), Duration::from_secs(9)).unwrap(), 0);
}
