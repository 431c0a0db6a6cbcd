//! /healthz and /readyz.

use std::time::Duration;

use serde_json::json;

use crate::server::test;

#[test]
fn a_server_that_makes_progress_is_alive_and_ready() {
    test(async |server| {
        assert_eq!(server.get("/healthz").await.ok(200), json!({"status": "ok"}));
        let ready = server.get("/readyz?probe=1").await.ok(200);
        assert_eq!(ready["ready"], true);
        for part in ["supervisor", "store", "worker puppet", "retry scheduler", "pruner", "logs"] {
            assert_eq!(ready["parts"][part], "ok", "{part}");
        }
    });
}

#[test]
fn a_part_that_gives_no_sign_of_life_is_named() {
    test(async |server| {
        // So far at once that nobody had a chance to beat in between.
        server.clock.advance(Duration::from_secs(3600));
        let mut answer = server.get("/readyz").await;
        while answer.status == 503 {
            assert!(answer.problem(503).contains("no sign of life for"), "{}", answer.text);
            assert_eq!(answer.json()["ready"], false);
            answer = server.get("/readyz").await;
        }
        assert_eq!(answer.ok(200)["ready"], true);
    });
}
