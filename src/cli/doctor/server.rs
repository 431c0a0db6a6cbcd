//! The server, if one answers.

use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;

use super::finding::Finding;
use crate::cli::failure::Failure;
use crate::cli::remote::{Client, Query};

const AREA: &str = "server";

/// What it has said.
pub(super) struct Answer {
    /// How far its clock is ahead of ours.
    pub skew_ms: Option<i64>,
    nodes: usize,
}

#[derive(Deserialize)]
struct Nodes {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    state: String,
}

/// Asks it for its nodes.
pub(super) async fn ask(client: &Client) -> Result<Answer, Failure> {
    let response = client.open(client.request(Method::GET, &["nodes"], &Query::new())).await?;
    let said = response.headers().get("date").and_then(|date| date.to_str().ok());
    let theirs = said.and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
    // It tells whole seconds, rounded down.
    let skew_ms =
        theirs.map(|theirs| theirs.timestamp().as_millisecond() + 500 - Timestamp::now().as_millisecond());
    let body = response.text().await.map_err(|e| client.no_server(&e.to_string()))?;
    let Nodes { nodes } = serde_json::from_str(&body).map_err(|e| client.strange(&e.to_string()))?;
    Ok(Answer { skew_ms, nodes: nodes.iter().filter(|node| node.state == "alive").count() })
}

/// What to say of it.
pub(super) fn finding(answer: &Result<Answer, Failure>) -> Finding {
    match answer {
        Ok(Answer { nodes: 1, .. }) => Finding::ok(AREA, "answers"),
        Ok(Answer { nodes, .. }) => Finding::ok(AREA, format!("answers; {nodes} nodes are alive")),
        Err(Failure::NoServer { url, .. }) => Finding::ok(AREA, format!("none answers at {url}")),
        Err(e) => Finding::warning(AREA, e.to_string(), "see --url and --token"),
    }
}
