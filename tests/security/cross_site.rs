//! Pages of other sites, through the browser of somebody who may do everything.

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::house::{calls, filled, guarded};
use crate::server::{Server, text};

/// What a browser says of a page elsewhere.
fn elsewhere(server: &Server) -> Vec<(&'static str, String)> {
    let (host, _) = server.url.rsplit_once(':').unwrap();
    vec![
        ("origin", "https://evil.example".into()),
        ("origin", "null".into()),
        ("origin", format!("{host}:1")),
        ("origin", format!("{}.evil.example", server.url)),
        ("origin", format!("{} {}", server.url, "https://evil.example")),
        ("origin", "callboard".into()),
        ("sec-fetch-site", "cross-site".into()),
    ]
}

fn call(server: &Server, method: &Method, path: &str) -> RequestBuilder {
    server.client.request(method.clone(), format!("{}{}", server.url, filled(path)))
}

fn changing() -> Vec<(Method, String)> {
    let changing: Vec<_> = calls().into_iter().filter(|(method, _)| !method.is_safe()).collect();
    assert!(changing.len() > 60, "{changing:?}");
    changing
}

async fn everything(server: &Server) -> [Value; 4] {
    let mut all = [Value::Null, Value::Null, Value::Null, Value::Null];
    for (state, path) in all.iter_mut().zip(["/api/jobs", "/api/audit", "/api/schedules", "/api/pauses"]) {
        *state =
            server.client.get(format!("{}{path}", server.url)).send().await.unwrap().json().await.unwrap();
    }
    all
}

async fn with_something_to_change() -> Server {
    let server = Server::start("");
    server.enqueue(json!({"job_type": "noop", "delay_secs": 3600})).await;
    let workflow = json!({"name": "w", "jobs": [{"name": "a", "job_type": "noop", "delay_secs": 3600}]});
    server.call("/api/workflows", workflow).await;
    let schedule = json!({"name": "1", "job_type": "noop", "cron": "0 3 1 1 *"});
    server.call("/api/schedules", schedule).await;
    server
}

#[tokio::test]
async fn a_page_elsewhere_changes_nothing() {
    let server = with_something_to_change().await;
    let before = everything(&server).await;
    let (token, cookie) = server.token().await;
    for (method, path) in changing() {
        for (name, value) in elsewhere(&server) {
            // Were it not for where it comes from, it would be taken.
            let form = path.starts_with("/api/").then(|| "{}".to_owned());
            let is_form = form.is_none();
            let body = form.unwrap_or_else(|| format!("callboard_csrf={token}&job_type=noop&args=%7B%7D"));
            let kind = if is_form { "application/x-www-form-urlencoded" } else { "application/json" };
            let request = call(&server, &method, &path).header("content-type", kind).body(body);
            let answer = request.header(COOKIE, &cookie).header(name, &value).send().await.unwrap();
            let status = answer.status();
            assert!(!answer.headers().contains_key("access-control-allow-origin"), "{method} {path}");
            let said = text(answer).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path} with {name}: {value}: {said}");
            assert!(said.contains("page of another site"), "{method} {path}: {said}");
        }
    }
    assert_eq!(everything(&server).await, before);
}

#[tokio::test]
async fn to_look_changes_nothing() {
    let server = with_something_to_change().await;
    let before = everything(&server).await;
    for (method, path) in calls().into_iter().filter(|(method, _)| method == Method::GET) {
        // Its answer may have no end.
        call(&server, &method, &path).header("accept", "text/html").send().await.unwrap();
    }
    assert_eq!(everything(&server).await, before);
}

