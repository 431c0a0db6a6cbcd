//! GET /api/nodes and /api/workers.

use serde_json::{Value, json};

use crate::server::{NOON, test};

#[test]
fn nodes_of_now_and_before_are_shown() {
    test(async |server| {
        server.restart().await;
        let nodes = server.get("/api/nodes").await.ok(200)["nodes"].clone();
        let (now, before) = (&nodes[0], &nodes[1]);
        assert_eq!((&now["state"], &before["state"]), (&json!("alive"), &json!("stopped")));
        assert_eq!((&now["pid"], &now["started_at"]), (&json!(std::process::id()), &json!(NOON)));
        assert!(now["id"].as_i64() > before["id"].as_i64());
        assert!(!now["host"].as_str().unwrap().is_empty() && now["heartbeat_at"].is_string());
    });
}

#[test]
fn running_attempts_are_shown_with_their_progress() {
    test(async |server| {
        assert_eq!(server.get("/api/workers").await.ok(200), json!({"workers": []}));
        let id = server.enqueue(json!({})).await;
        let run = server.run().await;
        run.ctx.progress(3, Some(4), Some("nearly"));
        let worker = server.get("/api/workers").await.ok(200)["workers"][0].clone();
        assert_eq!(
            (&worker["job_type"], &worker["job_id"], &worker["attempt"]),
            (&json!("puppet"), &json!(id), &json!(1))
        );
        assert_eq!((&worker["started_at"], &worker["progress"]["percent"]), (&json!(NOON), &json!(75.0)));
        assert_eq!(
            (&worker["progress"]["processed"], &worker["progress"]["message"]),
            (&json!(3), &json!("nearly"))
        );
        assert_eq!(worker["worker_id"], server.job(id).await["worker_id"]);
        run.succeed(Value::Null);
        server.until(id, "completed").await;
        assert_eq!(server.get("/api/workers").await.ok(200), json!({"workers": []}));
    });
}
