//! Making a call, and making it again when that may help.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Client, Response};
use serde::Serialize;
use serde_json::{Map, Value, json};
use url::Url;

use super::answer::Answer;
use super::refusal::refusal;
use super::stream;
use crate::config::LlmConfig;
use crate::domain::Clock;
use crate::logs::Stream;
use crate::workers::again::{Again, unless_stopped};
use crate::workers::http_call::{self, Body};
use crate::workers::secret::Secret;
use crate::workers::{Availability, Context, Failure, RunResult};

/// How much of a refusal is read.
const MAX_REFUSAL: usize = 64 * 1024;
/// The first pause before a call is made again.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// What the model is asked.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Who it is.
    pub system: Option<String>,
    /// What it is to do.
    pub text: String,
    /// The most tokens of the answer, if that is other than configured.
    pub max_output_tokens: Option<u32>,
}

impl Question {
    /// How long it is, in characters.
    #[must_use]
    pub fn chars(&self) -> usize {
        self.text.chars().count() + self.system.as_ref().map_or(0, |system| system.chars().count())
    }
}

/// A chat endpoint.
pub struct Chat {
    config: LlmConfig,
    clock: Clock,
    client: OnceLock<Result<Client, String>>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
}

impl Chat {
    /// Puts one together.
    #[must_use]
    pub const fn new(config: LlmConfig, clock: Clock) -> Self {
        Self { config, clock, client: OnceLock::new() }
    }

    /// What is configured of it.
    #[must_use]
    pub const fn config(&self) -> &LlmConfig {
        &self.config
    }

    /// Whether it can be asked.
    #[must_use]
    pub fn availability(&self) -> Availability {
        let usable = self.endpoint().and_then(|_| self.key().map(drop));
        usable.map_or_else(Availability::Unavailable, |()| Availability::Available)
    }

    /// Asks, and asks again where that may help, up to `llm.max_retries` times. What the model
    /// writes goes to the attempt's standard output; `heard` gets the number of characters so far.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn ask(
        &self,
        ctx: &Context,
        question: &Question,
        heard: &mut (dyn FnMut(usize) + Send),
    ) -> RunResult<Answer> {
        let mut again = Again::new(self.config.max_retries, FIRST_PAUSE, self.clock.clone());
        loop {
            match unless_stopped(ctx, self.ask_once(ctx, question, heard)).await {
                Err(failure) => again.pause(ctx, failure).await?,
                answer => return answer,
            }
        }
    }

    async fn ask_once(
        &self,
        ctx: &Context,
        question: &Question,
        heard: &mut (dyn FnMut(usize) + Send),
    ) -> RunResult<Answer> {
        let key = self.key().map_err(Failure::Fatal)?;
        self.exchange(ctx, question, &key, heard).await.map_err(|failure| key.hidden(failure))
    }

    async fn exchange(
        &self,
        ctx: &Context,
        question: &Question,
        key: &Secret,
        heard: &mut (dyn FnMut(usize) + Send),
    ) -> RunResult<Answer> {
        let response = self.send(question, key).await?;
        let idle = self.config.idle_timeout;
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
        let mut tell = |text: &str, chars| {
            ctx.log.bytes(Stream::Stdout, text.as_bytes());
            heard(chars);
        };
        // Some take no notice of `stream`.
        let assembly = if kind.starts_with("text/event-stream") {
            stream::streamed(response, idle, &mut tell).await?
        } else {
            stream::whole(response, idle, &mut tell).await?
        };
        ctx.log.bytes(Stream::Stdout, b"\n");
        Ok(assembly.finish(question.chars()))
    }

    /// Sends the question; gives back an answer that is none of a refusal.
    async fn send(&self, question: &Question, key: &Secret) -> RunResult<Response> {
        let url = self.endpoint().map_err(Failure::Fatal)?;
        let idle = self.config.idle_timeout;
        let client = self.client.get_or_init(|| http_call::client(&url)).as_ref();
        let mut request = client.map_err(Failure::fatal)?.post(url.clone()).json(&self.body(question));
        if let Some(key) = key.header("Bearer ")? {
            request = request.header(AUTHORIZATION, key);
        }
        let sent = tokio::time::timeout(idle, request.send()).await;
        let response = sent.map_err(|_| Failure::retry(stream::silence(idle)))?.map_err(|e| {
            Failure::retry(format_args!("POST {}: {}", http_call::shown(&url), http_call::why(e)))
        })?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let after = http_call::retry_after(response.headers(), self.clock.now());
        let body = tokio::time::timeout(idle, Body::read(response, MAX_REFUSAL)).await;
        let body = body.ok().and_then(Result::ok).map(|body| body.text()).unwrap_or_default();
        Err(refusal(status, after, &body))
    }

    /// Nothing that is not configured is sent.
    fn body(&self, question: &Question) -> Value {
        let config = &self.config;
        let system = question.system.as_ref().map(|content| Message { role: "system", content });
        let messages: Vec<_> =
            system.into_iter().chain([Message { role: "user", content: &question.text }]).collect();
        let mut body = Map::new();
        body.insert("model".into(), json!(config.model));
        body.insert("messages".into(), json!(messages));
        body.insert("stream".into(), json!(config.stream));
        if let Some(temperature) = config.temperature {
            body.insert("temperature".into(), json!(temperature));
        }
        if let Some(limit) = question.max_output_tokens.or(config.max_output_tokens) {
            body.insert(config.token_limit_field.as_str().into(), json!(limit));
        }
        if config.stream && config.include_usage {
            body.insert("stream_options".into(), json!({"include_usage": true}));
        }
        if let Some(format) = &config.response_format {
            body.insert("response_format".into(), json!({"type": format}));
        }
        body.into()
    }

    fn endpoint(&self) -> Result<Url, String> {
        let base = self.config.base_url.as_ref();
        let base = base.ok_or("no chat endpoint is configured; set llm.base_url and llm.model")?;
        let mut url = base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["chat", "completions"]);
        }
        Ok(url)
    }

    fn key(&self) -> Result<Secret, String> {
        Secret::read("llm", self.config.api_key_env.as_deref(), self.config.api_key_file.as_deref())
    }
}
