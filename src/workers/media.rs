//! What the workers share that fetch, convert and keep media.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use url::Url;

use super::channel_download::ChannelDownload;
use super::cleanup::Cleanup;
use super::download_transcript::DownloadTranscript;
use super::metadata_extraction::MetadataExtraction;
use super::net::AddressRules;
use super::outputs::OutputRoot;
use super::playlist_download::PlaylistDownload;
use super::process_channel::ProcessChannel;
use super::proxy::Proxy;
use super::rclone::Places;
use super::speech::Recogniser;
use super::sync_storage::SyncStorage;
use super::tools::{Tool, ToolSpec, Toolbox, unavailable};
use super::transcribe_audio::TranscribeAudio;
use super::yt_dlp::YtDlp;
use super::{AnyWorker, Availability, Context, Failure, ProgramHost, RunResult, ToolInfo, typed};
use crate::config::Config;

const FFMPEG: ToolSpec = ToolSpec {
    name: "ffmpeg",
    key: "tools.ffmpeg.command",
    version_option: "-version",
    install: "install ffmpeg (apt-get install ffmpeg)",
};
const FFPROBE: ToolSpec = ToolSpec {
    name: "ffprobe",
    key: "tools.ffprobe.command",
    version_option: "-version",
    install: "install ffmpeg (apt-get install ffmpeg)",
};
const RCLONE: ToolSpec = ToolSpec {
    name: "rclone",
    key: "tools.rclone.command",
    version_option: "version",
    install: "install rclone (apt-get install rclone)",
};

/// The programs and places of a server's media workers.
pub struct Media {
    /// Runs programs.
    pub host: Arc<ProgramHost>,
    /// Fetches.
    pub yt_dlp: YtDlp,
    /// Converts.
    pub ffmpeg: Tool,
    /// Looks into files.
    pub ffprobe: Tool,
    /// Copies elsewhere.
    pub rclone: Tool,
    /// Turns speech into text.
    pub recogniser: Recogniser,
    /// Everything is written below it.
    pub root: OutputRoot,
    /// What URLs may lead to.
    pub addresses: AddressRules,
    /// Variables that programs get beside a few.
    pub env: Vec<String>,
}

/// The media workers, as they are configured.
#[must_use]
pub fn workers(config: &Config, host: &Arc<ProgramHost>) -> Vec<Arc<dyn AnyWorker>> {
    let media = Arc::new(Media::new(config, host));
    vec![
        typed(ChannelDownload::new(media.clone())),
        typed(PlaylistDownload::new(media.clone())),
        typed(MetadataExtraction::new(media.clone())),
        typed(DownloadTranscript::new(media.clone())),
        typed(ProcessChannel::new(media.clone())),
        typed(TranscribeAudio::new(media.clone())),
        typed(SyncStorage::new(media, Places::new(config.rclone.clone()))),
        typed(Cleanup::new(config.cleanup.clone(), &config.data_dir)),
    ]
}

impl Media {
    /// Puts them together.
    #[must_use]
    pub fn new(config: &Config, host: &Arc<ProgramHost>) -> Self {
        let tools = &config.tools;
        let ffmpeg = Tool::new(FFMPEG, tools.ffmpeg.as_str(), host.clone());
        let its_path = ffmpeg.is_path().then(|| tools.ffmpeg.clone());
        Self {
            host: host.clone(),
            yt_dlp: YtDlp::new(&tools.yt_dlp, config.yt_dlp.clone(), its_path, host.clone()),
            ffmpeg,
            ffprobe: Tool::new(FFPROBE, tools.ffprobe.as_str(), host.clone()),
            rclone: Tool::new(RCLONE, tools.rclone.as_str(), host.clone()),
            recogniser: Recogniser::new(config.transcribe.clone(), host.clone()),
            root: OutputRoot::new(config.downloads_dir()),
            addresses: AddressRules::allowing(&config.net.allow_private),
            env: tools.env.clone(),
        }
    }

    /// Programs for one attempt.
    ///
    /// # Errors
    /// As [`Toolbox::open`].
    pub fn toolbox(&self, ctx: &Context) -> RunResult<Toolbox> {
        Toolbox::open(&self.host, &self.env, ctx)
    }

    /// Programs for one attempt that fetch what a job names: they reach only what jobs may reach,
    /// unless the configuration gives them a proxy of its own.
    ///
    /// # Errors
    /// As [`Toolbox::open`], and when there is no proxy to be had.
    pub async fn web_toolbox(&self, ctx: &Context) -> RunResult<Toolbox> {
        let toolbox = self.toolbox(ctx)?;
        if self.yt_dlp.has_own_proxy() || self.env.iter().any(|name| is_proxy(name)) {
            return Ok(toolbox);
        }
        Ok(toolbox.with_proxy(Proxy::open(self.addresses.clone(), ctx.log.clone()).await?))
    }

    /// Looks at a URL once more before it is asked for: where its host leads to, and whether yt-dlp
    /// can do it.
    ///
    /// # Errors
    /// Fatal when the address is refused or yt-dlp is missing or too old.
    pub async fn open_url(&self, text: &str) -> RunResult<Url> {
        self.yt_dlp.tool().needed()?;
        if let Some(complaint) = YtDlp::complaint(&self.yt_dlp.tool().info().await) {
            return Err(Failure::Fatal(complaint));
        }
        let url = self
            .addresses
            .check(text)
            .map_err(|why| Failure::fatal(format_args!("bad_input: args.url {why}")))?;
        self.addresses.resolve(&url).await?;
        Ok(url)
    }

    /// Whether downloads can be done here.
    #[must_use]
    pub fn can_download(&self) -> Availability {
        unavailable(&[self.yt_dlp.tool(), &self.ffmpeg, &self.ffprobe])
    }

    /// The programs that downloads take.
    pub fn download_tools(&self) -> BoxFuture<'_, Vec<ToolInfo>> {
        async move { vec![self.yt_dlp.tool().info().await, self.ffmpeg.info().await, self.ffprobe.info().await] }
            .boxed()
    }
}

/// Whether a variable, if it is set, says where a proxy is.
fn is_proxy(name: &str) -> bool {
    let known = ["http_proxy", "https_proxy", "all_proxy"];
    known.contains(&name.to_ascii_lowercase().as_str()) && std::env::var_os(name).is_some()
}

/// What a job with this URL works on: the URL, unless it is longer than a target may be.
#[must_use]
pub fn target(url: &str) -> Option<String> {
    let fits = !url.is_empty() && url.len() <= crate::domain::ident::MAX_KEY;
    Some(if fits { url.to_owned() } else { super::outputs::short_hash(url) })
}
