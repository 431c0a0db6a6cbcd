//! The job that is measured: about 200 bytes of args.

use std::time::{SystemTime, UNIX_EPOCH};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::NewJob;
use crate::error::Error;

/// The job type.
pub(super) const JOB_TYPE: &str = "bench";

const PAD: &str = "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz\
    0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789ab";

/// Its args.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Payload {
    /// When it was made, in nanoseconds since the epoch.
    pub t: u64,
    /// Its number.
    pub i: u64,
    pad: String,
}

/// The job with number `i`, made now.
pub(super) fn job(i: u64) -> Result<NewJob, Error> {
    let payload = Payload { t: now_ns(), i, pad: PAD.to_owned() };
    NewJob::new(JOB_TYPE).args(&payload).map_err(|e| Error::invalid("args", e.to_string()))
}

/// The wall clock: comparable between the processes of a machine.
pub(super) fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
