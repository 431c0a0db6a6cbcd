//! The configuration as text for `callboard check`.

mod schedules;
mod services;

use std::fmt::Display;
use std::time::Duration;

use bytesize::ByteSize;
use toml::Value;

use super::section::key_text;
use super::{
    CommandConfig, Config, Defaults, JobTypeConfig, Origins, Retention, RunConfig, Token, UrlConfig, cleanup,
    downloads, kinds, rclone, tools, transcribe,
};
use crate::domain::{Backoff, Fairness, RateLimit};

/// What stands in the place of a secret.
const MASK: &str = "***";

pub(super) fn describe(config: &Config, origins: &Origins) -> String {
    let mut page = Page { origins, table: String::new(), text: String::new() };
    page.top_level(config);
    page.retry("retry", &config.retry, "default");
    page.defaults(&config.defaults, &config.secrets.fields);
    page.table("postgres");
    page.line("schema", config.postgres_schema.as_str());
    page.tls(config.tls.as_ref());
    page.table("logs");
    page.line("max_bytes_per_stream", size(config.logs_max_bytes_per_stream));
    page.retention(&config.retention);
    page.services(config);
    tools::describe(&mut page, &config.tools);
    downloads::describe(&mut page, &config.downloads, &config.yt_dlp);
    transcribe::describe(&mut page, &config.transcribe);
    rclone::describe(&mut page, &config.rclone);
    cleanup::describe(&mut page, &config.cleanup);
    page.table("auth");
    page.line("session_idle_secs", secs(config.sessions.idle));
    page.line("session_max_secs", secs(config.sessions.max));
    for (i, token) in config.auth_tokens.iter().enumerate() {
        page.token(i, token);
    }
    for (name, job_type) in &config.job_types {
        page.job_type(name, job_type);
    }
    for (name, schedule) in &config.schedules {
        page.schedule(name, schedule);
    }
    page.text
}

/// The text so far, and the table that it is in.
pub(super) struct Page<'a> {
    origins: &'a Origins,
    table: String,
    text: String,
}

