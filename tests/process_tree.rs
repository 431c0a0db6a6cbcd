//! Whatever a program starts ends with it. The tests take turns: an orphan that has wiped all traces
//! is told from those of other programs only by when it was started.
#![cfg(target_os = "linux")]

#[path = "workers/support.rs"]
mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use callboard::logs::Stream;
use callboard::workers::subprocess::adopt_orphans;
use callboard::workers::worker::Start;
use callboard::workers::{AnyWorker, CommandSpec, CommandWorker, Failure};
use support::{Bench, all_end, entries, is_alive, run, spec};
use tokio::sync::{Mutex, MutexGuard};

static TURN: Mutex<()> = Mutex::const_new(());

async fn turn() -> MutexGuard<'static, ()> {
    let turn = TURN.lock().await;
    adopt_orphans().unwrap();
    turn
}

/// Runs a script, and cancels it once it has named all of these processes.
async fn cancel_when_up(mut bench: Bench, script: &str, names: &[&str]) -> (Bench, Vec<i32>) {
    let running = tokio::spawn(run(bench.script(script), bench.context("{}")));
    let mut pids = Vec::new();
    for name in names {
        pids.push(bench.pid(name).await);
    }
    assert!(pids.iter().all(|pid| is_alive(*pid)));
    bench.cancel.cancel();
    assert_eq!(running.await.unwrap(), Err(Failure::Cancelled));
    (bench, pids)
}

#[tokio::test]
async fn cancel_ends_those_who_left_the_group() {
    let _turn = turn().await;
    let script = r#"
        setsid bash -c 'echo "a $$"; sleep 1000' &
        env -i setsid bash -c 'echo "b $$"; cd /; sleep 1000' &
        (sleep 1000 & echo "c $!"; wait) &
        wait"#;
    let mut bench = Bench::new();
    let running = tokio::spawn(run(bench.script(script), bench.context("{}")));
    let mut pids = Vec::new();
    while pids.len() < 3 {
        let line = bench.line("").await;
        pids.extend(line.split_once(' ').and_then(|(_, pid)| pid.parse::<i32>().ok()));
    }
    bench.cancel.cancel();
    assert_eq!(running.await.unwrap(), Err(Failure::Cancelled));
    assert!(pids.iter().all(|pid| !is_alive(*pid)), "{pids:?}");
    assert_eq!(entries(&bench.dir.path().join("work")), 0);
}

#[tokio::test]
async fn term_is_heeded_and_cleaning_up_is_let_be() {
    let _turn = turn().await;
    let script = r#"
        trap 'sleep 0.3; echo cleaned; exit 0' TERM
        echo "up $$"
        while :; do sleep 1000 & wait $!; done"#;
    let (bench, _) = cancel_when_up(Bench::new(), script, &["up"]).await;
    assert!(bench.read(Stream::Stdout).contains("cleaned"));
    assert_eq!(bench.read(Stream::Log), "");
}

#[tokio::test]
async fn who_ignores_term_is_killed() {
    let _turn = turn().await;
    let mut bench = Bench::new();
    bench.kill_after = Duration::from_millis(300);
    let script = r#"
        trap '' TERM
        setsid bash -c 'trap "" TERM; echo "child $$"; while :; do sleep 1000; done' &
        while :; do sleep 1000; done"#;
    let begun = Instant::now();
    let (bench, pids) = cancel_when_up(bench, script, &["child"]).await;
    assert!(!is_alive(pids[0]));
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert!(bench.read(Stream::Log).contains("was killed"));
}

#[tokio::test]
async fn a_stopped_program_ends_too() {
    let _turn = turn().await;
    let begun = Instant::now();
    cancel_when_up(Bench::new(), "echo \"up $$\"; kill -STOP $$; sleep 1000", &["up"]).await;
    assert!(begun.elapsed() < Duration::from_secs(8), "it heeded the signal and was not killed");
}

