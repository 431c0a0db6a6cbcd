//! The server is told to go down, politely or not.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http::{call, get, post_job};
use crate::program::callboard;
use crate::server::Server;
use crate::terminal::Terminal;
use crate::watcher::{Watcher, states};

/// `deaf` jobs heed no SIGTERM; `patient` ones end once there is a file `go`.
const CONFIG: &str = r#"
    kill_after_secs = 0.3
    [job_types.deaf]
    command = ["bash", "-c", "trap '' TERM; echo '::callboard {\"progress\":{\"message\":\"up\"}}'; while :; do sleep 0.1; done"]
    [job_types.patient]
    command = ["bash", "-c", "echo '::callboard {\"progress\":{\"message\":\"up\"}}'; until [ -e \"$0\" ]; do sleep 0.05; done", "{args.go}"]
"#;

struct Scene {
    home: TempDir,
    server: Server,
    id: i64,
    watcher: Watcher,
}

impl Scene {
    /// A job runs, and somebody watches it.
    async fn open(job_type: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let server = Server::start(home.path(), CONFIG);
        let id = server.enqueue(job_type, &json!({"go": home.path().join("go")}));
        let mut watcher = Watcher::open(&server, id).await;
        assert_eq!(watcher.message().await, "up");
        Self { home, server, id, watcher }
    }

    /// Tells the server to go down, and waits until it says that it does.
    async fn tell(&self, signal: Signal) {
        self.server.signal(signal);
        while get(&self.server, "/readyz").await.status != 503 {}
    }

    /// The job as the next server finds it, which does not run it again.
    fn afterwards(home: &TempDir, id: i64) -> Value {
        let server = Server::start(home.path(), "");
        server.job(id)
    }
}

async fn ended(server: Server) -> ExitStatus {
    tokio::task::spawn_blocking(|| server.wait()).await.unwrap()
}

async fn reads_are_answered_and_writes_are_put_off(scene: &Scene) {
    assert!(get(&scene.server, "/readyz").await.detail().contains("shutting down"));
    assert_eq!(get(&scene.server, "/healthz").await.status, 200);
    assert_eq!(get(&scene.server, &format!("/api/jobs/{}", scene.id)).await.body["state"], "running");
    let refused = post_job(&scene.server, json!({"job_type": "noop"})).await;
    assert_eq!((refused.status, refused.detail()), (503, "the server is shutting down"));
    assert!(refused.retry_after.is_some());
    let refused = call(&scene.server, "DELETE", &format!("/api/jobs/{}", scene.id), None).await.unwrap();
    assert!(refused.status == 503 && refused.retry_after.is_some(), "{refused:?}");
}

/// A first signal waits for the grace time of 25 seconds, a second one does not.
async fn a_second_signal_goes_faster(first: Signal, second: Signal) {
    let mut scene = Scene::open("deaf").await;
    let begun = Instant::now();
    scene.tell(first).await;
    reads_are_answered_and_writes_are_put_off(&scene).await;
    scene.server.signal(second);
    let (frames, code) = scene.watcher.rest().await;
    assert_eq!((states(&frames).as_slice(), code), (["pending"].as_slice(), 1001));
    assert_eq!(ended(scene.server).await.code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let job = Scene::afterwards(&scene.home, scene.id);
    assert_eq!(
        (&job["state"], &job["retry_count"], &job["crash_count"]),
        (&"pending".into(), &0.into(), &0.into())
    );
    assert_eq!(job["attempts"][0]["outcome"], "released");
}

#[tokio::test]
async fn sigterm_and_again() {
    a_second_signal_goes_faster(Signal::SIGTERM, Signal::SIGTERM).await;
}

#[tokio::test]
async fn sigint_and_again() {
    a_second_signal_goes_faster(Signal::SIGINT, Signal::SIGINT).await;
}

async fn what_runs_may_finish(signal: Signal) {
    let mut scene = Scene::open("patient").await;
    scene.tell(signal).await;
    reads_are_answered_and_writes_are_put_off(&scene).await;
    fs::write(scene.home.path().join("go"), "").unwrap();
    // A socket of one job is closed when that is over.
    let (frames, code) = scene.watcher.rest().await;
    assert_eq!((states(&frames).as_slice(), code), (["completed"].as_slice(), 1000));
    assert_eq!(ended(scene.server).await.code(), Some(0));
    let job = Scene::afterwards(&scene.home, scene.id);
    assert_eq!((&job["state"], &job["attempt"]), (&"completed".into(), &1.into()));
}

#[tokio::test]
async fn what_runs_may_finish_after_sigterm() {
    what_runs_may_finish(Signal::SIGTERM).await;
}

#[tokio::test]
async fn what_runs_may_finish_after_sigint() {
    what_runs_may_finish(Signal::SIGINT).await;
}

#[tokio::test]
async fn a_third_signal_waits_for_nothing_and_nothing_is_lost() {
    let scene = Scene::open("deaf").await;
    scene.tell(Signal::SIGTERM).await;
    scene.server.signal(Signal::SIGTERM);
    // Signals of one kind that come at once count as one.
    while !scene.server.log().contains("told to stop") {}
    scene.server.signal(Signal::SIGTERM);
    let status = ended(scene.server).await;
    // Unless the second one was quick enough.
    assert!(matches!(status.code(), Some(0 | 1)), "{status} {:?}", status.signal());
    let job = Scene::afterwards(&scene.home, scene.id);
    assert_eq!((&job["state"], &job["retry_count"]), (&"pending".into(), &0.into()));
}

#[tokio::test]
async fn a_service_without_a_certificate_goes_on_when_it_is_reloaded() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path(), "");
    server.signal(Signal::SIGHUP);
    while !server.log().contains("SIGHUP: there is no certificate") {
        assert_eq!(get(&server, "/healthz").await.status, 200);
    }
    assert!(server.stop().success());
}

#[test]
fn a_server_in_a_terminal_ends_with_it() {
    let home = tempfile::tempdir().unwrap();
    let mut serve = callboard(&["serve", "--bind", "127.0.0.1:0", "--data-dir"]);
    serve.arg(home.path());
    let mut terminal = Terminal::start(&serve, 100, 30);
    terminal.wait_for_text("http://");
    kill(Pid::from_raw(terminal.child.id().cast_signed()), Signal::SIGHUP).unwrap();
    assert_eq!(terminal.end().signal(), Some(Signal::SIGHUP as i32));
}
