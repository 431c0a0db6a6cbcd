//! From sources to a [`Config`]: every key, and the checks that look at more than one.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use ::config::Value;

use super::database::{DatabaseUrl, Postgres};
use super::fault::ConfigError;
use super::file::{ConfigFile, FileValues};
use super::section::{Notes, Section};
use super::{
    Config, Defaults, LogFormat, Retention, Sources, auth, cleanup, downloads, job_types, kinds, llm, net,
    rclone, schedules, secrets, sources, stash, telemetry, texts, tls, tools, transcribe, web,
};

/// Where the values of a configuration came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(BTreeMap<String, String>);

impl Origins {
    /// Where the value of a key came from: a file with its line, an environment variable, a flag,
    /// or `default`.
    #[must_use]
    pub fn of(&self, key: &str) -> &str {
        self.given(key).unwrap_or("default")
    }

    /// The same, but `None` for a default.
    pub(super) fn given(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }
}

/// The words for the two kinds of log.
const LOG_FORMATS: [(&str, LogFormat); 2] =
    [(LogFormat::Text.as_str(), LogFormat::Text), (LogFormat::Json.as_str(), LogFormat::Json)];

pub(super) fn read(file: Option<ConfigFile>, sources: &Sources) -> Result<(Config, Origins), ConfigError> {
    let mut notes = Notes::new(file.as_ref().map(|file| file.name.clone()));
    let mut values = ::config::Map::new();
    if let Some(file) = file {
        let FileValues { values: of_file, faults } = file.values()?;
        values = of_file;
        notes.faults = faults;
    }
    let merged = sources::merge(values, sources, &mut notes.faults)
        .map_err(|e| ConfigError::of_file("configuration", e.to_string()))?;
    let config = Section::read("", merged, &mut notes, top_level);
    notes.refuse_unknown_keys();
    match notes.faults.is_empty() {
        true => Ok((config, Origins(notes.origins))),
        false => Err(ConfigError { faults: notes.faults }),
    }
}

fn top_level(top: &mut Section<'_>) -> Config {
    let mut config = Config::default();
    top.set("data_dir", &mut config.data_dir, kinds::path);
    top.set("database_url", &mut config.database_url, |value| {
        DatabaseUrl::parse(kinds::text(value)?).map(Some)
    });
    top.section("postgres", |postgres| {
        postgres.set("schema", &mut config.postgres_schema, postgres_schema);
    });
    top.set("bind", &mut config.bind, address);
    top.set("base_path", &mut config.base_path, web::base_path);
    config.tls = top.section("tls", tls::tls);
    top.set("insecure", &mut config.insecure, kinds::boolean);
    top.set("faktory_bind", &mut config.faktory_bind, |value| address(value).map(Some));
    top.set("faktory_password", &mut config.faktory_password, |value| password(value).map(Some));
    top.set("accept_unknown_job_types", &mut config.accept_unknown_job_types, kinds::boolean);
    top.set("log", &mut config.log, log_filter);
    top.set("log_format", &mut config.log_format, kinds::one_of(&LOG_FORMATS));
    spans(top, &mut config);
    config.retry = top.section("retry", |section| job_types::backoff(section, config.retry));
    (config.defaults, config.secrets.fields) =
        top.section("defaults", |section| (defaults(section), secrets::fields(section)));
    config.secrets.keys = secrets::keys(top);
    top.section("logs", |logs| {
        logs.set("max_bytes_per_stream", &mut config.logs_max_bytes_per_stream, kinds::bytes);
    });
    config.retention = top.section("retention", retention);
    config.telemetry = top.section("telemetry", telemetry::telemetry);
    config.net = top.section("net", net::net);
    config.texts = top.section("texts", texts::texts);
    config.llm = top.section("llm", llm::llm);
    config.stash = top.section("stash", stash::stash);
    config.prompts = top.section("prompts", llm::prompts);
    config.tools = top.section("tools", tools::tools);
    config.downloads = top.section("downloads", downloads::downloads);
    config.yt_dlp = top.section("yt_dlp", downloads::yt_dlp);
    config.transcribe = top.section("transcribe", transcribe::transcribe);
    config.rclone = top.section("rclone", rclone::rclone);
    config.cleanup = top.section("cleanup", cleanup::cleanup);
    config.job_types = top.section("job_types", |section| job_types::job_types(section, config.retry));
    config.schedules = top.section("schedules", |section| schedules::schedules(section, config.retry));
    secrets::check(top, &config.secrets, &config.job_types);
    let (tokens, sessions) = top.section("auth", auth::auth);
    config.sessions = sessions;
    check_reach(top, &config, !tokens.is_empty());
    check_proxies(top, &config, !tokens.is_empty());
    check_faktory_reach(top, &config);
    config.auth_tokens = tokens.into_iter().flatten().collect();
    config
}

fn spans(top: &mut Section<'_>, config: &mut Config) {
    top.set("shutdown_grace_secs", &mut config.shutdown_grace, kinds::secs(0.0, 86_400.0));
    top.set("heartbeat_secs", &mut config.heartbeat, kinds::secs(0.01, 3600.0));
    top.set("node_timeout_secs", &mut config.node_timeout, kinds::secs(0.01, 86_400.0));
    top.set("kill_after_secs", &mut config.kill_after, kinds::secs(0.0, 3600.0));
    if config.node_timeout <= config.heartbeat {
        let (timeout, heartbeat) = (config.node_timeout.as_secs_f64(), config.heartbeat.as_secs_f64());
        let message = format!("must be more than heartbeat_secs ({heartbeat}), got {timeout}");
        top.fault("node_timeout_secs", message);
    }
}

