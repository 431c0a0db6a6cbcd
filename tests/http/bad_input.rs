//! What is wrong is refused, by name, and nothing is written.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::cases::{self, Case};
use crate::server::{Server, send, test};

fn request(server: &Server, case: &Case) -> RequestBuilder {
    let method = Method::from_bytes(case.method.as_bytes()).unwrap();
    let request = server.request(method, &case.path).body(case.body.clone());
    match case.content_type {
        Some(content_type) => request.header("content-type", content_type),
        None => request,
    }
}

/// Everything that a request could have changed.
async fn all_there_is(server: &Server) -> Value {
    let mut found = Vec::new();
    for path in ["/api/jobs?limit=500", "/api/jobs/1", "/api/queue-status", "/api/job-types", "/api/queues"] {
        found.push(server.get(path).await.ok(200));
    }
    json!(found)
}

#[test]
fn each_wrong_request_is_a_problem_that_names_the_fields() {
    test(async |server| {
        assert_eq!(server.enqueue(json!({"delay_secs": 60})).await, 1);
        let before = all_there_is(server).await;
        for case in cases::cases() {
            let answer = send(request(server, &case)).await;
            assert_eq!(answer.status, case.status, "{}: {}", case.name(), answer.text);
            assert_eq!(answer.headers.contains_key("allow"), case.status == 405, "{}", case.name());
            assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{}", case.name());
            if case.method == "HEAD" {
                continue;
            }
            answer.problem(case.status);
            let mut wanted = case.fields.clone();
            wanted.sort_unstable();
            assert_eq!(answer.fields(), wanted, "{}: {}", case.name(), answer.text);
        }
        assert_eq!(all_there_is(server).await, before);
    });
}

#[test]
fn what_a_path_knows_is_told() {
    test(async |server| {
        let options = send(server.request(Method::OPTIONS, "/api/jobs/1")).await;
        assert_eq!(
            (options.status, options.header("allow")),
            (204, Some("GET, HEAD, PATCH, DELETE, POST, OPTIONS"))
        );
        let head = send(server.request(Method::HEAD, "/healthz?probe=1")).await;
        assert_eq!((head.status, head.text.as_str()), (200, ""));
    });
}
