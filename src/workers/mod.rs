//! What a worker is, and the workers that come with callboard. A new one is a file in here and a
//! line in [`builtin`].

mod again;
pub mod analyze_scenes;
pub mod apply_plan;
pub mod channel_download;
pub mod chat;
pub mod cleanup;
pub mod command;
pub mod context;
mod download_args;
pub mod download_transcript;
pub mod failure;
pub mod ffmpeg;
pub mod generate_content;
mod http_call;
mod in_use;
mod job_document;
pub mod library;
pub mod lookup;
pub mod media;
pub mod metadata_extraction;
pub mod net;
pub mod noop;
pub mod outputs;
pub mod playlist_download;
pub mod process_channel;
pub mod prompt;
pub mod proxy;
pub mod quality_check;
pub mod rclone;
pub mod registry;
mod secret;
pub mod services;
pub mod signals;
mod signature;
pub mod sleep;
pub mod speech;
pub mod split;
pub mod stash;
mod steps;
pub mod subprocess;
pub mod sweep;
pub mod sync_all;
pub mod sync_storage;
pub mod text_files;
pub mod text_input;
pub mod tools;
pub mod transcribe_audio;
pub mod transcript;
pub mod transcript_files;
pub mod url;
pub mod worker;
pub mod yt_dlp;

pub use command::{CommandSpec, CommandWorker, ProgramHost};
pub use context::{Context, ParentResult, ProgressReporter};
pub use failure::{Failure, RunResult};
pub use library::LibraryStore;
pub use net::AddressRules;
pub use registry::Registry;
pub use services::Services;
pub use url::{UrlSpec, UrlWorker};
pub use worker::{AnyWorker, Availability, BlockingWorker, ToolInfo, Worker, WorkerInfo, blocking, typed};

/// The workers that need no configuration.
///
/// # Panics
/// Never: their names are valid and differ.
#[must_use]
#[expect(clippy::expect_used, reason = "their names are valid and differ")]
pub fn builtin() -> Registry {
    let mut registry = Registry::default();
    for worker in [typed(noop::Noop), typed(sleep::Sleep)] {
        registry.add(worker).expect("built-in workers have valid names that differ");
    }
    registry
}
