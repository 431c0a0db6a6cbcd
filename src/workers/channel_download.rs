//! `channel_download`: everything new of a channel, with subtitles, into a folder.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::Deserialize;

use super::download_args::{DownloadArgs, run_download};
use super::media::{Media, target};
use super::yt_dlp::DownloadReport;
use super::{Availability, Context, RunResult, ToolInfo, Worker};

/// Downloads what is new in a channel.
pub struct ChannelDownload {
    media: Arc<Media>,
}

/// What to download.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelArgs {
    /// The channel's page.
    url: String,
    /// Only so many of the newest items are looked at.
    #[schemars(range(min = 1))]
    limit: Option<u32>,
    /// Stop at the first item that was downloaded before: quick, where a channel lists its newest
    /// first.
    #[serde(default)]
    stop_at_known: bool,
    /// A folder below the folder of downloads.
    folder: Option<String>,
    /// Which form of each item, as yt-dlp writes it: `bv*[height<=720]+ba/b`.
    format: Option<String>,
    /// Whether subtitles are fetched too.
    #[serde(default = "yes")]
    subtitles: bool,
    /// Their languages, as yt-dlp writes them: `en.*,de`.
    sub_langs: Option<String>,
    /// How files are named, as yt-dlp writes it: `by %(uploader)s/%(title)s [%(id)s].%(ext)s`.
    template: Option<String>,
}

const fn yes() -> bool {
    true
}

impl ChannelDownload {
    /// Puts one together.
    #[must_use]
    pub fn new(media: Arc<Media>) -> Self {
        Self { media }
    }
}

impl ChannelArgs {
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

impl Worker for ChannelDownload {
    const JOB_TYPE: &'static str = "channel_download";
    const DESCRIPTION: &'static str = "Downloads what is new in a channel, with subtitles (yt-dlp).";
    const ONE_PER_TARGET: bool = true;
    type Args = ChannelArgs;
    type Output = DownloadReport;

    async fn run(&self, ctx: Context, args: ChannelArgs) -> RunResult<DownloadReport> {
        let mut options: Vec<String> =
            args.limit.map(|n| format!("--playlist-items=1:{n}")).into_iter().collect();
        if args.stop_at_known {
            options.push("--break-on-existing".into());
        }
        run_download(&self.media, &ctx, &args.common(), options).await
    }

    fn check(&self, args: &ChannelArgs) -> Vec<(String, String)> {
        let mut faults = args.common().faults(&self.media);
        if args.limit == Some(0) {
            faults.push(("args.limit".into(), "must be at least 1".into()));
        }
        faults
    }

    fn target(&self, args: &ChannelArgs) -> Option<String> {
        target(&args.url)
    }

    fn availability(&self) -> Availability {
        self.media.can_download()
    }

    fn tools(&self) -> BoxFuture<'_, Vec<ToolInfo>> {
        self.media.download_tools()
    }
}