fn defaults(section: &mut Section<'_>) -> Defaults {
    let mut read = Defaults::default();
    section.set("concurrency", &mut read.concurrency, kinds::whole(1, job_types::MAX_CONCURRENCY));
    section.set("aging_secs", &mut read.aging, kinds::aging);
    section.set("max_crashes", &mut read.max_crashes, kinds::whole(1, 1000));
    section.set("max_retries", &mut read.max_retries, kinds::max_retries);
    section.set("timeout_secs", &mut read.timeout_secs, kinds::timeout);
    section.set("max_result_bytes", &mut read.max_result_bytes, result_size);
    read
}

/// Results are rows of the database, and read whole.
fn result_size(value: &Value) -> Result<u64, String> {
    let bytes = kinds::bytes(value)?;
    let most = 16 * bytesize::MIB;
    if bytes <= most { Ok(bytes) } else { Err(kinds::wrong("at most 16 MiB", value)) }
}

fn retention(section: &mut Section<'_>) -> Retention {
    let mut read = Retention::default();
    section.set("completed_days", &mut read.completed, kinds::days);
    section.set("cancelled_days", &mut read.cancelled, kinds::days);
    section.set("failed_days", &mut read.failed, kinds::days);
    section.set("audit_days", &mut read.audit, kinds::days);
    read
}

fn postgres_schema(value: &Value) -> Result<String, String> {
    let name = kinds::text(value)?;
    match Postgres::check_schema(&name) {
        Ok(()) => Ok(name),
        Err(what) => Err(kinds::wrong(what, value)),
    }
}

fn address(value: &Value) -> Result<String, String> {
    let bind = kinds::text(value)?;
    match reach(&bind) {
        Some(_) => Ok(bind),
        None => Err(kinds::wrong(
            "an address and a port such as 127.0.0.1:8080, [::1]:8080 or localhost:8080",
            value,
        )),
    }
}

/// Clients write it into URLs, and not all of them escape what has a meaning there.
fn password(value: &Value) -> Result<String, String> {
    let password = kinds::text(value)?;
    if password.is_empty() {
        Err("must not be empty; leave it out if there is none".into())
    } else {
        Ok(password)
    }
}

/// Who can connect to an address.
#[derive(Clone, Copy, PartialEq)]
enum Reach {
    ThisMachine,
    OtherMachines,
}

fn reach(bind: &str) -> Option<Reach> {
    if let Some(port) = bind.strip_prefix("localhost:") {
        let digits = port.bytes().all(|c| c.is_ascii_digit());
        return port.parse::<u16>().ok().filter(|_| digits).map(|_| Reach::ThisMachine);
    }
    let address: SocketAddr = bind.parse().ok()?;
    Some(if address.ip().to_canonical().is_loopback() { Reach::ThisMachine } else { Reach::OtherMachines })
}

fn check_reach(top: &mut Section<'_>, config: &Config, any_token: bool) {
    let open = reach(&config.bind) == Some(Reach::OtherMachines);
    if open && !any_token && !config.insecure {
        let bind = &config.bind;
        top.fault(
            "bind",
            format!(
                "{bind} lets other machines in, and there is no token: add one under [[auth.tokens]], or say \
                 insecure = true (--insecure) if everybody who can reach it may do everything"
            ),
        );
    }
}

/// Behind a proxy other machines come in, wherever the server itself listens.
fn check_proxies(top: &mut Section<'_>, config: &Config, any_token: bool) {
    if !config.net.trusted_proxies.is_empty() && !any_token && !config.insecure {
        top.fault(
            "net.trusted_proxies",
            "lets other machines in through a proxy, and there is no token: add one under [[auth.tokens]], or say \
             insecure = true (--insecure) if everybody who can reach the proxy may do everything",
        );
    }
}

/// The same of the Faktory side, where a password takes the place of a token.
fn check_faktory_reach(top: &mut Section<'_>, config: &Config) {
    let Some(bind) = &config.faktory_bind else { return };
    let open = reach(bind) == Some(Reach::OtherMachines);
    if open && config.faktory_password.is_none() && !config.insecure {
        top.fault(
            "faktory_bind",
            format!(
                "{bind} lets other machines in, and there is no password: set faktory_password, or say \
                 insecure = true (--insecure) if everybody who can reach it may do everything"
            ),
        );
    }
}

/// `level`, `target` and `target=level`, with commas between and perhaps `/text` at the end.
fn log_filter(value: &Value) -> Result<String, String> {
    let filter = kinds::text(value)?;
    let directives = filter.split_once('/').map_or(filter.as_str(), |(directives, _)| directives);
    for directive in directives.split(',').map(str::trim) {
        if let Some((target, level)) = directive.split_once('=')
            && (target.is_empty() || level.trim().parse::<log::LevelFilter>().is_err())
        {
            let right = "a filter such as \"info\" or \"warn,callboard=debug\" \
                         (levels: off, error, warn, info, debug, trace)";
            return Err(kinds::wrong(right, value));
        }
    }
    Ok(filter)
}
