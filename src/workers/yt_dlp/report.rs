//! The result of a download.

use serde::Serialize;

use super::item::{DownloadedItem, FailedItem};

/// The most items that are named: a result has a largest size.
pub(super) const MAX_NAMED: usize = 1000;

/// What a download brought.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DownloadReport {
    /// `complete`, or `partial` when items failed.
    pub status: &'static str,
    /// Where the files are, relative to the folder of downloads.
    pub folder: String,
    /// What was downloaded, up to a thousand items.
    pub items: Vec<DownloadedItem>,
    /// How many that were.
    pub downloaded: u64,
    /// How many items were there from earlier runs.
    pub already_there: u64,
    /// What failed, up to a thousand items.
    pub failed: Vec<FailedItem>,
}
