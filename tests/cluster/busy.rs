//! A database that is busy, full or away for a moment, just when a node starts or another one writes.

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use serde_json::json;

use crate::fleet::{Fleet, until, until_so};
use crate::postgres::{self, Schema, is_there};
use crate::wire::Wire;

const QUICK: &str = "[job_types.quick]\ncommand = [\"true\"]\n";
/// What a start says that waits.
const WAITS: &str = "trying again until the database is there and free";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stands_still_within_a_transaction_holds_nobody_up() {
    if !is_there() {
        return;
    }
    let home = tempfile::tempdir_in("/tmp").unwrap();
    let (_database, port) = postgres::Server::on_a_port(home.path());
    let wire = Wire::to(port).await;
    let fleet = Fleet::at(format!("postgres://postgres@127.0.0.1:{port}/postgres"));
    let (b, a) = (fleet.start(""), Fleet::at(wire.url()).start(""));
    wire.hold_the_next_that_stores_a_job();
    let one = json!({"job_type": "quick"});
    let mut stuck = std::pin::pin!(a.post("/api/jobs", &one));
    tokio::select! {
        answer = &mut stuck => panic!("{answer}"),
        () = wire.holds() => {}
    }
    // The counters of its type are locked. Another node's write is not answered with 503 for that,
    let job = b.post("/api/jobs", &one).await;
    let id = job["id"].as_i64().unwrap_or_else(|| panic!("{job}"));
    // and a third one starts, and runs it.
    let c = fleet.start(QUICK);
    assert_eq!(c.end_of(id).await.1["state"], "completed");
    wire.let_go();
    let answer = stuck.await;
    assert!(answer["id"].is_i64() || answer["status"] == 503, "{answer}");
    until_so("it works again", async || {
        a.server.command(&["enqueue", "quick"]).output().unwrap().status.success()
    })
    .await;
}

#[tokio::test]
async fn a_start_waits_for_a_node_that_changes_the_tables() {
    if !is_there() {
        return;
    }
    let schema = Schema::new();
    let mut other = PgConnection::establish(&schema.postgres().url.conninfo()).unwrap();
    let turn = "hashtextextended('callboard tables ' || current_schema(), 0)";
    let locks = format!(
        "CREATE SCHEMA \"{0}\"; SET search_path TO \"{0}\"; SELECT pg_advisory_lock({turn})",
        schema.name
    );
    other.batch_execute(&locks).unwrap();
    let fleet = Fleet::of(schema);
    let starting = fleet.begin(QUICK);
    until("it says that it waits", || starting.log().contains(WAITS)).await;
    other.batch_execute(&format!("SELECT pg_advisory_unlock({turn})")).unwrap();
    let node = starting.once_up();
    assert!(node.server.log().contains("lock timeout"), "{}", node.server.log());
    let id = node.server.enqueue("quick", &json!({}));
    assert_eq!(node.end_of(id).await.1["state"], "completed");
}

#[tokio::test]
async fn a_start_waits_for_a_free_connection() {
    if !is_there() {
        return;
    }
    let home = tempfile::tempdir_in("/tmp").unwrap();
    let fleet = Fleet::on_its_own_server(home.path());
    let url = callboard::config::DatabaseUrl::from(&*fleet.database().url());
    let mut hogs = Vec::new();
    while let Ok(hog) = PgConnection::establish(&url.conninfo()) {
        hogs.push(hog);
    }
    let starting = fleet.begin(QUICK);
    until("it says that it waits", || starting.log().contains(WAITS)).await;
    drop(hogs);
    let node = starting.once_up();
    assert!(node.server.log().contains("too many clients"), "{}", node.server.log());
    let id = node.server.enqueue("quick", &json!({}));
    assert_eq!(node.end_of(id).await.1["state"], "completed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_is_cut_off_anywhere_comes_through() {
    if !is_there() {
        return;
    }
    let home = tempfile::tempdir_in("/tmp").unwrap();
    let (_database, port) = postgres::Server::on_a_port(home.path());
    let wire = Wire::to(port).await;
    let fleet = Fleet::at(wire.url());
    // The first one makes the tables, which takes many statements that the others do not need.
    drop(fleet.start(QUICK));
    let mut cuts = 0;
    for statements in (1..).step_by(10) {
        wire.cut_after(statements);
        let node = fleet.begin(QUICK).once_up();
        if !wire.has_cut() {
            break;
        }
        cuts += 1;
        let id = node.server.enqueue("quick", &json!({}));
        assert_eq!(node.end_of(id).await.1["state"], "completed", "cut after {statements}");
    }
    assert!(cuts > 2, "{cuts} cuts");
}
