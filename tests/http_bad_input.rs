//! What is wrong is refused, by name, before anything is done.

mod bad_input;

use actix_web::App;
use actix_web::http::{Method, header};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use callboard::Callboard;
use callboard::config::{Role, Token};
use callboard::http::{self, Tokens};
use serde_json::Value;
use sha2::{Digest, Sha256};

use bad_input::Case;

fn callboard() -> Callboard {
    Callboard
}

fn request(case: &Case) -> TestRequest {
    let request = TestRequest::with_uri(&case.path)
        .method(Method::from_bytes(case.method.as_bytes()).unwrap())
        .set_payload(case.body.clone());
    match case.content_type {
        Some(content_type) => request.insert_header((header::CONTENT_TYPE, content_type)),
        None => request,
    }
}

#[actix_web::test]
async fn each_wrong_request_is_a_problem_that_names_the_fields() {
    let app = init_service(App::new().configure(http::configure(callboard(), Tokens::default()))).await;
    for case in bad_input::cases() {
        let response = call_service(&app, request(&case).to_request()).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = read_body(response).await;
        let text = String::from_utf8_lossy(&body);
        assert_eq!(status, case.status, "{}: {text}", case.name());
        assert_eq!(headers.get("content-type").unwrap(), "application/problem+json", "{}", case.name());
        assert_eq!(headers.contains_key("allow"), status == 405, "{}", case.name());
        let problem: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem["status"], status, "{}", case.name());
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        let mut fields: Vec<_> = errors.iter().map(|e| e["field"].as_str().unwrap()).collect();
        let mut wanted = case.fields.clone();
        fields.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(fields, wanted, "{}: {text}", case.name());
    }
}

#[actix_web::test]
async fn methods_that_are_known_are_told() {
    let app = init_service(App::new().configure(http::configure(callboard(), Tokens::default()))).await;
    let options = TestRequest::with_uri("/api/jobs/1").method(Method::OPTIONS).to_request();
    let response = call_service(&app, options).await;
    assert_eq!(response.status().as_u16(), 204);
    assert_eq!(response.headers().get("allow").unwrap(), "GET, HEAD, PATCH, DELETE, POST, OPTIONS");
    let head = TestRequest::with_uri("/healthz?probe=1").method(Method::HEAD).to_request();
    assert_eq!(call_service(&app, head).await.status().as_u16(), 200);
}

#[actix_web::test]
async fn tokens_and_origins_guard_every_path() {
    let token_sha256 = Sha256::digest("look").into();
    let tokens: Tokens = vec![Token { name: "v".into(), role: Role::Viewer, token_sha256 }].into();
    let app = init_service(App::new().configure(http::configure(callboard(), tokens))).await;
    let viewer = ("authorization", "Bearer look");
    let foreign = ("origin", "https://elsewhere.example");
    for (request, status) in [
        (TestRequest::get().uri("/healthz"), 200),
        (TestRequest::get().uri("/api/jobs"), 401),
        (TestRequest::get().uri("/nowhere"), 401),
        (TestRequest::get().uri("/nowhere").insert_header(viewer), 404),
        (TestRequest::post().uri("/api/jobs").insert_header(viewer), 403),
        (TestRequest::post().uri("/api/jobs").insert_header(foreign), 403),
    ] {
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.headers().contains_key("www-authenticate"), status == 401);
        let body: Value = serde_json::from_slice(&read_body(response).await).unwrap();
        assert!(status == 200 || body["status"] == status, "{body}");
    }
}
