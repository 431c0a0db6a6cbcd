//! `callboard check`

use std::io::Write;

use super::configured::ConfigArgs;
use super::failure::Failure;

/// Check the configuration, and print what is in force and where it comes from
#[derive(Debug, clap::Args)]
pub(super) struct Check {
    #[command(flatten)]
    config: ConfigArgs,
}

impl Check {
    pub(super) fn run(self) -> Result<(), Failure> {
        let (config, origins) = self.config.load()?;
        crate::runtime::check_workers(&config).map_err(Failure::Workers)?;
        let mut out = std::io::stdout();
        out.write_all(config.describe(&origins).as_bytes())?;
        Ok(out.flush()?)
    }
}
