//! The torture test: a real server under load is killed with SIGKILL at random moments, again and
//! again. Afterwards an independent checker reads what the producers were told, what the programs
//! wrote, and the database. Beside it, [`steps`] does the same to workers in Rust.
//!
//! `CALLBOARD_TORTURE_KILLS` sets how often it is killed, `CALLBOARD_TORTURE_SEED` replays the
//! choices of a run (not its timing). `scripts/torture` runs the long form. [`fleet`] does it to three
//! nodes on one PostgreSQL, and to the database itself; `CALLBOARD_TORTURE_FAULTS` sets how often.

#[path = "../postgres/mod.rs"]
mod postgres;

mod checker;
mod fleet;
mod ledger;
mod producer;
mod server;
mod steering;
mod steps;

use std::env;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger::Ledger;
use producer::Producer;
use server::Server;
use tokio::sync::watch;

/// Kills in the short form.
const KILLS: u64 = 50;
const PRODUCERS: u64 = 3;
/// How long nothing of what is left may come to an end once nobody kills any more.
const DRAIN: Duration = Duration::from_secs(120);

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).ok().map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_however_often_the_server_is_killed() {
    // The client library wants to know this even for plain HTTP.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let kills = setting("CALLBOARD_TORTURE_KILLS", KILLS);
    let seed = setting("CALLBOARD_TORTURE_SEED", fastrand::u64(..));
    println!("torture: seed {seed}, {kills} kills");
    let mut random = fastrand::Rng::with_seed(seed);
    let dir = tempfile::tempdir().unwrap();
    let server = Server::prepare(dir.path());
    let ledger = Arc::new(Ledger::default());
    let (address, _) = watch::channel(None);
    let (stop, stopped) = watch::channel(false);
    let producers: Vec<_> = (0..PRODUCERS)
        .map(|n| {
            let random = fastrand::Rng::with_seed(seed.wrapping_add(n + 1));
            tokio::spawn(Producer::new(n, random, ledger.clone(), address.subscribe(), stopped.clone()).run())
        })
        .collect();

    for _ in 0..kills {
        let mut life = server.start().await;
        address.send_replace(Some(life.address.clone()));
        // How long it lives is what is random here; there is no event to wait for.
        tokio::time::sleep(Duration::from_millis(random.u64(20..900))).await;
        life.kill().await;
    }
    stop.send_replace(true);
    let life = server.start().await;
    address.send_replace(Some(life.address.clone()));
    for producer in producers {
        producer.await.unwrap();
    }
    let pause = format!("{}/api/schedules/tick/pause", life.address);
    assert_eq!(reqwest::Client::new().post(pause).send().await.unwrap().status(), 200);
    wait_until_final(&life.address).await;
    life.go_down().await;
    let books = checker::Books::sqlite(&dir.path().join("data/queue.db"));
    checker::check(dir.path(), books, 1, &ledger, kills);
}

async fn wait_until_final(address: &str) {
    let client = reqwest::Client::new();
    let (mut fewest, mut until) = (i64::MAX, Instant::now() + DRAIN);
    loop {
        let status = client.get(format!("{address}/api/queue-status")).send().await.unwrap();
        let status: serde_json::Value = status.json().await.unwrap();
        let unfinished: i64 = ["scheduled", "blocked", "pending", "running", "retrying"]
            .iter()
            .map(|state| status["counts"][state].as_i64().unwrap())
            .sum();
        if unfinished == 0 {
            return;
        }
        if unfinished < fewest {
            (fewest, until) = (unfinished, Instant::now() + DRAIN);
        }
        assert!(Instant::now() < until, "{unfinished} jobs are not final after {DRAIN:?}: {status}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
