//! Three nodes on one PostgreSQL under load. At random a node is killed or stopped for a while, its
//! connections are cut, or the database is restarted or crashes. The same checker looks at the end.

mod node;
mod proxy;

use std::sync::Arc;
use std::time::{Duration, Instant};

use node::Node;
use tokio::task::block_in_place;

use crate::checker::{self, Books};
use crate::ledger::Ledger;
use crate::postgres::{self, is_there};
use crate::producer::Producer;
use crate::{server, setting, wait_until_final};

/// Faults in the short form.
const FAULTS: u64 = 30;
const NODES: usize = 3;
/// How long a node may take to work again after the trouble.
const PROMISED: Duration = Duration::from_secs(10);
/// A machine under load gets more now and then: so long, once in ten times.
const BACK: Duration = Duration::from_secs(30);

/// What is done to whom.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Kill {
        node: usize,
        away: Duration,
    },
    Freeze {
        node: usize,
        for_so_long: Duration,
    },
    Cut {
        node: usize,
    },
    Isolate {
        node: usize,
        for_so_long: Duration,
    },
    /// The database is cut off from all of them.
    CutOff {
        for_so_long: Duration,
    },
    Restart,
    Crash,
}

impl Fault {
    fn random(random: &mut fastrand::Rng) -> Self {
        let node = random.usize(..NODES);
        // Some shorter than the nodes' timeout, some longer.
        let mut millis = |most: u64| Duration::from_millis(random.u64(20..most));
        let (away, for_so_long) = (millis(1500), millis(5000));
        match random.u8(..12) {
            0..=2 => Self::Kill { node, away },
            3..=5 => Self::Freeze { node, for_so_long },
            6..=7 => Self::Cut { node },
            8..=9 => Self::Isolate { node, for_so_long },
            10 => Self::Restart,
            _ => Self::Crash,
        }
    }
}

struct Fleet {
    nodes: Vec<Node>,
    database: postgres::Server,
}

impl Fleet {
    async fn suffer(&mut self, fault: Fault) {
        match fault {
            Fault::Kill { node, away } => self.nodes[node].kill(away).await,
            Fault::Freeze { node, for_so_long } => self.nodes[node].freeze(for_so_long).await,
            Fault::Cut { node } => self.nodes[node].proxy.cut(),
            Fault::Isolate { node, for_so_long } => {
                self.nodes[node].proxy.close();
                tokio::time::sleep(for_so_long).await;
                self.nodes[node].proxy.open();
            }
            Fault::CutOff { for_so_long } => {
                self.nodes.iter().for_each(|node| node.proxy.close());
                tokio::time::sleep(for_so_long).await;
                self.nodes.iter().for_each(|node| node.proxy.open());
            }
            Fault::Restart => block_in_place(|| self.database.restart("fast")),
            Fault::Crash => block_in_place(|| self.database.restart("immediate")),
        }
    }

    /// Waits until every node takes a job and runs one; how long the last of them took.
    async fn works_again(&self) -> Duration {
        let (begun, client) = (Instant::now(), reqwest::Client::new());
        for node in &self.nodes {
            loop {
                let why = match client.get(format!("{}/readyz", node.url())).send().await {
                    Ok(answer) if answer.status() == 200 => break,
                    Ok(answer) => answer.text().await.unwrap_or_default(),
                    Err(e) => e.to_string(),
                };
                assert!(begun.elapsed() < BACK, "{} does not work again: {why}", node.url());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        begun.elapsed()
    }
}

/// So many faults, and a long cut in the end where one is asked for.
fn script(faults: u64, random: &mut fastrand::Rng) -> Vec<Fault> {
    let mut script: Vec<Fault> = (0..faults).map(|_| Fault::random(random)).collect();
    let cut_off = setting("CALLBOARD_TORTURE_CUT_OFF_SECS", 0);
    script.extend((cut_off > 0).then(|| Fault::CutOff { for_so_long: Duration::from_secs(cut_off) }));
    script
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_whatever_becomes_of_three_nodes() {
    if !is_there() {
        return;
    }
    // The client library wants to know this even for plain HTTP.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let faults = setting("CALLBOARD_TORTURE_FAULTS", FAULTS);
    let seed = setting("CALLBOARD_TORTURE_SEED", fastrand::u64(..));
    println!("torture of three nodes: seed {seed}, {faults} faults");
    let mut random = fastrand::Rng::with_seed(seed);
    let dir = tempfile::tempdir_in("/tmp").unwrap();
    let database_home = tempfile::tempdir_in("/tmp").unwrap();
    let (database, port) = postgres::Server::on_a_port(database_home.path());
    let rules = server::rules(dir.path());
    let mut fleet = Fleet { nodes: Vec::new(), database };
    let ledger = Arc::new(Ledger::default());
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut producers = Vec::new();
    for n in 0..NODES {
        let mut node = Node::new(&dir.path().join(format!("node{n}")), &rules, port).await;
        node.start().await;
        let (name, random) = (n as u64, fastrand::Rng::with_seed(seed.wrapping_add(n as u64 + 1)));
        let producer = Producer::new(name, random, ledger.clone(), node.address.subscribe(), stopped.clone());
        producers.push(tokio::spawn(producer.run()));
        fleet.nodes.push(node);
    }
    let mut took = Vec::new();
    for fault in script(faults, &mut random) {
        // The load between two faults; there is no event to wait for.
        tokio::time::sleep(Duration::from_millis(random.u64(50..1000))).await;
        let begun = Instant::now();
        fleet.suffer(fault).await;
        let back = fleet.works_again().await;
        println!(
            "{fault:?} took {:.1} s; all worked again after {:.1} s",
            begun.elapsed().as_secs_f64(),
            back.as_secs_f64()
        );
        took.push(back);
    }
    stop.send_replace(true);
    for producer in producers {
        producer.await.unwrap();
    }
    let address = fleet.nodes[0].url().to_owned();
    let pause = format!("{address}/api/schedules/tick/pause");
    assert_eq!(reqwest::Client::new().post(pause).send().await.unwrap().status(), 200);
    wait_until_final(&address).await;
    let Fleet { nodes, database } = fleet;
    for node in nodes {
        node.go_down().await;
    }
    let conninfo = format!("host=127.0.0.1 port={port} user=postgres dbname=postgres");
    let books = Books::postgres(&conninfo);
    let late = took.iter().filter(|back| **back > PROMISED).count();
    println!(
        "the longest a node took to work again: {:?}; {late} times more than {PROMISED:?}",
        took.iter().max()
    );
    assert!(late * 10 <= took.len(), "nodes were not back in time: {took:?}");
    checker::check(dir.path(), books, NODES, &ledger, faults);
    drop(database);
}