#[tokio::test]
async fn no_page_elsewhere_is_shown_an_answer() {
    let server = with_something_to_change().await;
    for (method, path) in calls() {
        for method in [method, Method::OPTIONS] {
            let request = call(&server, &method, &path).header("access-control-request-method", "PUT");
            let answer = request.header("origin", "https://evil.example").send().await.unwrap();
            let said = answer.headers();
            let may = said.keys().find(|name| name.as_str().starts_with("access-control-"));
            assert!(may.is_none(), "{method} {path}: {said:?}");
            if !path.starts_with("/api/") && said.contains_key("x-frame-options") {
                assert_eq!(said["x-frame-options"], "DENY");
                let policy = said["content-security-policy"].to_str().unwrap();
                assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
            }
        }
    }
    for page in ["/", "/jobs/1", "/login", "/settings", "/nowhere"] {
        assert!(server.get(page).await.headers().contains_key("x-frame-options"), "{page}");
    }
}

/// A browser that has signed in: its cookies, and the token of its forms.
async fn signed_in(server: &Server, who: &str) -> (String, String) {
    let (token, cookie) = login_form(server).await;
    let answer = server.post("/login", &cookie, &[("callboard_csrf", &token), ("token", who)]).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let session = pair(&answer);
    let page = server.client.get(format!("{}/settings", server.url)).header("accept", "text/html");
    let page = text(page.header(COOKIE, &session).send().await.unwrap()).await;
    let proof = page.split("name=\"callboard_csrf\" value=\"").nth(1).unwrap();
    (session, proof.split('"').next().unwrap().to_owned())
}

async fn login_form(server: &Server) -> (String, String) {
    let cookie = pair(&server.get("/login").await);
    (cookie.split_once('=').unwrap().1.to_owned(), cookie)
}

fn pair(answer: &Response) -> String {
    answer.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_form_without_its_token_is_nobodys() {
    let server = guarded("");
    let (mine, proof) = signed_in(&server, "admin").await;
    let (_, other) = signed_in(&server, "admin").await;
    let guessed = "A".repeat(proof.len());
    let forms: Vec<_> = changing().into_iter().filter(|(_, path)| !path.starts_with("/api/")).collect();
    assert!(forms.len() > 20, "{forms:?}");
    for (method, path) in forms.iter().filter(|(_, path)| path != "/logout" && path != "/login") {
        let post = async |token: Option<&str>| {
            let body = token.map(|token| format!("callboard_csrf={token}")).unwrap_or_default();
            let request = call(&server, method, path).header("accept", "text/html").body(body);
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            request.header(COOKIE, &mine).send().await.unwrap().status()
        };
        for bad in [None, Some(""), Some(other.as_str()), Some(guessed.as_str())] {
            assert_eq!(post(bad).await, StatusCode::FORBIDDEN, "{path} with {bad:?}");
        }
        assert_ne!(post(Some(&proof)).await, StatusCode::FORBIDDEN, "{path} with its own");
    }
}

#[tokio::test]
async fn nobody_is_signed_in_or_out_by_a_page_elsewhere() {
    let server = guarded("");
    let (token, cookie) = login_form(&server).await;
    for form in [&[("token", "admin")][..], &[("token", "admin"), ("callboard_csrf", "x")]] {
        let answer = server.post("/login", &cookie, form).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
        assert!(!answer.headers().contains_key(LOCATION));
    }
    // A token without the cookie that it belongs to.
    let planted = server.post("/login", "", &[("token", "admin"), ("callboard_csrf", &token)]).await;
    assert_eq!(planted.status(), StatusCode::FORBIDDEN);
    let (session, _) = signed_in(&server, "viewer").await;
    assert_eq!(server.post("/logout", &session, &[]).await.status(), StatusCode::FORBIDDEN);
    let still = server.client.get(format!("{}/api/jobs", server.url)).header(COOKIE, &session);
    assert_eq!(still.send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn what_a_browser_sends_without_asking_is_no_json() {
    let server = with_something_to_change().await;
    let before = everything(&server).await;
    // An old browser that tells no origin can send these from any page.
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let request = server.client.post(format!("{}/api/jobs", server.url)).header("content-type", kind);
        let answer = request.body(r#"{"job_type":"noop"}"#).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
    }
    assert_eq!(everything(&server).await, before);
}
