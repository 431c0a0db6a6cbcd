//! Durable steps and signals under SIGKILL. The server that is killed is this program once more, for
//! steps are of workers in Rust. `CALLBOARD_TORTURE_KILLS` and `CALLBOARD_TORTURE_SEED` hold here too.

mod checker;
mod client;
mod diary;
mod worker;

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use client::{Client, Told};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

/// Kills in the short form.
const KILLS: u64 = 25;
const CLIENTS: u64 = 2;
/// Jobs that run at once.
pub const SLOTS: u32 = 3;
/// Jobs of each client whose signal comes when nobody kills any more: more than there are slots.
pub const LATE: u32 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finished_step_stays_finished_and_a_signal_is_heard_once() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let kills = super::setting("CALLBOARD_TORTURE_KILLS", KILLS);
    let seed = super::setting("CALLBOARD_TORTURE_SEED", fastrand::u64(..));
    println!("torture of steps: seed {seed}, {kills} kills");
    let mut random = fastrand::Rng::with_seed(seed);
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join(worker::DIARIES)).unwrap();
    let (address, _) = watch::channel(None);
    let (stop, stopped) = watch::channel(false);
    let told = Arc::new(Mutex::new(Told::default()));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|n| {
            let random = fastrand::Rng::with_seed(seed.wrapping_add(n + 1));
            let client = Client::new(n, random, told.clone(), address.subscribe());
            tokio::spawn(client.run(stopped.clone()))
        })
        .collect();

    for _ in 0..kills {
        let mut life = start(dir.path(), &address).await;
        // How long it lives is what is random here; there is no event to wait for.
        tokio::time::sleep(Duration::from_millis(random.u64(50..800))).await;
        life.kill().await.unwrap();
    }
    stop.send_replace(true);
    let mut life = start(dir.path(), &address).await;
    let mut clients: Vec<Client> =
        futures_util::future::join_all(clients).await.into_iter().map(Result::unwrap).collect();
    for client in &mut clients {
        client.pay_debts().await;
    }
    for client in &mut clients {
        client.wake_the_late().await;
    }
    // The last one: all that was told is on disk.
    life.kill().await.unwrap();
    let told = std::mem::take(&mut *told.lock().unwrap());
    checker::check(dir.path(), &told, kills);
}

/// Starts the server and tells the clients where it listens.
async fn start(dir: &Path, address: &watch::Sender<Option<String>>) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", worker::SERVER, "--ignored", "--nocapture"])
        .env(worker::FOLDER, dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some(at) = line.find("http://") {
            address.send_replace(Some(line[at..].to_owned()));
            return child;
        }
    }
    panic!("the server does not come up");
}