#[tokio::test]
async fn what_is_left_behind_is_ended() {
    let _turn = turn().await;
    let mut bench = Bench::new();
    let script = r#"
        setsid bash -c 'echo "a $$"; exec sleep 1000 >/dev/null 2>&1' &
        sleep 1000 & echo "b $!"
        sleep 0.2; echo '::callboard {"result":"done"}'"#;
    let result = bench.run_script(script).await;
    assert_eq!(result.unwrap().unwrap().as_str(), "\"done\"");
    let mut pids = Vec::new();
    while pids.len() < 2 {
        let line = bench.line("").await;
        pids.extend(line.split_once(' ').and_then(|(_, pid)| pid.parse::<i32>().ok()));
    }
    assert!(pids.iter().all(|pid| !is_alive(*pid)), "{pids:?}");
    assert!(bench.read(Stream::Log).contains("left 2 processes behind"), "{}", bench.read(Stream::Log));
}

#[tokio::test]
async fn an_orphan_without_any_trace_is_ended() {
    let _turn = turn().await;
    let mut bench = Bench::new();
    let script =
        r#"(env -i setsid sh -c 'cd /; (setsid sleep 1000 >/dev/null 2>&1 & echo "a $!")' &); sleep 0.3"#;
    let cwd = Some("/".into());
    let worker = CommandWorker::new(CommandSpec { cwd, ..spec(&["bash", "-c", script]) }, bench.host());
    run(worker, bench.context("{}")).await.unwrap();
    let orphan = bench.pid("a").await;
    assert!(!is_alive(orphan));
    assert!(!std::path::Path::new(&format!("/proc/{orphan}")).exists(), "it was buried");
}

#[tokio::test]
async fn the_other_end_of_a_pipe_may_finish() {
    let _turn = turn().await;
    let bench = Bench::new();
    bench.run_script("exec > >(sleep 0.02; cat; echo end); echo begin").await.unwrap();
    assert_eq!(bench.read(Stream::Stdout), "begin\nend\n");
    assert_eq!(bench.read(Stream::Log), "");
}

#[tokio::test]
async fn a_dropped_attempt_kills_everything() {
    let _turn = turn().await;
    let mut bench = Bench::new();
    let script = r#"
        trap '' TERM
        setsid bash -c 'trap "" TERM; echo "child $$ of $PPID"; sleep 1000' &
        wait; sleep 1000"#;
    let Start::Future(running) = Arc::new(bench.script(script)).start(bench.context("{}")) else {
        panic!("not async")
    };
    let running = tokio::spawn(running);
    let line = bench.line("child ").await;
    let pids: Vec<i32> = line.split(" of ").map(|pid| pid.parse().unwrap()).collect();
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    all_end(&pids).await;
}

#[test]
fn a_dropped_runtime_kills_everything() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _turn = runtime.block_on(turn());
    let mut bench = Bench::new();
    let worker = bench.script("setsid bash -c 'echo \"a $$\"; sleep 1000'");
    runtime.spawn(run(worker, bench.context("{}")));
    let pid = runtime.block_on(bench.pid("a"));
    drop(runtime);
    tokio::runtime::Runtime::new().unwrap().block_on(all_end(&[pid]));
}

#[tokio::test]
async fn programs_side_by_side_leave_each_other_alone() {
    let _turn = turn().await;
    let mut long = Bench::new();
    let script = "setsid bash -c 'echo \"a $$\"; read; echo finished'; echo out";
    let fifo = long.dir.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let script = format!("exec < '{}'; {script}", fifo.display());
    let running = tokio::spawn(run(long.script(&script), long.context("{}")));
    let gate = tokio::task::spawn_blocking(move || std::fs::OpenOptions::new().write(true).open(fifo));
    let pid = long.pid("a").await;
    for _ in 0..5 {
        Bench::new().run_script("setsid sleep 1000 & sleep 0.02").await.unwrap();
    }
    assert!(is_alive(pid));
    drop(gate.await.unwrap().unwrap());
    assert_eq!(running.await.unwrap(), Ok(None));
    assert_eq!(long.read(Stream::Stdout), format!("a {pid}\nfinished\nout\n"));
}