impl Page<'_> {
    pub fn line(&mut self, key: &str, value: impl Into<Value>) {
        self.line_or(key, value, "default");
    }

    /// A line of which `otherwise` tells where the value came from if no source gave it.
    fn line_or(&mut self, key: &str, value: impl Into<Value>, otherwise: &str) {
        let path = if self.table.is_empty() { key.to_owned() } else { format!("{}.{key}", self.table) };
        let value = one_line(&value.into());
        let origin = printable(self.origins.given(&path).unwrap_or(otherwise));
        self.push(format_args!("{key} = {value}  # {origin}"));
    }

    pub fn optional(&mut self, key: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.line(key, value);
        }
    }

    pub fn table(&mut self, path: &str) {
        self.table = path.to_owned();
        self.push(format_args!("\n[{path}]"));
    }

    fn push(&mut self, line: impl Display) {
        self.text.push_str(&line.to_string());
        self.text.push('\n');
    }

    fn top_level(&mut self, config: &Config) {
        self.line("data_dir", config.data_dir.display().to_string());
        match &config.database_url {
            Some(url) => self.line("database_url", url.to_string()),
            None => self.push(format_args!(
                "# database_url: {}",
                printable(&config.database_path().display().to_string())
            )),
        }
        self.line("bind", config.bind.as_str());
        self.line("base_path", config.base_path.as_str());
        self.line("insecure", config.insecure);
        match &config.faktory_bind {
            Some(bind) => self.line("faktory_bind", bind.as_str()),
            None => self.push(format_args!("# faktory_bind: off")),
        }
        if config.faktory_password.is_some() {
            self.line("faktory_password", MASK);
        }
        if !config.secrets.keys.is_empty() {
            self.line("secret_key", MASK);
        }
        self.line("accept_unknown_job_types", config.accept_unknown_job_types);
        self.line("log", config.log.as_str());
        self.line("log_format", config.log_format.as_str());
        self.line("shutdown_grace_secs", secs(config.shutdown_grace));
        self.line("heartbeat_secs", secs(config.heartbeat));
        self.line("node_timeout_secs", secs(config.node_timeout));
        self.line("kill_after_secs", secs(config.kill_after));
    }

    fn retry(&mut self, path: &str, retry: &Backoff, otherwise: &str) {
        self.table(path);
        self.line_or("base_delay_secs", number(retry.base_delay_secs), otherwise);
        self.line_or("multiplier", number(retry.multiplier), otherwise);
        self.line_or("max_delay_secs", number(retry.max_delay_secs), otherwise);
        self.line_or("jitter", number(retry.jitter), otherwise);
    }

    fn defaults(&mut self, defaults: &Defaults, secrets: &[String]) {
        self.table("defaults");
        self.line("concurrency", i64::from(defaults.concurrency));
        self.line("max_crashes", i64::from(defaults.max_crashes));
        self.line("max_retries", i64::from(defaults.max_retries));
        self.line("timeout_secs", timeout(defaults.timeout_secs));
        self.line("aging_secs", timeout(defaults.aging.map(|span| span.as_secs_f64())));
        self.line("max_result_bytes", size(defaults.max_result_bytes));
        self.line("secrets", secrets.to_vec());
    }

    fn retention(&mut self, retention: &Retention) {
        self.table("retention");
        self.line("completed_days", days(retention.completed));
        self.line("cancelled_days", days(retention.cancelled));
        self.line("failed_days", days(retention.failed));
        self.line("audit_days", days(retention.audit));
    }

    fn token(&mut self, i: usize, token: &Token) {
        self.push("\n[[auth.tokens]]");
        self.table = format!("auth.tokens[{i}]");
        self.line("name", token.name.as_str());
        self.line("role", token.role.as_str());
        self.line("token_sha256", MASK);
        if let Some(rate) = token.rate_limit {
            self.push("[auth.tokens.rate_limit]");
            self.table = format!("auth.tokens[{i}].rate_limit");
            self.line("limit", i64::from(rate.limit));
            self.line("per_secs", secs(rate.per));
        }
    }

    fn job_type(&mut self, name: &str, job_type: &JobTypeConfig) {
        let path = format!("job_types.{}", key_text(name));
        self.table(&path);
        self.optional("description", job_type.description.as_deref());
        self.line("enabled", job_type.enabled);
        self.optional("concurrency", job_type.concurrency.map(i64::from));
        self.optional("timeout_secs", job_type.timeout_secs.map(timeout));
        self.optional("max_retries", job_type.max_retries.map(i64::from));
        match &job_type.run {
            Some(RunConfig::Command(command)) => self.command(command),
            Some(RunConfig::Url(url)) => self.url(url),
            None => {}
        }
        self.optional("global_concurrency", job_type.global_concurrency.map(i64::from));
        if let Some(per_key) = &job_type.per_key {
            self.line("concurrency_key", per_key.key.to_string());
            self.line("concurrency_per_key", i64::from(per_key.limit));
        }
        if let Some(retry) = &job_type.retry {
            self.retry(&format!("{path}.retry"), retry, "[retry]");
        }
        if let Some(limit) = &job_type.rate_limit {
            self.rate_limit(&format!("{path}.rate_limit"), limit);
        }
        if let Some(fairness) = &job_type.fairness {
            self.fairness(&format!("{path}.fairness"), fairness);
        }
    }

    fn command(&mut self, command: &CommandConfig) {
        self.line("command", command.argv.clone());
        self.optional("cwd", command.cwd.as_ref().map(|cwd| cwd.display().to_string()));
        self.line("env", command.env.clone());
        self.optional("progress", command.progress.map(|format| format.as_str()));
    }

    fn url(&mut self, url: &UrlConfig) {
        self.line("url", without_secrets(&url.url));
        self.optional("secret_env", url.secret_env.as_deref());
    }

    fn fairness(&mut self, path: &str, fairness: &Fairness) {
        self.table(path);
        self.line("key", fairness.key.to_string());
        if !fairness.weights.is_empty() {
            self.table(&format!("{path}.weights"));
            for (value, weight) in &fairness.weights {
                self.line(value, number(*weight));
            }
        }
    }

    fn rate_limit(&mut self, path: &str, limit: &RateLimit) {
        self.table(path);
        self.line("limit", i64::from(limit.limit));
        self.line("per_secs", number(limit.per_secs));
        self.optional("key", limit.key.as_ref().map(ToString::to_string));
    }
}

/// A URL without its password and the values of its parameters, which often are keys.
fn without_secrets(url: &url::Url) -> String {
    let mut shown = url.clone();
    if url.password().is_some() && shown.set_password(Some(MASK)).is_err() {
        return MASK.to_owned();
    }
    if url.query().is_some() {
        shown.set_query(Some(MASK));
    }
    shown.into()
}

/// A value as TOML that stays on its line, so that the origin can follow.
fn one_line(value: &Value) -> String {
    match value {
        // JSON writes texts as TOML does, but for DEL.
        Value::String(text) if text.contains('\n') => {
            serde_json::Value::from(text.as_str()).to_string().replace('\u{7F}', "\\u007F")
        }
        other => other.to_string(),
    }
}

/// Whole numbers without the `.0`.
pub(super) fn number(number: f64) -> Value {
    let whole = number.fract() == 0.0 && number.abs() < 1e15;
    #[expect(clippy::cast_possible_truncation, reason = "whole and small, as checked")]
    if whole { Value::Integer(number as i64) } else { Value::Float(number) }
}

fn secs(span: Duration) -> Value {
    number(span.as_secs_f64())
}

fn days(span: Duration) -> Value {
    number(span.as_secs_f64() / kinds::DAY)
}

fn timeout(secs: Option<f64>) -> Value {
    secs.map_or_else(|| "none".into(), number)
}

/// As `10 MiB` where that is exact.
fn size(bytes: u64) -> Value {
    let text = ByteSize(bytes).display().iec().to_string().replace(".0 ", " ");
    match text.parse() {
        Ok(ByteSize(same)) if same == bytes => text.into(),
        _ => i64::try_from(bytes).map_or_else(|_| text.into(), Value::Integer),
    }
}

fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
}
