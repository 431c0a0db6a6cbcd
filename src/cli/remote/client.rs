//! HTTP, with errors that tell people what to do.

use std::path::Path;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use url::Url;

use crate::cli::failure::Failure;
use crate::cli::problem::Problem;

use super::ServerArgs;

const CONNECT_WITHIN: Duration = Duration::from_secs(10);
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
const ANSWER_ON_MANY_WITHIN: Duration = Duration::from_secs(600);

/// Parameters of a call, in the order in which they are sent.
pub type Query = Vec<(&'static str, String)>;

/// Talks to one server.
pub struct Client {
    http: reqwest::Client,
    base: Url,
    patience: Option<Duration>,
}

/// What a server answered.
pub struct Reply {
    /// Whether the job was there already.
    pub duplicate: bool,
    url: String,
    text: String,
}

impl Client {
    /// Gets ready to talk; nothing is sent yet.
    pub fn new(server: &ServerArgs) -> Result<Self, Failure> {
        // An error means that a provider is there already, which is all we want.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("callboard/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers(server.token.as_deref())?)
            .connect_timeout(CONNECT_WITHIN)
            // A write that was redirected could arrive as a read.
            .redirect(reqwest::redirect::Policy::none());
        if is_this_machine(&server.url) {
            http = http.no_proxy();
        }
        if server.url.scheme() == "http" {
            // A machine without certificates, such as a small container, can still speak plainly.
            http = http.tls_certs_only([]);
        } else if let Some(file) = &server.ca_file {
            http = http.tls_certs_only(authorities(file)?);
        }
        let http = http.build().map_err(|e| Failure::Tls(root(&e)))?;
        Ok(Self { http, base: server.url.clone(), patience: server.patience() })
    }

    /// `GET`.
    pub async fn get(&self, path: &[&str], query: &Query) -> Result<Reply, Failure> {
        self.call(self.request(Method::GET, path, query), ANSWER_WITHIN).await
    }

    /// `GET` of what stands beside the API, for those who look after the server.
    pub async fn ask_health(&self, name: &str) -> Result<Reply, Failure> {
        let mut url = self.base.clone();
        url.set_query(None);
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push(name);
        }
        self.call(self.http.get(url), ANSWER_WITHIN).await
    }

    /// `POST` with a body.
    pub async fn post(&self, path: &[&str], body: &impl Serialize) -> Result<Reply, Failure> {
        self.call(self.request(Method::POST, path, &Query::new()).json(body), ANSWER_WITHIN).await
    }

    /// `PUT` with a body.
    pub async fn put(&self, path: &[&str], body: &impl Serialize) -> Result<Reply, Failure> {
        self.call(self.request(Method::PUT, path, &Query::new()).json(body), ANSWER_WITHIN).await
    }

    /// `POST` or `DELETE` to one thing, without a body.
    pub async fn act(&self, method: Method, path: &[&str]) -> Result<Reply, Failure> {
        self.call(self.request(method, path, &Query::new()), ANSWER_WITHIN).await
    }

    /// `POST` or `DELETE` to everything that the query matches, which may take its time.
    pub async fn act_on_many(&self, method: Method, path: &[&str], query: &Query) -> Result<Reply, Failure> {
        self.call(self.request(method, path, query), ANSWER_ON_MANY_WITHIN).await
    }

    /// A request whose answer is read by the caller, however long it goes on.
    pub async fn open(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let within = self.patience.unwrap_or(ANSWER_WITHIN);
        let answer = tokio::time::timeout(within, request.send());
        let answer = answer.await.map_err(|_| self.no_server(&format!("no answer within {within:?}")))?;
        self.accept(answer.map_err(|e| self.broken(&e))?).await
    }

    /// A request to a path below the server's address.
    pub fn request(&self, method: Method, path: &[&str], query: &Query) -> RequestBuilder {
        let mut url = self.base.clone();
        url.set_query(None);
        url.set_fragment(None);
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("api").extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.http.request(method, url)
    }

    /// What to say when it answers something that makes no sense.
    pub fn strange(&self, why: &str) -> Failure {
        Failure::Strange { url: self.name(), why: why.to_owned() }
    }

    /// Who is spoken to, without a password that may be in the address.
    pub fn name(&self) -> String {
        let mut url = self.base.clone();
        // Neither can fail for an address with a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.as_str().trim_end_matches('/').to_owned()
    }

    async fn call(&self, request: RequestBuilder, within: Duration) -> Result<Reply, Failure> {
        let request = request.timeout(self.patience.unwrap_or(within));
        let response = request.send().await.map_err(|e| self.broken(&e))?;
        let response = self.accept(response).await?;
        let duplicate = response.headers().get("duplicate").is_some_and(|v| v.as_bytes() == b"true");
        let text = response.text().await.map_err(|e| self.broken(&e))?;
        Ok(Reply { duplicate, url: self.name(), text })
    }

    async fn accept(&self, response: Response) -> Result<Response, Failure> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let retry_after =
            response.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let text = response.text().await.unwrap_or_default();
        Err(Failure::Refused(Problem::read(status, retry_after, &text)))
    }

    fn broken(&self, e: &reqwest::Error) -> Failure {
        if e.is_builder() {
            return Failure::Usage(format!("cannot ask {}: {}", self.name(), root(e)));
        }
        self.no_server(&root(e))
    }

    /// What to say when it cannot be reached.
    pub fn no_server(&self, why: &str) -> Failure {
        Failure::NoServer { url: self.name(), why: why.to_owned() }
    }
}

impl Reply {
    /// Reads it.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(&self.text).map_err(|e| self.strange(&e.to_string()))
    }

    /// Its text, which is JSON for certain.
    pub fn json(&self) -> Result<&str, Failure> {
        serde_json::from_str::<&RawValue>(&self.text)
            .map(RawValue::get)
            .map_err(|e| self.strange(&e.to_string()))
    }

    /// Whether it says nothing, as after a delete.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// What to say when it makes no sense.
    pub fn strange(&self, why: &str) -> Failure {
        Failure::Strange { url: self.url.clone(), why: why.to_owned() }
    }
}

/// The authorities that a PEM file names.
fn authorities(file: &Path) -> Result<Vec<reqwest::Certificate>, Failure> {
    let wrong = |why: String| Failure::Usage(format!("--ca-file {}: {why}", file.display()));
    let text = std::fs::read(file).map_err(|e| wrong(format!("cannot be read: {e}")))?;
    match reqwest::Certificate::from_pem_bundle(&text) {
        Ok(found) if found.is_empty() => Err(wrong("holds no certificate".into())),
        Ok(found) => Ok(found),
        Err(e) => Err(wrong(format!("is no PEM file: {e}"))),
    }
}

fn headers(token: Option<&str>) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    if let Some(token) = token.filter(|t| !t.is_empty()) {
        let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|_| Failure::Usage("the token holds characters that no token has".into()))?;
        value.set_sensitive(true);
        headers.insert(reqwest::header::AUTHORIZATION, value);
    }
    Ok(headers)
}

/// A proxy cannot reach the server on this machine, so one in the environment is not meant for it.
fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// The innermost cause: what a person can do something about.
fn root(e: &reqwest::Error) -> String {
    if e.is_timeout() {
        return "no answer in time".into();
    }
    let mut cause: &dyn std::error::Error = e;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
