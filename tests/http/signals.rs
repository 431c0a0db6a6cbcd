//! Signals: POST and GET /api/jobs/{id}/signals/{name}.

use std::time::Duration;

use callboard::workers::Failure;
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{NOON, Server, send, test, test_with};

/// A job that waits for the signal `go`.
async fn parked(server: &Server) -> i64 {
    let id = server.enqueue(json!({})).await;
    let run = server.run().await;
    let wait = run.ctx.wait_for_signal::<Value>("go", Duration::from_secs(60)).await;
    run.end(Err(wait.unwrap_err()));
    server.until(id, "scheduled").await;
    id
}

#[test]
fn a_signal_wakes_the_job_and_is_shown_with_it() {
    test(async |server| {
        let id = parked(server).await;
        let job = server.job(id).await;
        let why = "it waits for the signal \"go\" until 2030-01-01T12:01:00.000Z";
        assert_eq!(job["waiting_for"], json!({"reason": "signal", "detail": why}));
        let page = server.get(&format!("/jobs/{id}")).await;
        assert!(page.text.contains(&format!("action=\"/jobs/{id}/signal\"")), "{}", page.text);
        let path = format!("/api/jobs/{id}/signals/go");
        let given = server.post(&path, json!({"n": [1.50]})).await.ok(201);
        let until = "2030-01-01T12:01:00.000Z";
        let known = json!({"name": "go", "at": NOON, "bytes": 11, "until": until, "timed_out": false});
        assert_eq!((&given["payload"], &given["at"]), (&json!({"n": [1.5]}), &json!(NOON)));
        let run = server.run().await;
        let answer = run.ctx.wait_for_signal::<Value>("go", Duration::from_secs(60)).await;
        assert_eq!(answer, Ok(Some(json!({"n": [1.5]}))));
        assert_eq!(server.job(id).await["signals"], json!([known]));
        assert_eq!(server.get(&format!("/api/jobs/{id}/signals")).await.ok(200), json!({"signals": [known]}));
        let again = server.post(&path, json!({"n": [1.50]})).await;
        assert_eq!(again.ok(200), given);
        assert_eq!(again.header("duplicate"), Some("true"));
        assert!(server.post(&path, json!(2)).await.problem(409).contains("another payload"));
        run.end(Err(Failure::fatal("enough")));
        server.until(id, "failed").await;
        assert!(server.post(&path, json!(2)).await.problem(409).contains("is failed"));
    });
}

#[test]
fn what_is_no_signal_is_named() {
    let small = |config: &mut callboard::config::Config| config.defaults.max_result_bytes = 100;
    test_with(small, async |server| {
        let id = parked(server).await;
        let path = format!("/api/jobs/{id}/signals/go");
        let raw = |path: &str, body: String| {
            server.request(Method::POST, path).header("content-type", "application/json").body(body)
        };
        send(raw(&path, "{".into())).await.problem(400);
        for (path, body, field) in [
            (path.clone(), "\"\\u0000\"".to_owned(), "payload"),
            (path.clone(), format!("\"{}\"", "x".repeat(99)), "payload"),
            (format!("/api/jobs/{id}/signals/{}", "x".repeat(256)), "1".to_owned(), "name"),
        ] {
            let answer = send(raw(&path, body)).await;
            answer.problem(422);
            assert_eq!(answer.json()["errors"][0]["field"], field, "{}", answer.text);
        }
        server.post("/api/jobs/77/signals/go", json!(1)).await.problem(404);
        server.get(&format!("/api/jobs/{id}/signals/other")).await.problem(404);
        assert_eq!(server.job(id).await["state"], "scheduled");
        // A signal without a body says only that it came.
        assert_eq!(server.poke(&path).await.ok(201)["payload"], Value::Null);
        server.run().await.succeed(json!(1));
        server.until(id, "completed").await;
    });
}
