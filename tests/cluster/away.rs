//! A database that goes away and comes back under two nodes at work.

use std::time::{Duration, Instant};

use serde_json::json;

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, RunQueryDsl};

use crate::fleet::{Fleet, until_so};
use crate::postgres::is_there;

const QUICK: &str = "[job_types.quick]\nconcurrency = 2\ncommand = [\"sleep\", \"0.05\"]\n";

/// What was acknowledged is done, once each, and both nodes work again by themselves.
async fn comes_back(how: &str) {
    if !is_there() {
        return;
    }
    let home = tempfile::tempdir_in("/tmp").unwrap();
    let fleet = Fleet::on_its_own_server(home.path());
    let (a, b) = (fleet.start(QUICK), fleet.start(QUICK));
    let mut ids: Vec<i64> = (0..40).map(|_| a.server.enqueue("quick", &json!({}))).collect();
    fleet.database().stop(how);
    let refused = a.server.command(&["enqueue", "quick"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{}", String::from_utf8_lossy(&refused.stderr));
    fleet.database().start();
    let back = Instant::now();
    while !a.server.command(&["enqueue", "quick"]).output().unwrap().status.success() {
        assert!(back.elapsed() < Duration::from_secs(60), "{}", a.server.log());
    }
    ids.push(b.server.enqueue("quick", &json!({})));
    for id in ids {
        let (_, job) = a.end_of(id).await;
        assert_eq!(job["state"], "completed", "{job}");
        assert_eq!(job["crash_count"], 0, "{job}");
    }
    assert!(a.nodes().await.iter().all(|(_, state)| state == "alive"), "nobody is lost for that");
}

#[tokio::test]
async fn after_a_restart() {
    comes_back("fast").await;
}

#[tokio::test]
async fn after_a_crash() {
    comes_back("immediate").await;
}

fn connect(fleet: &Fleet) -> Result<PgConnection, diesel::ConnectionError> {
    let url = callboard::config::DatabaseUrl::from(&*fleet.database().url());
    PgConnection::establish(&url.conninfo().replace("'callboard'", "'test'"))
}

#[derive(diesel::QueryableByName)]
struct Number {
    #[diesel(sql_type = diesel::sql_types::Integer)]
    number: i32,
}

fn numbers(conn: &mut PgConnection, sql: &str) -> Vec<i32> {
    let rows: Vec<Number> = diesel::sql_query(sql).load(conn).unwrap();
    rows.into_iter().map(|row| row.number).collect()
}

/// The connections that nodes have at the moment.
fn connections(conn: &mut PgConnection) -> Vec<i32> {
    numbers(conn, "SELECT pid AS number FROM pg_stat_activity WHERE application_name = 'callboard'")
}

fn most_connections(conn: &mut PgConnection) -> usize {
    let most = numbers(conn, "SELECT CAST(current_setting('max_connections') AS INTEGER) AS number");
    usize::try_from(most[0]).unwrap()
}

fn terminate(conn: &mut PgConnection, pid: i32) {
    conn.batch_execute(&format!("SELECT pg_terminate_backend({pid})")).unwrap();
}

#[tokio::test]
async fn connections_that_die_one_by_one_lose_nothing() {
    if !is_there() {
        return;
    }
    let home = tempfile::tempdir_in("/tmp").unwrap();
    let fleet = Fleet::on_its_own_server(home.path());
    let (a, b) = (fleet.start(QUICK), fleet.start(QUICK));
    let mut conn = connect(&fleet).unwrap();
    let (mut ids, mut killed) = (Vec::new(), 0);
    for round in 0..12 {
        let node = if round % 2 == 0 { &a } else { &b };
        let key = format!("k{round}");
        // An answer may be lost with the connection; the key makes it safe to ask again.
        until_so("the job is taken", async || {
            let job = json!({"job_type": "quick", "key": key});
            node.post("/api/jobs", &job).await["id"].is_i64()
        })
        .await;
        ids.push(node.post("/api/jobs", &json!({"job_type": "quick", "key": key})).await["id"].as_i64());
        let pids = connections(&mut conn);
        if let Some(pid) = pids.get(round % pids.len().max(1)) {
            terminate(&mut conn, *pid);
            killed += 1;
        }
    }
    assert!(killed > 6, "{killed} connections were ended");
    for id in ids.into_iter().flatten() {
        let (_, job) = a.end_of(id).await;
        assert_eq!((&job["state"], &job["crash_count"]), (&json!("completed"), &json!(0)), "{job}");
    }
    assert!(a.nodes().await.iter().all(|(_, state)| state == "alive"), "nobody is lost for that");
}

#[tokio::test]
async fn a_server_without_a_free_connection_is_waited_for() {
    if !is_there() {
        return;
    }
    let home = tempfile::tempdir_in("/tmp").unwrap();
    let fleet = Fleet::on_its_own_server(home.path());
    let a = fleet.start(QUICK);
    let mut conn = connect(&fleet).unwrap();
    let mut hogs: Vec<PgConnection> = Vec::new();
    // Until all are taken here. One that has just been ended may count for a moment longer.
    while hogs.len() + 1 < most_connections(&mut conn) {
        for pid in connections(&mut conn) {
            terminate(&mut conn, pid);
        }
        while let Ok(hog) = connect(&fleet) {
            hogs.push(hog);
        }
    }
    let refused = a.server.command(&["enqueue", "quick"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{}", String::from_utf8_lossy(&refused.stderr));
    drop(hogs);
    until_so("it works again", async || {
        a.server.command(&["enqueue", "quick"]).output().unwrap().status.success()
    })
    .await;
    let id = a.server.enqueue("quick", &json!({}));
    assert_eq!(a.end_of(id).await.1["state"], "completed");
}
