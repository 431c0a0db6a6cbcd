//! What the commands that need the configuration have in common.

use std::path::PathBuf;

use super::failure::Failure;
use crate::config::{Config, ConfigError, Flags, Origins, Sources};
use crate::tls::Tls;

/// Where the configuration comes from. Flags win over the environment, that over the file.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Configuration")]
pub(super) struct ConfigArgs {
    /// Configuration file [default: callboard.toml, if it is there]
    #[arg(long, env = "CALLBOARD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder for the database and the logs [default: callboard-data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// postgres://…, or the SQLite file if it is not in the data folder
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Address to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<String>,
    /// Path that everything is beneath, such as /callboard behind a reverse proxy
    #[arg(long, value_name = "PATH")]
    base_path: Option<String>,
    /// Let other machines in without a token
    #[arg(long)]
    insecure: bool,
    /// What to log, such as info or callboard=debug
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
    /// How a line of the log looks: text or json
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
}

/// The certificate that the configuration names, if it names one.
pub(super) fn tls(config: &Config) -> Result<Option<Tls>, Failure> {
    let loaded = config.tls.as_ref().map(Tls::load).transpose();
    loaded.map_err(|faults| Failure::Configuration(ConfigError { faults }))
}

impl ConfigArgs {
    /// Reads and checks all of it.
    pub(super) fn load(self) -> Result<(Config, Origins), Failure> {
        let flags = Flags {
            data_dir: self.data_dir,
            database_url: self.database_url,
            bind: self.bind,
            base_path: self.base_path,
            insecure: self.insecure.then_some(true),
            log: self.log,
            log_format: self.log_format,
            ..Flags::default()
        };
        Config::load_with_origins(Sources::of_process(self.config, flags)).map_err(Failure::Configuration)
    }
}
