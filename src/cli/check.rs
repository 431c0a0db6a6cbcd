//! `callboard check`

use std::io;

use super::configured::{self, ConfigArgs};
use super::failure::Failure;
use super::output::Output;

/// Check the configuration, and print what is in force and where it comes from
#[derive(Debug, clap::Args)]
pub(super) struct Check {
    #[command(flatten)]
    config: ConfigArgs,
}

impl Check {
    pub(super) fn run(self, json: bool) -> Result<(), Failure> {
        let (config, origins) = self.config.load()?;
        if let Some(warning) = configured::tls(&config)?.and_then(|tls| tls.warning()) {
            eprintln!("warning: {warning}");
        }
        crate::runtime::check_workers(&config).map_err(Failure::Workers)?;
        let mut out = Output::new(json);
        let described = config.describe(&origins);
        match json {
            false => out.text(described.trim_end())?,
            // It is a configuration file itself.
            true => out.value(&toml::from_str::<serde_json::Value>(&described).map_err(io::Error::other)?)?,
        }
        Ok(out.flush()?)
    }
}
