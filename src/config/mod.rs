//! What can be set, and where it is set: defaults, `callboard.toml`, the environment, flags; each
//! wins over the one before. The whole of it is checked at once, so that every fault is named in one
//! go.
//!
//! ```
//! use callboard::config::{Config, Flags, Sources};
//! let flags = Flags { data_dir: Some("/srv/jobs".into()), ..Flags::default() };
//! let config = Config::load(Sources { flags, ..Sources::default() }).unwrap();
//! assert_eq!(config.database_path(), std::path::Path::new("/srv/jobs/queue.db"));
//! ```

mod append;
mod auth;
mod cleanup;
mod database;
mod describe;
mod downloads;
mod fault;
mod file;
#[cfg(fuzzing)]
pub mod fuzzing;
mod job_types;
mod kinds;
mod llm;
mod net;
mod open_files;
mod rclone;
mod read;
mod schedules;
mod secrets;
mod section;
mod sources;
mod stash;
mod telemetry;
#[cfg(test)]
mod tests;
mod texts;
mod tls;
mod tools;
mod transcribe;
mod web;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use append::{AppendError, add_token};
pub use auth::{Role, Sessions, Token};
pub use cleanup::CleanupConfig;
pub use database::{Database, DatabaseUrl, Postgres};
pub use downloads::{DownloadsConfig, YtDlpConfig};
pub use fault::{ConfigError, Fault};
pub use job_types::{CommandConfig, JobTypeConfig, ProgressFormat, RunConfig, UrlConfig};
pub use llm::{LlmConfig, PromptConfig, TokenLimitField};
pub use net::NetConfig;
pub use open_files::{ask_for_open_files, connections, give_back_open_files, open_files};
pub use rclone::RcloneConfig;
pub use read::Origins;
pub use schedules::ScheduleConfig;
pub use secrets::SecretsConfig;
pub use sources::{Flags, Sources};
pub use stash::StashConfig;
pub use telemetry::TelemetryConfig;
pub use texts::TextsConfig;
pub use tls::TlsConfig;
pub use tools::ToolsConfig;
pub use transcribe::{ArgumentGroup, TranscribeConfig, TranscriptFormat};

use crate::domain::Backoff;

/// The configuration of a server.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Holds `queue.db` and `logs/`.
    pub data_dir: PathBuf,
    /// The SQLite file, if it is not in `data_dir` (a path, with or without `sqlite://` before it),
    /// or a PostgreSQL database.
    pub database_url: Option<DatabaseUrl>,
    /// Where in a PostgreSQL database the tables are.
    pub postgres_schema: String,
    /// Where the HTTP server listens: an address (or `localhost`) and a port.
    pub bind: String,
    /// The path beneath which the server has everything; empty: none.
    pub base_path: String,
    /// How it shows who it is; `None`: it speaks without TLS.
    pub tls: Option<TlsConfig>,
    /// Whether other machines may reach the server without a token.
    pub insecure: bool,
    /// Where programs that speak the Faktory Work Protocol connect, if they may.
    pub faktory_bind: Option<String>,
    /// What they have to know.
    pub faktory_password: Option<String>,
    /// Whether jobs are taken whose type no worker here has; they are anyway with `faktory_bind`.
    pub accept_unknown_job_types: bool,
    /// What is logged, as in `RUST_LOG`.
    pub log: String,
    /// How a line of the log looks.
    pub log_format: LogFormat,
    /// How long running attempts have to come to an end at shutdown.
    pub shutdown_grace: Duration,
    /// How often a node says that it is alive.
    pub heartbeat: Duration,
    /// After so long a silence a node counts as lost.
    pub node_timeout: Duration,
    /// How long a program has between being asked to end and being killed.
    pub kill_after: Duration,
    /// The delays between tries, unless the job type or the job says otherwise.
    pub retry: Backoff,
    /// What holds for job types that say nothing else.
    pub defaults: Defaults,
    /// Which args are secret, and the keys to seal them.
    pub secrets: SecretsConfig,
    /// The largest size of each log file of an attempt.
    pub logs_max_bytes_per_stream: u64,
    /// How long final jobs are kept.
    pub retention: Retention,
    /// Who may do what. Empty: everybody everything.
    pub auth_tokens: Vec<Token>,
    /// How long somebody stays signed in.
    pub sessions: Sessions,
    /// Where traces go.
    pub telemetry: TelemetryConfig,
    /// What the URLs of jobs may lead to, and which proxies are believed.
    pub net: NetConfig,
    /// Where texts are read and left.
    pub texts: TextsConfig,
    /// The chat endpoint that writes texts.
    pub llm: LlmConfig,
    /// What it is told, by name.
    pub prompts: BTreeMap<String, PromptConfig>,
    /// The media library.
    pub stash: StashConfig,
    /// The programs that the built-in workers drive.
    pub tools: ToolsConfig,
    /// Where downloads go.
    pub downloads: DownloadsConfig,
    /// How they are fetched.
    pub yt_dlp: YtDlpConfig,
    /// What turns speech into text.
    pub transcribe: TranscribeConfig,
    /// What may be copied where.
    pub rclone: RcloneConfig,
    /// What may be cleaned up.
    pub cleanup: CleanupConfig,
    /// What is said of single job types.
    pub job_types: BTreeMap<String, JobTypeConfig>,
    /// The schedules that stand in it.
    pub schedules: BTreeMap<String, ScheduleConfig>,
}

