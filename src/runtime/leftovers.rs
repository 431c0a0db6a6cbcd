//! Programs that a killed server left behind.

use super::options::Options;
use crate::error::Error;
use crate::workers::subprocess::{self, Instance};

/// Ends them and waits until they are gone, before any of their jobs can be claimed again.
///
/// # Errors
/// When they cannot be looked for, or do not end.
pub async fn end(instance: &Instance, options: &Options) -> Result<(), Error> {
    let (instance, work) = (instance.clone(), options.work_dir());
    let kill_after = options.kill_after;
    let ended = tokio::task::spawn_blocking(move || subprocess::end_leftovers(&instance, &work, kill_after));
    match ended.await {
        Ok(Ok(0)) => Ok(()),
        Ok(Ok(n)) => {
            log::warn!("{n} programs were left over from a server that was killed; they are ended");
            Ok(())
        }
        Ok(Err(e)) => {
            Err(Error::Unavailable(format!("programs of a server that was killed cannot be ended: {e}")))
        }
        Err(e) => Err(Error::Unavailable(format!("looking for programs of a killed server failed: {e}"))),
    }
}
