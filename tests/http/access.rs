//! Tokens, roles, and pages of other sites.

use callboard::config::{Config, Role, Token};
use reqwest::Method;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::answer::Answer;
use crate::server::{Server, send, test, test_with};

/// Three tokens, each the same as its name and its role.
pub fn tokens(config: &mut Config) {
    let token = |name: &str, role| Token {
        name: name.into(),
        role,
        token_sha256: Sha256::digest(name).into(),
        rate_limit: None,
    };
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
            let asked: Vec<_> = answer.headers.get_all("www-authenticate").iter().collect();
            assert_eq!(asked, ["Bearer realm=\"callboard\""], "no browser asks for a password on {path}");
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

#[test]
fn guessing_comes_to_an_end_and_keeps_nobody_out() {
    let behind = |config: &mut Config| {
        tokens(config);
        config.net.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    };
    test_with(behind, async |server| {
        let from = async |address: &str, token: &str| {
            let request = server.request(Method::GET, "/api/jobs").bearer_auth(token);
            send(request.header("x-forwarded-for", format!("6.6.6.6, {address}"))).await
        };
        assert_eq!(from("192.0.2.1", "viewer").await.status, 200);
        for _ in 0..10 {
            from("192.0.2.1", "guess").await.problem(401);
        }
        let refused = from("192.0.2.1", "guess").await;
        assert!(refused.problem(429).contains("too many wrong tokens"));
        assert_eq!(refused.header("retry-after"), Some("6"));
        from("192.0.2.1", "admin").await.problem(429);
        assert_eq!(from("192.0.2.1", "viewer").await.status, 200, "it was known there before");
        assert_eq!(from("192.0.2.2", "admin").await.status, 200);
        server.clock.advance(std::time::Duration::from_secs(6));
        assert_eq!(from("192.0.2.1", "admin").await.status, 200);
    });
}

#[test]
fn a_token_may_make_so_many_requests() {
    use callboard::domain::throttle::Rate;
    let limited = |config: &mut Config| {
        tokens(config);
        let rate = Rate { limit: 3, per: std::time::Duration::from_secs(60) };
        config.auth_tokens[0].rate_limit = Some(rate);
    };
    test_with(limited, async |server| {
        for _ in 0..3 {
            call(server, Method::GET, "/api/jobs", "viewer").await.ok(200);
        }
        let refused = call(server, Method::GET, "/api/jobs", "viewer").await;
        assert!(refused.problem(429).contains("\"viewer\" may make 3 requests in 60 seconds"));
        assert_eq!(refused.header("retry-after"), Some("20"));
        call(server, Method::GET, "/api/jobs", "operator").await.ok(200);
        server.clock.advance(std::time::Duration::from_secs(20));
        call(server, Method::GET, "/api/jobs", "viewer").await.ok(200);
    });
}

#[test]
fn what_anybody_says_of_themselves_is_not_believed() {
    test_with(tokens, async |server| {
        for n in 0..12 {
            let request = server.request(Method::GET, "/api/jobs").bearer_auth("guess");
            let request = request.header("x-forwarded-for", format!("192.0.2.{n}"));
            let request = request.header("forwarded", format!("for=192.0.2.{n}"));
            assert_eq!(send(request).await.status, if n < 10 { 401 } else { 429 }, "{n}");
        }
        let forged = server.request(Method::POST, "/api/jobs/puppet?delay_secs=60").bearer_auth("operator");
        let forged =
            forged.header("origin", "https://evil.example").header("x-forwarded-host", "evil.example");
        send(forged).await.problem(403);
    });
}

#[test]
fn two_clients_through_one_proxy_are_a_forgery() {
    let behind = |config: &mut Config| {
        tokens(config);
        config.net.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    };
    test_with(behind, async |server| {
        let request = server.request(Method::GET, "/api/jobs").bearer_auth("viewer");
        let request = request.header("x-forwarded-for", "192.0.2.1").header("forwarded", "for=192.0.2.2");
        assert!(send(request).await.problem(400).contains("different clients"));
    });
}
