//! Calls as any HTTP client makes them.

use serde_json::Value;

use crate::server::Server;

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// The header `Retry-After`.
    pub retry_after: Option<String>,
    pub body: Value,
}

impl Answer {
    /// The text of a problem document.
    pub fn detail(&self) -> &str {
        self.body["detail"].as_str().unwrap_or_else(|| panic!("no problem document: {self:?}"))
    }
}

/// Calls an endpoint; `None` when the server is not there.
pub async fn call(server: &Server, method: &str, path: &str, body: Option<Value>) -> Option<Answer> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
    let mut request = client.request(method.parse().unwrap(), server.url(path));
    if let Some(body) = body {
        request = request.json(&body);
    }
    let response = request.send().await.ok()?;
    let retry_after = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    Some(Answer { status, retry_after, body: response.json().await.ok()? })
}

/// Reads.
pub async fn get(server: &Server, path: &str) -> Answer {
    call(server, "GET", path, None).await.expect("the server answers")
}

/// Hands a job in.
pub async fn post_job(server: &Server, job: Value) -> Answer {
    call(server, "POST", "/api/jobs", Some(job)).await.expect("the server answers")
}
