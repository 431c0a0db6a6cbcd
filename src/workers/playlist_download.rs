//! `playlist_download`: the items of a playlist, with subtitles, into a folder.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::Deserialize;

use super::download_args::{DownloadArgs, run_download};
use super::media::{Media, target};
use super::yt_dlp::DownloadReport;
use super::{Availability, Context, RunResult, ToolInfo, Worker};

/// The longest list of items.
const MAX_ITEMS: usize = 500;

/// Downloads a playlist.
pub struct PlaylistDownload {
    media: Arc<Media>,
}

/// What to download.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaylistArgs {
    /// The playlist's page.
    url: String,
    /// Which of its items, by their places, such as `1:10,15`; all without it.
    #[schemars(regex(pattern = r"^[0-9:,-]+$"))]
    items: Option<String>,
    /// A folder below the folder of downloads.
    folder: Option<String>,
    /// Which form of each item, as yt-dlp writes it: `bv*[height<=720]+ba/b`.
    format: Option<String>,
    /// Whether subtitles are fetched too.
    #[serde(default = "yes")]
    subtitles: bool,
    /// Their languages, as yt-dlp writes them: `en.*,de`.
    sub_langs: Option<String>,
    /// How files are named, as yt-dlp writes it: `%(playlist_index)03d %(title)s.%(ext)s`.
    template: Option<String>,
}

const fn yes() -> bool {
    true
}

impl PlaylistDownload {
    /// Puts one together.
    #[must_use]
    pub fn new(media: Arc<Media>) -> Self {
        Self { media }
    }
}

impl PlaylistArgs {
    fn common(&self) -> DownloadArgs<'_> {
        DownloadArgs {
            url: &self.url,
            folder: self.folder.as_deref(),
            format: self.format.as_deref(),
            subtitles: self.subtitles,
            sub_langs: self.sub_langs.as_deref(),
            template: self.template.as_deref(),
        }
    }
}

impl Worker for PlaylistDownload {
    const JOB_TYPE: &'static str = "playlist_download";
    const DESCRIPTION: &'static str = "Downloads the items of a playlist, with subtitles (yt-dlp).";
    const ONE_PER_TARGET: bool = true;
    type Args = PlaylistArgs;
    type Output = DownloadReport;

    async fn run(&self, ctx: Context, args: PlaylistArgs) -> RunResult<DownloadReport> {
        let items = args.items.as_ref().map(|items| format!("--playlist-items={items}"));
        let options = ["--yes-playlist".to_owned()].into_iter().chain(items).collect();
        run_download(&self.media, &ctx, &args.common(), options).await
    }

    fn check(&self, args: &PlaylistArgs) -> Vec<(String, String)> {
        let mut faults = args.common().faults(&self.media);
        let fits = |items: &str| {
            let usual = |c: u8| c.is_ascii_digit() || b":,-".contains(&c);
            (1..=MAX_ITEMS).contains(&items.len()) && items.bytes().all(usual)
        };
        if args.items.as_deref().is_some_and(|items| !fits(items)) {
            faults.push(("args.items".into(), "must be places and ranges such as 1:10,15".into()));
        }
        faults
    }

    fn target(&self, args: &PlaylistArgs) -> Option<String> {
        target(&args.url)
    }

    fn availability(&self) -> Availability {
        self.media.can_download()
    }

    fn tools(&self) -> BoxFuture<'_, Vec<ToolInfo>> {
        self.media.download_tools()
    }
}
