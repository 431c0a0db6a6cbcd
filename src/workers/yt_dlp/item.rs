//! The items of a download, as its result names them.

use serde::Serialize;

use crate::workers::tools::Trouble;

/// An item whose file is there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DownloadedItem {
    /// The site's id of it.
    pub id: String,
    /// Its title.
    pub title: Option<String>,
    /// Its page.
    pub url: Option<String>,
    /// Its file, relative to the folder of downloads.
    pub file: String,
    /// The size of the file.
    pub bytes: u64,
    /// In seconds.
    pub duration: Option<f64>,
}

/// An item that could not be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailedItem {
    /// The site's id of it, if it was named.
    pub id: Option<String>,
    /// What went wrong.
    #[serde(flatten)]
    pub trouble: Trouble,
}
