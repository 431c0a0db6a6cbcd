//! The page on which the API is tried.

use crate::server::{Server, text};

#[tokio::test]
async fn every_call_is_on_the_page_and_nothing_comes_from_elsewhere() {
    let server = Server::start("");
    let document: serde_json::Value =
        serde_json::from_str(&text(server.get("/api/openapi.json").await).await).unwrap();
    let answer = server.get("/docs").await;
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let html = text(answer).await;
    let calls = document["paths"].as_object().unwrap().values();
    let ids = calls
        .flat_map(|item| item.as_object().unwrap().values())
        .map(|call| call["operationId"].as_str().unwrap());
    let (second_names, ids): (Vec<_>, Vec<_>) = ids.partition(|id| id.ends_with("Alias"));
    assert!(ids.len() > 60 && !second_names.is_empty());
    for id in ids {
        assert!(html.contains(&format!("id=\"{id}\"")), "{id} is not on the page");
    }
    for elsewhere in ["src=\"http", "href=\"http", "style=\"", "<style", "onclick"] {
        assert!(!html.contains(elsewhere), "{elsewhere}");
    }
}
