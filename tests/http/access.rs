//! Tokens, roles, and pages of other sites.

use callboard::config::{Config, Role, Token};
use reqwest::Method;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::answer::Answer;
use crate::server::{Server, send, test, test_with};

fn tokens(config: &mut Config) {
    let token =
        |name: &str, role| Token { name: name.into(), role, token_sha256: Sha256::digest(name).into() };
    config.auth_tokens =
        vec![token("viewer", Role::Viewer), token("operator", Role::Operator), token("admin", Role::Admin)];
}

async fn call(server: &Server, method: Method, path: &str, token: &str) -> Answer {
    let request = server.request(method, path).bearer_auth(token);
    send(request.json(&json!({"older_than_days": 1, "job_type": "puppet", "delay_secs": 60}))).await
}

#[test]
fn each_role_may_do_what_it_may() {
    test_with(tokens, async |server| {
        for (method, path, viewer, operator, admin) in [
            (Method::GET, "/api/jobs", 200, 200, 200),
            (Method::GET, "/readyz", 200, 200, 200),
            (Method::GET, "/metrics", 200, 200, 200),
            (Method::POST, "/api/jobs/puppet?delay_secs=60", 403, 201, 201),
            (Method::DELETE, "/api/jobs/77", 403, 422, 422),
            (Method::POST, "/api/queues/slow/pause", 403, 422, 422),
            (Method::POST, "/api/maintenance/recover-stale", 403, 403, 422),
        ] {
            for (token, status) in [("viewer", viewer), ("operator", operator), ("admin", admin)] {
                let answer = call(server, method.clone(), path, token).await;
                assert_eq!(answer.status, status, "{method} {path} {token}: {}", answer.text);
                if status == 403 {
                    assert!(answer.problem(403).contains(token), "{}", answer.text);
                }
            }
        }
        let cleaned = send(
            server
                .request(Method::POST, "/api/maintenance/cleanup")
                .bearer_auth("admin")
                .json(&json!({"older_than_days": 1})),
        )
        .await;
        cleaned.ok(200);
    });
}

#[test]
fn without_a_known_token_only_the_pulse_is_shown() {
    test_with(tokens, async |server| {
        server.get("/healthz").await.ok(200);
        for path in ["/api/jobs", "/nowhere", "/readyz", "/api/events", "/api/ws"] {
            let answer = server.get(path).await;
            answer.problem(401);
            assert!(answer.headers.contains_key("www-authenticate"), "{path}");
            call(server, Method::GET, path, "guess").await.problem(401);
        }
        let password = server.request(Method::GET, "/api/jobs").basic_auth("anybody", Some("viewer"));
        send(password).await.ok(200);
        call(server, Method::GET, "/nowhere", "viewer").await.problem(404);
    });
}

#[test]
fn pages_of_other_sites_may_not_act() {
    test(async |server| {
        let own = format!("http://{}", server.address);
        for (name, value, status) in [
            ("origin", "https://evil.example", 403),
            ("origin", "null", 403),
            ("sec-fetch-site", "cross-site", 403),
            ("origin", own.as_str(), 201),
            ("sec-fetch-site", "same-origin", 201),
        ] {
            let request = server.request(Method::POST, "/api/jobs/puppet?delay_secs=60").header(name, value);
            assert_eq!(send(request).await.status, status, "{name}: {value}");
        }
        assert_eq!(server.get("/api/queue-status").await.ok(200)["total"], 2);
    });
}

#[test]
fn a_name_that_was_given_this_machines_address_is_refused() {
    test(async |server| {
        for (host, status) in [("evil.example", 421), ("localhost:8080", 200), ("127.0.0.1", 200)] {
            let request = server.request(Method::GET, "/api/jobs").header("host", host);
            assert_eq!(send(request).await.status, status, "{host}");
        }
    });
    test_with(tokens, async |server| {
        let request =
            server.request(Method::GET, "/api/jobs").header("host", "jobs.example").bearer_auth("viewer");
        send(request).await.ok(200);
    });
}
