//! The workers that come with callboard and those that the configuration declares.

use super::options::Options;
use crate::config::Config;
use crate::domain::Clock;
use crate::error::Error;
use crate::workers::Registry;
use crate::workers::subprocess::Instance;

/// All of them.
///
/// # Errors
/// [`Error::Conflict`] when a declared job type has the name of a built-in one.
pub fn registry(
    config: &Config,
    options: &Options,
    instance: Instance,
    clock: &Clock,
) -> Result<Registry, Error> {
    let _ = (config, options, instance, clock);
    Ok(Registry::default())
}
