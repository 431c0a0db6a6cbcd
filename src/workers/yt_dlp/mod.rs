//! yt-dlp: its options, what it prints, and what its errors mean.

mod archive;
mod command;
mod download;
mod error_text;
mod fetch;
mod item;
mod listing;
mod report;
pub mod template;
mod watcher;

pub use command::YtDlp;
pub use download::{Download, Selection};
pub use error_text::classify;
pub use item::{DownloadedItem, FailedItem};
pub use listing::{ListedEntry, Listing};
pub use report::DownloadReport;
