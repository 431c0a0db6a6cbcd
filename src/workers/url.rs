//! Posts each job of a type to a URL.

use std::env;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::json;

use super::http_call::{self, Body};
use super::job_document::job_document;
use super::signature::Secret;
use super::worker::Start;
use super::{AnyWorker, Availability, Context, Failure, RunResult, WorkerInfo};
use crate::domain::{Clock, Json};

/// A URL that runs the jobs of a type, as it is configured.
#[derive(Clone, Debug)]
pub struct UrlSpec {
    /// The job type.
    pub job_type: String,
    /// One sentence for people; empty: made from the URL.
    pub description: String,
    /// Where the job is posted.
    pub url: url::Url,
    /// The environment variable with the secret to sign with.
    pub secret_env: Option<String>,
}

impl UrlSpec {
    /// A URL with nothing else.
    #[must_use]
    pub fn new(job_type: impl Into<String>, url: url::Url) -> Self {
        Self { job_type: job_type.into(), description: String::new(), url, secret_env: None }
    }

    /// What is wrong with it, for those who check a configuration: sentences about the key `url`.
    #[must_use]
    pub fn faults(&self) -> Vec<(&'static str, String)> {
        match self.url.scheme() {
            "http" | "https" => Vec::new(),
            other => vec![("url", format!("must begin with http:// or https://, not {other}:"))],
        }
    }
}

/// Posts each job of a type to a URL, and takes the answer as its result.
pub struct UrlWorker {
    spec: UrlSpec,
    clock: Clock,
    client: OnceLock<Result<Client, String>>,
}

impl UrlWorker {
    /// Puts one together.
    #[must_use]
    pub const fn new(spec: UrlSpec, clock: Clock) -> Self {
        Self { spec, clock, client: OnceLock::new() }
    }

    async fn run(&self, ctx: Context) -> RunResult<Option<Json>> {
        tokio::select! {
            result = self.post(&ctx) => result,
            () = ctx.cancel.cancelled() => Err(Failure::Cancelled),
        }
    }

    async fn post(&self, ctx: &Context) -> RunResult<Option<Json>> {
        let client = self.client().map_err(Failure::Fatal)?;
        let body = job_document(ctx)?;
        let request = client.post(self.spec.url.clone()).header(CONTENT_TYPE, "application/json");
        let request = http_call::traced(request, ctx);
        let request = self.signed(request, &format!("job-{}", ctx.job.id), &body)?;
        let response = request.body(body).send().await.map_err(|e| self.failed(e))?;
        let status = response.status();
        let retry_after = http_call::retry_after(response.headers(), self.clock.now());
        let answer = Body::read(response, ctx.max_result()).await.map_err(|e| self.failed(e))?;
        if !status.is_success() {
            return Err(self.refused(status, retry_after, &answer.text()));
        }
        if answer.cut {
            let most = ctx.max_result();
            ctx.log
                .warn(format!("the answer is longer than {most} bytes; only its beginning is kept, as text"));
        }
        result(&answer)
    }

    fn signed(&self, request: RequestBuilder, id: &str, body: &str) -> RunResult<RequestBuilder> {
        let Some(secret) = self.secret().map_err(Failure::Fatal)? else { return Ok(request) };
        let timestamp = self.clock.now().as_millis() / 1000;
        let signature = secret.sign(id, timestamp, body.as_bytes()).map_err(Failure::Fatal)?;
        Ok(request
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature))
    }

    fn secret(&self) -> Result<Option<Secret>, String> {
        let Some(name) = &self.spec.secret_env else { return Ok(None) };
        let text = env::var(name).map_err(|_| {
            format!("the environment variable {name} with the secret to sign with is not set")
        })?;
        Secret::parse(&text).map(Some).map_err(|e| format!("the environment variable {name} {e}"))
    }

    /// The client is made at first need, since it reads the machine's certificates.
    fn client(&self) -> Result<&Client, String> {
        let client = self.client.get_or_init(|| http_call::client(&self.spec.url));
        client.as_ref().map_err(Clone::clone)
    }

    fn failed(&self, e: reqwest::Error) -> Failure {
        Failure::retry(format_args!("POST {}: {}", http_call::shown(&self.spec.url), http_call::why(e)))
    }

    fn refused(&self, status: StatusCode, retry_after: Option<Duration>, answer: &str) -> Failure {
        let (url, quote) = (http_call::shown(&self.spec.url), http_call::quoted(answer));
        let message = format!("POST {url} was answered with {status}{quote}");
        let worth_another_try = matches!(status.as_u16(), 408 | 409 | 425 | 429);
        if status.is_client_error() && !worth_another_try {
            Failure::Fatal(message)
        } else {
            Failure::Retry { message, after: retry_after }
        }
    }
}

impl AnyWorker for UrlWorker {
    fn info(&self) -> WorkerInfo {
        let description = match self.spec.description.as_str() {
            "" => format!("Posts the job to {}.", http_call::shown(&self.spec.url)),
            text => text.to_owned(),
        };
        WorkerInfo { job_type: self.spec.job_type.clone(), description, args_schema: json!({}) }
    }

    fn availability(&self) -> Availability {
        self.secret().map_or_else(Availability::Unavailable, |_| Availability::Available)
    }

    fn check_args(&self, _args: &Json) -> Vec<(String, String)> {
        Vec::new()
    }

    fn start(self: Arc<Self>, ctx: Context) -> Start {
        Start::Future(Box::pin(async move { self.run(ctx).await }))
    }
}

/// JSON as it is, anything else as a string, nothing as nothing.
fn result(body: &Body) -> RunResult<Option<Json>> {
    let text = body.text();
    let text = text.trim();
    let json = match Json::checked(text) {
        Ok(json) => json,
        Err(_) if text.is_empty() => return Ok(None),
        Err(_) => Json::of(text)?,
    };
    Ok((json.as_str() != "null").then_some(json))
}
