//! Paths and headers that are written otherwise than they are meant.

use serde_json::json;

use crate::house::guarded;
use crate::server::Server;
use crate::wire::{ask, exchange, request, statuses};

/// What nobody who is not signed in may read.
const SECRET: &str = "the-word-is-sesame";

async fn with_a_job() -> Server {
    let server = guarded("");
    let job = json!({"job_type": "noop", "delay_secs": 3600, "args": {"word": SECRET}}).to_string();
    let headers = ["Authorization: Bearer operator"];
    assert_eq!(ask(&server, request("POST", "/api/jobs", &headers, &job)).await, [201]);
    server
}

#[tokio::test]
async fn no_spelling_of_a_path_opens_what_is_shut() {
    let server = with_a_job().await;
    let shown = exchange(&server, request("GET", "/api/jobs", &["Authorization: Bearer viewer"], "")).await;
    assert!(shown.contains(SECRET), "{shown}");
    for path in [
        "/static/../api/jobs",
        "/static/%2e%2e/api/jobs",
        "/static/..%2fapi%2fjobs",
        "/static/..%5capi%5cjobs",
        "/static/..;/api/jobs",
        "/static//../api/jobs",
        "/static/x/../../../../etc/passwd",
        "/static/x/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/static/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd",
        "/static/x/style.css%00.html",
        "/healthz/../api/jobs",
        "/healthz%2f..%2fapi%2fjobs",
        "/healthz;/api/jobs",
        "/healthz%00/api/jobs",
        "/healthz%3f/../api/jobs",
        "/login/../jobs",
        "/login%00",
        "/login;x=/api/jobs",
        "//api/jobs",
        "/./api/jobs",
        "/\\api\\jobs",
        "/%61pi/jobs",
        "/api%2fjobs",
        "/api/jobs%00",
        "/api/jobs%20",
        "/api/jobs/",
        "/API/JOBS",
        "/api/jobs#/healthz",
        "http://localhost/api/jobs",
        "http://anybody@localhost/api/jobs",
        "*",
    ] {
        let said = exchange(&server, request("GET", path, &[], "")).await;
        assert!(matches!(statuses(&said)[..], [400 | 401 | 404]), "{path}: {said}");
        assert!(!said.contains(SECRET) && !said.contains("root:"), "{path}: {said}");
    }
}

#[tokio::test]
async fn no_spelling_of_a_path_makes_a_role_greater() {
    let server = with_a_job().await;
    let cleanup = json!({"older_than_days": 0}).to_string();
    let clean = async |path: &str, who: &str| {
        ask(&server, request("POST", path, &[&format!("Authorization: Bearer {who}")], &cleanup)).await
    };
    for path in [
        "/api/%6daintenance/cleanup",
        "/api/maintenance%2fcleanup",
        "/api/maintenance/%63leanup",
        "/api//maintenance/cleanup",
        "/api/./maintenance/cleanup",
        "/api/jobs/../maintenance/cleanup",
        "/settings/../api/maintenance/cleanup",
        "/api/maintenance/cleanup/",
        "/API/maintenance/cleanup",
        "http://localhost/api/maintenance/cleanup",
        "/api/maintenance/cleanup?/settings",
    ] {
        let answer = clean(path, "operator").await;
        assert!(matches!(answer[..], [403 | 404]), "{path}: {answer:?}");
    }
    assert_eq!(clean("/api/maintenance/cleanup", "admin").await, [200]);
}

#[tokio::test]
async fn a_header_makes_no_other_request_of_one() {
    let server = with_a_job().await;
    let viewer = "Authorization: Bearer viewer";
    for header in [
        "X-HTTP-Method-Override: DELETE",
        "X-HTTP-Method: DELETE",
        "X-Method-Override: DELETE",
        "X-Original-URL: /api/maintenance/cleanup",
        "X-Rewrite-URL: /api/maintenance/cleanup",
        "X-Original-Method: DELETE",
    ] {
        for method in ["GET", "POST"] {
            let said = ask(&server, request(method, "/api/jobs/1", &[header, viewer], "")).await;
            assert_eq!(said, [if method == "GET" { 200 } else { 403 }], "{method} with {header}");
        }
        let said =
            exchange(&server, request("GET", "/api/jobs/1?_method=DELETE", &[header, viewer], "")).await;
        assert_eq!(statuses(&said), [422], "{said}");
        let with_operator = request("POST", "/api/jobs", &[header, "Authorization: Bearer operator"], "{}");
        assert_eq!(ask(&server, with_operator).await, [422], "{header}");
    }
    let said = exchange(&server, request("GET", "/api/jobs/1", &[viewer], "")).await;
    assert!(said.contains("\"scheduled\""), "{said}");
}

#[tokio::test]
async fn what_strangers_say_of_a_proxy_is_in_no_answer() {
    let server = guarded("");
    for header in [
        "X-Forwarded-Host: evil.example",
        "Forwarded: host=evil.example;proto=https;for=127.0.0.1",
        "X-Forwarded-Prefix: /evil.example",
        "X-Forwarded-Proto: https",
        "X-Host: evil.example",
    ] {
        for (path, status) in [("/jobs", 303), ("/login", 200), ("/nowhere", 303)] {
            let headers = [header, "Accept: text/html", "Referer: http://evil.example/jobs"];
            let said = exchange(&server, request("GET", path, &headers, "")).await;
            assert_eq!(statuses(&said), [status], "{path}: {said}");
            assert!(
                !said.contains("evil.example") && !said.contains("Secure"),
                "{path} with {header}: {said}"
            );
        }
    }
    // Whose address is believed would be asked for no token at all, or never be kept out.
    let headers = ["X-Forwarded-For: 127.0.0.1", "X-Real-IP: 127.0.0.1", "Authorization: Bearer guess"];
    assert_eq!(ask(&server, request("GET", "/api/jobs", &headers, "")).await, [401]);
}

#[tokio::test]
async fn nothing_of_an_address_becomes_a_header() {
    let server = guarded("");
    let page = "Accept: text/html";
    for path in [
        "/jobs?x=%0d%0aSet-Cookie:%20planted=1",
        "/login?next=/%0d%0aSet-Cookie:%20planted=1",
        "/login?next=%2Fjobs%0ASet-Cookie:planted=1",
        "/%0d%0aSet-Cookie:%20planted=1",
    ] {
        let said = exchange(&server, request("GET", path, &[page], "")).await;
        let head = said.split("\r\n\r\n").next().unwrap();
        assert!(!head.lines().any(|line| line.starts_with("Set-Cookie: planted")), "{path}: {head}");
        assert!(!head.to_ascii_lowercase().contains("\nset-cookie: planted"), "{path}: {head}");
    }
}

#[tokio::test]
async fn a_server_for_this_machine_alone_is_called_by_no_other_name() {
    let server = Server::start("");
    let get = |target: &str, host: &str| {
        format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
    };
    for (target, host, status) in [
        ("/api/jobs", "localhost", 200),
        ("/api/jobs", "evil.example", 421),
        ("/api/jobs", "localhost.evil.example", 421),
        ("/api/jobs", "evil.example#localhost", 421),
        ("/api/jobs", "localhost@evil.example", 421),
        ("/api/jobs", "0.0.0.0", 421),
        // The name in the target is the one that counts, and either may have been looked at before.
        ("http://evil.example/api/jobs", "localhost", 421),
        ("http://localhost/api/jobs", "evil.example", 421),
        ("http://localhost/api/jobs", "localhost", 200),
    ] {
        assert_eq!(ask(&server, get(target, host)).await, [status], "{target} at {host}");
    }
}
