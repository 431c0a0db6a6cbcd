//! What rclone says about its work: JSON lines on standard error.

use serde::Deserialize;

use crate::logs::Stream;
use crate::workers::Context;
use crate::workers::tools::{Keep, Lines};

/// The numbers of a transfer.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Stats {
    pub bytes: u64,
    pub total_bytes: u64,
    pub transfers: u64,
    pub total_transfers: u64,
    pub checks: u64,
    pub deletes: u64,
    pub errors: u64,
}

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    level: String,
    #[serde(default)]
    msg: String,
    stats: Option<Stats>,
}

/// Reads them, and tells the progress.
pub(super) struct StatsReader<'a> {
    pub ctx: &'a Context,
    pub stats: Stats,
    /// The last error that it named.
    pub error: Option<String>,
    percent: f64,
}

impl<'a> StatsReader<'a> {
    pub fn new(ctx: &'a Context) -> Self {
        Self { ctx, stats: Stats::default(), error: None, percent: 0.0 }
    }
}

impl Lines for StatsReader<'_> {
    fn line(&mut self, stream: Stream, line: &str) -> Keep {
        if stream != Stream::Stderr {
            return Keep::Log;
        }
        let Ok(Line { level, msg, stats }) = serde_json::from_str(line) else { return Keep::Log };
        // Its level differs between versions.
        let Some(stats) = stats else {
            if matches!(level.as_str(), "error" | "critical" | "fatal") {
                self.error = Some(msg);
            }
            return Keep::Log;
        };
        #[allow(clippy::cast_precision_loss, reason = "a share")]
        if stats.total_bytes > 0 {
            // The total grows while rclone still looks; it never goes back.
            self.percent = self.percent.max(stats.bytes as f64 / stats.total_bytes as f64 * 99.0);
        }
        let total = (stats.total_transfers > 0).then_some(stats.total_transfers);
        self.ctx.progress_at(self.percent, stats.transfers, total, None);
        self.stats = stats;
        Keep::Progress
    }
}