/// What holds for job types and jobs that say nothing else.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Defaults {
    /// How many attempts of a job type may run at once on a node.
    pub concurrency: u32,
    /// A job under which the process died so often in a row is given up.
    pub max_crashes: u32,
    /// How many failures are followed by another try.
    pub max_retries: u32,
    /// The longest one attempt may take; `None`: no limit.
    pub timeout_secs: Option<f64>,
    /// Each such span of waiting counts as one priority better; `None`: none does.
    pub aging: Option<Duration>,
    /// The largest result of a job that is kept, in bytes of JSON.
    pub max_result_bytes: u64,
}

/// How long final jobs and the audit log are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Completed ones.
    pub completed: Duration,
    /// Cancelled ones.
    pub cancelled: Duration,
    /// Failed ones: the dead-letter queue.
    pub failed: Duration,
    /// Entries of the audit log.
    pub audit: Duration,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object.
    Json,
}

impl LogFormat {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: "callboard-data".into(),
            database_url: None,
            postgres_schema: "public".into(),
            bind: "127.0.0.1:8080".into(),
            base_path: String::new(),
            tls: None,
            insecure: false,
            faktory_bind: None,
            faktory_password: None,
            accept_unknown_job_types: false,
            log: "info".into(),
            log_format: LogFormat::Text,
            shutdown_grace: Duration::from_secs(25),
            heartbeat: Duration::from_secs(5),
            node_timeout: Duration::from_secs(30),
            kill_after: Duration::from_secs(10),
            retry: Backoff::default(),
            defaults: Defaults::default(),
            secrets: SecretsConfig::default(),
            logs_max_bytes_per_stream: 10 * bytesize::MIB,
            retention: Retention::default(),
            auth_tokens: Vec::new(),
            sessions: Sessions::default(),
            telemetry: TelemetryConfig::default(),
            net: NetConfig::default(),
            texts: TextsConfig::default(),
            llm: LlmConfig::default(),
            prompts: BTreeMap::new(),
            stash: StashConfig::default(),
            tools: ToolsConfig::default(),
            downloads: DownloadsConfig::default(),
            yt_dlp: YtDlpConfig::default(),
            transcribe: TranscribeConfig::default(),
            rclone: RcloneConfig::default(),
            cleanup: CleanupConfig::default(),
            job_types: BTreeMap::new(),
            schedules: BTreeMap::new(),
        }
    }
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            concurrency: 10,
            max_crashes: 3,
            max_retries: 3,
            timeout_secs: Some(1800.0),
            aging: None,
            max_result_bytes: bytesize::MIB,
        }
    }
}

impl Default for Retention {
    fn default() -> Self {
        let days = |days: u64| Duration::from_secs(days * 24 * 60 * 60);
        Self { completed: days(7), cancelled: days(7), failed: days(30), audit: days(90) }
    }
}

impl Config {
    /// Puts the configuration together and checks it.
    ///
    /// # Errors
    /// With everything that is wrong. A file that cannot be read, or is not TOML, comes alone:
    /// nothing is known of the rest then.
    pub fn load(sources: Sources) -> Result<Self, ConfigError> {
        Self::load_with_origins(sources).map(|(config, _)| config)
    }

    /// As [`Self::load`]; tells also where each value came from.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_with_origins(sources: Sources) -> Result<(Self, Origins), ConfigError> {
        let file = file::ConfigFile::find(sources.named_file(), Path::new(""))?;
        read::read(file, &sources)
    }

    /// The configuration as TOML, each value with where it came from. Secrets are not shown.
    #[must_use]
    pub fn describe(&self, origins: &Origins) -> String {
        describe::describe(self, origins)
    }

    /// Where the queue is kept.
    #[must_use]
    pub fn database(&self) -> Database {
        match &self.database_url {
            None => Database::Sqlite(self.data_dir.join("queue.db")),
            Some(url) => match url.path() {
                Some(path) => Database::Sqlite(path),
                None => {
                    Database::Postgres(Postgres { url: url.clone(), schema: self.postgres_schema.clone() })
                }
            },
        }
    }

    /// The SQLite file; the one that would be in `data_dir` where PostgreSQL keeps the queue.
    #[must_use]
    pub fn database_path(&self) -> PathBuf {
        match self.database() {
            Database::Sqlite(path) => path,
            Database::Postgres(_) => self.data_dir.join("queue.db"),
        }
    }

    /// The folder of downloads.
    #[must_use]
    pub fn downloads_dir(&self) -> PathBuf {
        self.downloads.dir.clone().unwrap_or_else(|| self.data_dir.join("downloads"))
    }

    /// The folder of the log files.
    #[must_use]
    pub fn logs_dir(&self) -> PathBuf {
        self.data_dir.join("logs")
    }
}
