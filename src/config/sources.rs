//! Where a configuration comes from: defaults, file, environment, flags; each wins over the one
//! before.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ::config::{ConfigError as MergeError, Map, Source, Value, ValueKind};

use super::fault::Fault;

/// What a configuration is made from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file that `--config` names. Without it, `CALLBOARD_CONFIG` names one; without that,
    /// `callboard.toml` in the working directory is read if it is there.
    pub file: Option<PathBuf>,
    /// The environment. Only the variables that the documentation names are looked at; empty ones
    /// count as not set.
    pub env: BTreeMap<String, String>,
    /// What the command line says.
    pub flags: Flags,
}

impl Sources {
    /// The environment of this process, with a file and flags.
    #[must_use]
    pub fn of_process(file: Option<PathBuf>, flags: Flags) -> Self {
        let text = |s: std::ffi::OsString| s.to_string_lossy().into_owned();
        let env = std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect();
        Self { file, env, flags }
    }

    /// The file that was named, if one was.
    pub(super) fn named_file(&self) -> Option<PathBuf> {
        let from_env = || self.variable("CALLBOARD_CONFIG").map(PathBuf::from);
        self.file.clone().or_else(from_env)
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The variables that are set, by key path.
    fn variables(&self, faults: &mut Vec<Fault>) -> Layer {
        let mut layer = Map::new();
        for (name, key, form) in VARIABLES {
            let Some(text) = self.variable(name) else { continue };
            if text.contains(char::REPLACEMENT_CHARACTER) {
                let (key, source) = (key.to_owned(), name.to_owned());
                faults.push(Fault { key, source, message: "is not valid UTF-8".into() });
            }
            layer.insert(key.to_owned(), Value::new(Some(&name.to_owned()), form.value(text)));
        }
        Layer(layer)
    }
}

/// The part of the configuration that the command line can set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--data-dir`
    pub data_dir: Option<String>,
    /// `--database-url`
    pub database_url: Option<String>,
    /// `--bind`
    pub bind: Option<String>,
    /// `--base-path`
    pub base_path: Option<String>,
    /// `--insecure`
    pub insecure: Option<bool>,
    /// `--accept-unknown-job-types`
    pub accept_unknown_job_types: Option<bool>,
    /// `--log`
    pub log: Option<String>,
    /// `--log-format`
    pub log_format: Option<String>,
}

impl Flags {
    fn layer(&self) -> Layer {
        let text = |text: &Option<String>| text.clone().map(ValueKind::String);
        let flags = [
            ("data_dir", "--data-dir", text(&self.data_dir)),
            ("database_url", "--database-url", text(&self.database_url)),
            ("bind", "--bind", text(&self.bind)),
            ("base_path", "--base-path", text(&self.base_path)),
            ("insecure", "--insecure", self.insecure.map(ValueKind::Boolean)),
            (
                "accept_unknown_job_types",
                "--accept-unknown-job-types",
                self.accept_unknown_job_types.map(ValueKind::Boolean),
            ),
            ("log", "--log", text(&self.log)),
            ("log_format", "--log-format", text(&self.log_format)),
        ];
        let given = flags.into_iter().filter_map(|(key, flag, value)| {
            Some((key.to_owned(), Value::new(Some(&flag.to_owned()), value?)))
        });
        Layer(given.collect())
    }
}

/// How the text of a variable becomes a value.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Number,
    /// Minutes in the environment, seconds in the configuration.
    Minutes,
}

impl Form {
    /// Text that does not fit stays text, and is refused where the key is read.
    fn value(self, text: &str) -> ValueKind {
        let number = || text.parse().map_or_else(|_| text.into(), ValueKind::Float);
        match self {
            Self::Text => text.into(),
            Self::Number => text.parse().map_or_else(|_| number(), ValueKind::I64),
            Self::Minutes => match number() {
                ValueKind::Float(minutes) => ValueKind::Float(minutes * 60.0),
                other => other,
            },
        }
    }
}

/// Every variable with the key it sets; of two for one key the later wins. Others are left alone,
/// however similar: a container platform sets `CALLBOARD_PORT` and the like on its own account.
const VARIABLES: [(&str, &str, Form); 23] = [
    ("CALLBOARD_DATA_DIR", "data_dir", Form::Text),
    ("DATABASE_URL", "database_url", Form::Text),
    ("CALLBOARD_DATABASE_URL", "database_url", Form::Text),
    ("CALLBOARD_BIND", "bind", Form::Text),
    ("CALLBOARD_BASE_PATH", "base_path", Form::Text),
    ("CALLBOARD_FAKTORY_BIND", "faktory_bind", Form::Text),
    ("CALLBOARD_FAKTORY_PASSWORD", "faktory_password", Form::Text),
    ("CALLBOARD_SECRET_KEY", "secret_key", Form::Text),
    ("RUST_LOG", "log", Form::Text),
    ("CALLBOARD_SHUTDOWN_GRACE_SECS", "shutdown_grace_secs", Form::Number),
    ("CALLBOARD_HEARTBEAT_SECS", "heartbeat_secs", Form::Number),
    ("CALLBOARD_NODE_TIMEOUT_SECS", "node_timeout_secs", Form::Number),
    ("CALLBOARD_KILL_AFTER_SECS", "kill_after_secs", Form::Number),
    ("QUEUE_RETRY_BASE_DELAY", "retry.base_delay_secs", Form::Number),
    ("QUEUE_RETRY_MULTIPLIER", "retry.multiplier", Form::Number),
    ("QUEUE_RETRY_MAX_DELAY", "retry.max_delay_secs", Form::Number),
    ("QUEUE_RETRY_JITTER", "retry.jitter", Form::Number),
    ("QUEUE_MAX_RETRIES", "defaults.max_retries", Form::Number),
    ("QUEUE_JOB_TIMEOUT_MINUTES", "defaults.timeout_secs", Form::Minutes),
    ("QUEUE_CLEANUP_AFTER_DAYS", "retention.completed_days", Form::Number),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "telemetry.otlp_endpoint", Form::Text),
    ("OTEL_EXPORTER_OTLP_HEADERS", "telemetry.otlp_headers", Form::Text),
    ("OTEL_SERVICE_NAME", "telemetry.service_name", Form::Text),
];

/// Values by key path, for the merging.
#[derive(Clone, Debug)]
struct Layer(Map<String, Value>);

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, MergeError> {
        Ok(self.0.clone())
    }
}

/// Lays the environment and the flags over the values of the file.
pub(super) fn merge(
    file: Map<String, Value>,
    sources: &Sources,
    faults: &mut Vec<Fault>,
) -> Result<Value, MergeError> {
    let mut env = sources.variables(faults);
    // A file that says `retry = 5` is wrong; a variable for `retry.jitter` must not hide that.
    let is_table = |value: &Value| matches!(value.kind, ValueKind::Table(_));
    env.0.retain(|key, _| key.split_once('.').is_none_or(|(table, _)| file.get(table).is_none_or(is_table)));
    let layers = ::config::Config::builder().add_source(Layer(file)).add_source(env);
    Ok(layers.add_source(sources.flags.layer()).build()?.cache)
}
