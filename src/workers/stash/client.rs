//! Making a call, and making it again when that may help.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::{Client, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use super::refusal::{Complaint, complaint, refusal};
use super::scene::{self, Scene, SceneUpdate};
use crate::config::StashConfig;
use crate::domain::Clock;
use crate::workers::again::{Again, unless_stopped};
use crate::workers::http_call::{self, Body};
use crate::workers::secret::Secret;
use crate::workers::{Availability, Context, Failure, RunResult};

/// The largest answer.
const MAX_ANSWER: usize = 64 * 1024 * 1024;
/// The first pause before a call is made again. Its database is locked for moments only.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const HELLO: &str =
    "query Hello { version { version } stats { scene_count tag_count studio_count performer_count } }";

/// A Stash server.
pub struct Stash {
    config: StashConfig,
    clock: Clock,
    client: OnceLock<Result<Client, String>>,
}

#[derive(Deserialize)]
struct Answer<T> {
    data: Option<T>,
    #[serde(default)]
    errors: Vec<Complaint>,
}

impl Stash {
    /// Puts one together.
    #[must_use]
    pub const fn new(config: StashConfig, clock: Clock) -> Self {
        Self { config, clock, client: OnceLock::new() }
    }

    /// What is configured of it.
    #[must_use]
    pub const fn config(&self) -> &StashConfig {
        &self.config
    }

    /// Tells the time.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The name of the library that it serves.
    #[must_use]
    pub fn source(&self) -> String {
        self.config.url.as_ref().map(http_call::shown).unwrap_or_default()
    }

    /// Whether it can be asked.
    #[must_use]
    pub fn availability(&self) -> Availability {
        let usable = self.endpoint().and_then(|_| self.key().map(drop));
        usable.map_or_else(Availability::Unavailable, |()| Availability::Available)
    }

    /// Says hello; returns its version.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn hello(&self, ctx: &Context) -> RunResult<String> {
        let answer: Value = self.ask(ctx, HELLO, &json!({})).await?;
        Ok(answer["version"]["version"].as_str().unwrap_or("unknown").to_owned())
    }

    /// Reads a scene as it is now.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn scene(&self, ctx: &Context, id: i64) -> RunResult<Option<Scene>> {
        let found = self.find_scene(ctx, id).await?;
        found.map(|scene| serde_json::from_value(scene).map_err(strange)).transpose()
    }

    /// Changes a scene. Made again only where it is certain that it was not made, or does no harm.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn update_scene(&self, ctx: &Context, update: &SceneUpdate) -> RunResult<()> {
        self.ask::<Value>(ctx, scene::UPDATE, &json!({"input": update})).await.map(drop)
    }

    /// Makes a call, and makes it again where that may help, up to `stash.max_retries` times.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        ctx: &Context,
        query: &str,
        variables: &Value,
    ) -> RunResult<T> {
        let mut again = Again::new(self.config.max_retries, FIRST_PAUSE, self.clock.clone());
        let body = json!({"query": query, "variables": variables});
        loop {
            match unless_stopped(ctx, self.ask_once(&body)).await {
                Err(failure) => again.pause(ctx, failure).await?,
                answer => return answer,
            }
        }
    }

    async fn ask_once<T: DeserializeOwned>(&self, body: &Value) -> RunResult<T> {
        let key = self.key().map_err(Failure::Fatal)?;
        let asked = tokio::time::timeout(self.config.timeout, self.exchange(body, &key));
        let answer = asked.await.unwrap_or_else(|_| {
            let limit = self.config.timeout.as_secs_f64();
            Err(Failure::retry(format_args!(
                "the library did not answer within {limit} s (stash.timeout_secs)"
            )))
        });
        answer.map_err(|failure| key.hidden(failure))
    }

    async fn exchange<T: DeserializeOwned>(&self, body: &Value, key: &Secret) -> RunResult<T> {
        let url = self.endpoint().map_err(Failure::Fatal)?;
        let client = self.client.get_or_init(|| http_call::client(&url)).as_ref();
        let mut request = client.map_err(Failure::fatal)?.post(url.clone()).json(body);
        if let Some(key) = key.header("")? {
            request = request.header("ApiKey", key);
        }
        let broken =
            |e| Failure::retry(format_args!("POST {}: {}", http_call::shown(&url), http_call::why(e)));
        let response = request.send().await.map_err(broken)?;
        let (status, after) =
            (response.status(), http_call::retry_after(response.headers(), self.clock.now()));
        let text = text(response).await?;
        if status != StatusCode::OK {
            return Err(refusal(status, after, &text));
        }
        let answer: Answer<T> = serde_json::from_str(&text).map_err(|_| {
            Failure::retry(format_args!("the library's answer makes no sense{}", http_call::quoted(&text)))
        })?;
        match answer {
            Answer { errors, .. } if !errors.is_empty() => Err(complaint(&errors)),
            Answer { data: Some(data), .. } => Ok(data),
            Answer { data: None, .. } => Err(Failure::retry("the library's answer is empty")),
        }
    }

    fn endpoint(&self) -> Result<Url, String> {
        let mut url = self.config.url.clone().ok_or("no media library is configured; set stash.url")?;
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("graphql");
        }
        Ok(url)
    }

    fn key(&self) -> Result<Secret, String> {
        Secret::read("stash", self.config.api_key_env.as_deref(), self.config.api_key_file.as_deref())
    }
}

async fn text(response: Response) -> RunResult<String> {
    let body = Body::read(response, MAX_ANSWER).await;
    let body =
        body.map_err(|e| Failure::retry(format_args!("the answer broke off: {}", http_call::why(e))))?;
    if body.cut {
        return Err(Failure::fatal("the answer is longer than 64 MiB; set stash.page_size lower"));
    }
    Ok(body.text())
}

/// What to say about an answer that is not as the schema says.
pub(super) fn strange(e: serde_json::Error) -> Failure {
    Failure::fatal(format_args!("the library's answer is not as expected: {e}"))
}
