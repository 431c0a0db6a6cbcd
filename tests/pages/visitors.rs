//! What visitors are offered who may not do everything, or nothing, or come at a bad time.

use reqwest::StatusCode;
use reqwest::header::{ACCEPT, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};

use crate::server::{Server, text};

/// A server that knows one token, that of a viewer: `look`.
fn with_a_viewer() -> Server {
    use sha2::{Digest, Sha256};
    let hash: String = Sha256::digest("look").iter().map(|b| format!("{b:02x}")).collect();
    Server::start(&format!("[[auth.tokens]]\nname = \"v\"\nrole = \"viewer\"\ntoken_sha256 = \"{hash}\"\n"))
}

#[tokio::test]
async fn a_viewer_is_offered_nothing_to_change() {
    let server = with_a_viewer();
    for path in ["/", "/jobs", "/types", "/schedules"] {
        let request = server.client.get(format!("{}{path}", server.url)).basic_auth("anybody", Some("look"));
        let html = request.send().await.unwrap().text().await.unwrap();
        assert!(html.contains("</html>") && !html.contains("href=\"/new\""), "{path}");
        let forms = html.matches("method=\"post\"").count() - html.matches("action=\"/settings\"").count();
        let bulk = html.matches("data-bulk").count();
        assert_eq!(forms, bulk, "{path}");
    }
}

#[tokio::test]
async fn a_stranger_is_led_to_where_a_token_is_asked_for() {
    let server = with_a_viewer();
    let answer = server.get("/jobs?state=failed").await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert!(!answer.headers().contains_key(WWW_AUTHENTICATE), "no browser asks for a password");
    let place = answer.headers()[LOCATION].to_str().unwrap();
    assert_eq!(place, "/login?next=%2Fjobs%3Fstate%3Dfailed");
    let answer = server.get(place).await;
    assert!(answer.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
    let html = text(answer).await;
    assert!(html.contains("<h1>Sign in</h1>") && html.contains("value=\"/jobs?state=failed\""), "{html}");
    assert!(!html.contains("<nav") && !html.contains("<script"), "{html}");
    let style = html
        .split("href=\"")
        .find_map(|part| part.split_once('"').filter(|p| p.0.ends_with("style.css")))
        .unwrap()
        .0;
    assert_eq!(server.get(style).await.status(), StatusCode::OK, "it is dressed");
    let call = server.get("/api/jobs").await;
    assert_eq!(call.headers()["content-type"], "application/problem+json");
    let program =
        server.client.get(format!("{}/jobs", server.url)).header(ACCEPT, "*/*").send().await.unwrap();
    assert_eq!(program.headers()["content-type"], "application/problem+json");
}

#[tokio::test]
async fn who_comes_while_the_store_is_away_may_come_again() {
    use diesel::connection::SimpleConnection;
    use diesel::{Connection, SqliteConnection};
    let server = Server::start("");
    let (token, cookie) = server.token().await;
    let mut stranger = SqliteConnection::establish(server.database().to_str().unwrap()).unwrap();
    stranger.batch_execute("BEGIN IMMEDIATE").unwrap();
    let form = [("callboard_csrf", token.as_str()), ("job_type", "noop"), ("args", "{}")];
    let answer = server.post("/new", &cookie, &form).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers().contains_key(RETRY_AFTER));
    let html = text(answer).await;
    assert!(html.contains("<h1>Not just now</h1>") && html.contains("the store is unavailable"), "{html}");
    stranger.batch_execute("ROLLBACK").unwrap();
    assert_eq!(server.post("/new", &cookie, &form).await.status(), StatusCode::SEE_OTHER);
}
