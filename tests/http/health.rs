//! /healthz and /readyz.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use serde_json::json;

use crate::server::{Server, test};

#[test]
fn a_server_that_makes_progress_is_alive_and_ready() {
    test(async |server| {
        assert_eq!(server.get("/healthz").await.ok(200), json!({"status": "ok"}));
        let ready = server.get("/readyz?probe=1").await.ok(200);
        assert_eq!((&ready["ready"], &ready["reasons"]), (&json!(true), &json!([])));
        for part in ["supervisor", "store", "worker puppet", "retry scheduler", "pruner", "logs"] {
            assert_eq!(ready["parts"][part], "ok", "{part}");
        }
    });
}

/// A stranger who has the database's lock for as long as this is kept.
fn lock(server: &Server) -> SqliteConnection {
    let mut stranger = SqliteConnection::establish(server.database().to_str().unwrap()).unwrap();
    // The server may be writing just then, so the lock is waited for.
    stranger.batch_execute("PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE").unwrap();
    stranger
}

#[test]
fn a_store_that_is_locked_is_named_and_writes_are_put_off() {
    test(async |server| {
        let id = server.enqueue(json!({"delay_secs": 60})).await;
        let stranger = lock(server);
        let asked = Instant::now();
        let (ready, written) =
            tokio::join!(server.get("/readyz"), server.post("/api/jobs", json!({"job_type": "puppet"})));
        // Four seconds for the lock; the rest is for a machine that is busy with something else.
        assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
        assert!(ready.problem(503).contains("store: "), "{}", ready.text);
        assert_eq!(ready.json()["ready"], false);
        let reason = &ready.json()["reasons"][0];
        assert_eq!((&reason["part"], &reason["blocks"]), (&json!("store"), &json!(true)));
        assert!(reason["age_secs"].is_number() && !reason["advice"].as_str().unwrap().is_empty(), "{reason}");
        assert!(written.problem(503).contains("locked"), "{}", written.text);
        assert_eq!(server.job(id).await["state"], "scheduled");
        server.get("/healthz").await.ok(200);
        drop(stranger);
        server.enqueue(json!({"delay_secs": 60})).await;
        // Its part is well again once it has written something.
        while server.get("/readyz").await.status == 503 {
            server.clock.advance(Duration::from_secs(1));
        }
    });
}
