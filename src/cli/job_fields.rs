//! Options for the fields that every job has, enqueued or scheduled.

use serde::Serialize;

use crate::domain::Json;

use super::values::{self, Limit};

/// The fields of a job as the API takes them; what is left out takes the server's defaults.
#[derive(Debug, clap::Args, Serialize)]
pub(super) struct JobFields {
    /// Arguments, a JSON object or array
    #[arg(long, value_name = "JSON", value_parser = values::json)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) args: Option<Json>,
    /// Queue
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<String>,
    /// 1 (first) to 10
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=10))]
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<u8>,
    /// What the job works on; unless --unique says otherwise, no two such jobs are open at once
    #[arg(long, value_name = "TARGET")]
    #[serde(skip_serializing_if = "Option::is_none")]
    target_id: Option<String>,
    /// How many failures are followed by another try
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    max_retries: Option<u32>,
    /// How long one attempt may take, in seconds, or none
    #[arg(long, value_name = "SECS|none")]
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_secs: Option<Limit>,
    /// Tag; may be given several times
    #[arg(long = "tag", value_name = "TAG")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    /// Which other jobs count as the same: true, false or a rule such as {"by":["args.x"]}
    #[arg(long, value_name = "JSON", value_parser = values::json)]
    #[serde(skip_serializing_if = "Option::is_none")]
    unique: Option<Json>,
    /// Delays between tries, such as {"base_delay_secs":5,"multiplier":3}
    #[arg(long, value_name = "JSON", value_parser = values::json)]
    #[serde(skip_serializing_if = "Option::is_none")]
    backoff: Option<Json>,
    /// Anything of your own, a JSON object
    #[arg(long, value_name = "JSON", value_parser = values::json)]
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Json>,
}
