//! Who changed what, from where.

use callboard::config::Config;
use reqwest::Method;
use serde_json::{Value, json};

use crate::access::tokens;
use crate::server::{Server, send, test_with};

fn behind_a_proxy(config: &mut Config) {
    tokens(config);
    config.net.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
}

async fn call(server: &Server, method: Method, path: &str, who: &str, body: Value) -> u16 {
    let request = server.request(method, path).bearer_auth(who).header("x-forwarded-for", "192.0.2.7");
    let request = if body.is_null() { request } else { request.json(&body) };
    send(request).await.status
}

async fn entries(server: &Server, query: &str) -> Vec<Value> {
    let request = server.request(Method::GET, &format!("/api/audit?{query}")).bearer_auth("admin");
    send(request).await.ok(200)["entries"].as_array().unwrap().clone()
}

/// Calls that change something, each with its answer, and what the log says was done to what.
fn changes() -> [(Method, &'static str, Value, u16, &'static str, &'static str); 13] {
    [
        (
            Method::PATCH,
            "/api/jobs/1",
            json!({"priority": 1, "args": {"secret": "sesame"}}),
            200,
            "job.change",
            "jobs/1",
        ),
        (Method::POST, "/api/jobs/1/signals/go", json!({"token": "sesame"}), 201, "job.signal", "jobs/1"),
        (Method::DELETE, "/api/jobs/1", Value::Null, 200, "job.cancel", "jobs/1"),
        (Method::POST, "/api/jobs/1/retry", Value::Null, 200, "job.retry", "jobs/1"),
        (
            Method::POST,
            "/api/jobs/actions",
            json!({"action": "cancel", "filter": {"state": "failed"}}),
            200,
            "jobs.cancel",
            "jobs",
        ),
        (Method::POST, "/api/pause", Value::Null, 200, "pause", "everything"),
        (Method::POST, "/api/resume", Value::Null, 200, "resume", "everything"),
        (Method::POST, "/api/queues/slow/drain", Value::Null, 200, "drain", "queues/slow"),
        (
            Method::PATCH,
            "/api/job-types/puppet",
            json!({"concurrency": 3}),
            200,
            "job_type.change",
            "job-types/puppet",
        ),
        (
            Method::POST,
            "/api/schedules",
            json!({"name": "s", "job_type": "puppet", "every_secs": 3600}),
            201,
            "schedule.put",
            "schedules/s",
        ),
        (Method::POST, "/api/schedules/s/run", Value::Null, 201, "schedule.run", "schedules/s"),
        (Method::DELETE, "/api/schedules/s", Value::Null, 200, "schedule.delete", "schedules/s"),
        (
            Method::POST,
            "/api/maintenance/cleanup",
            json!({"older_than_days": 7}),
            200,
            "maintenance.cleanup",
            "jobs",
        ),
    ]
}

#[test]
fn every_change_is_there_with_who_and_whence() {
    test_with(behind_a_proxy, async |server| {
        let later = json!({"job_type": "puppet", "delay_secs": 60});
        assert_eq!(call(server, Method::POST, "/api/jobs", "operator", later).await, 201);
        for (method, path, body, status, what, object) in changes() {
            assert_eq!(call(server, method.clone(), path, "admin", body).await, status, "{method} {path}");
            let last = &entries(server, "limit=1").await[0];
            assert_eq!(
                (last["what"].as_str(), last["object"].as_str()),
                (Some(what), Some(object)),
                "{last}"
            );
            assert_eq!((&last["who"], &last["via"]), (&json!("admin"), &json!("api")), "{last}");
            assert_eq!((&last["address"], &last["outcome"]), (&json!("192.0.2.7"), &json!("done")), "{last}");
            assert!(!last.to_string().contains("sesame"), "{last}");
        }
        let before = entries(server, "limit=500").await.len();
        assert_eq!(call(server, Method::POST, "/api/jobs/7/retry", "admin", Value::Null).await, 404);
        assert_eq!(call(server, Method::POST, "/api/jobs/1/retry", "admin", Value::Null).await, 409);
        assert_eq!(entries(server, "limit=500").await.len(), before, "what changed nothing is not in it");
    });
}

#[test]
fn what_was_not_allowed_is_there_too() {
    test_with(behind_a_proxy, async |server| {
        assert_eq!(call(server, Method::POST, "/api/pause", "viewer", Value::Null).await, 403);
        let denied = &entries(server, "what=denied").await[0];
        assert_eq!((&denied["who"], &denied["object"]), (&json!("viewer"), &json!("/api/pause")));
        assert_eq!(denied["outcome"], "refused");
        assert_eq!(call(server, Method::GET, "/api/jobs", "guess", Value::Null).await, 401);
        let wrong = &entries(server, "what=login").await[0];
        assert_eq!((&wrong["who"], &wrong["address"]), (&Value::Null, &json!("192.0.2.7")));
        assert!(!wrong.to_string().contains("guess"), "{wrong}");
    });
}

#[test]
fn a_bulk_action_tells_what_it_was_for_and_how_many() {
    test_with(tokens, async |server| {
        for _ in 0..3 {
            let later = json!({"job_type": "puppet", "delay_secs": 60, "queue": "q"});
            call(server, Method::POST, "/api/jobs", "operator", later).await;
        }
        let body = json!({"action": "cancel", "filter": {"queue": "q"}});
        call(server, Method::POST, "/api/jobs/actions", "operator", body).await;
        let detail = &entries(server, "what=jobs.cancel").await[0]["detail"];
        assert_eq!(*detail, json!({"queue": ["q"], "matched": 3, "changed": 3}));
    });
}

#[test]
fn the_log_goes_page_by_page_and_names_what_is_wrong() {
    test_with(tokens, async |server| {
        for _ in 0..5 {
            call(server, Method::POST, "/api/pause", "operator", Value::Null).await;
        }
        let (mut cursor, mut seen) = (String::new(), 0);
        loop {
            let path = format!("/api/audit?limit=2&who=operator{cursor}");
            let page = send(server.request(Method::GET, &path).bearer_auth("operator")).await.ok(200);
            seen += page["entries"].as_array().unwrap().len();
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, 5);
        let wrong = "/api/audit?what=explode&limit=0&since=now&cursor=&whose=me";
        let answer = send(server.request(Method::GET, wrong).bearer_auth("operator")).await;
        assert_eq!(answer.wrong_fields(), ["cursor", "limit", "since", "what", "whose"]);
        let answer = send(server.request(Method::GET, "/api/audit?cursor=x").bearer_auth("operator")).await;
        assert_eq!(answer.wrong_fields(), ["cursor"]);
        send(server.request(Method::GET, "/api/audit").bearer_auth("viewer")).await.problem(403);
    });
}

#[test]
fn the_page_of_the_log_shows_it_and_an_empty_one_says_so() {
    test_with(tokens, async |server| {
        let page = async |path: &str, who: &str| {
            send(server.request(Method::GET, path).bearer_auth(who).header("accept", "text/html")).await
        };
        assert!(page("/audit", "operator").await.text.contains("Nothing was changed"));
        call(server, Method::POST, "/api/pause", "operator", Value::Null).await;
        let shown = page("/audit?who=operator", "operator").await;
        assert_eq!(shown.status, 200, "{}", shown.text);
        assert!(shown.text.contains("everything") && shown.text.contains("paused"), "{}", shown.text);
        assert!(page("/audit?who=nobody", "operator").await.text.contains("Nothing was changed"));
        assert_eq!(page("/audit", "viewer").await.status, 403);
        assert!(!page("/jobs", "viewer").await.text.contains("href=\"/audit\""));
    });
}
