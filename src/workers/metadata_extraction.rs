//! `metadata_extraction`: what is known about a page with media or a media file.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ffmpeg;
use super::media::{Media, target};
use super::{Availability, Context, RunResult, ToolInfo, Worker};

/// The longest text that is kept of a page.
const MAX_TEXT: usize = 20_000;
/// What is kept of what yt-dlp says: the rest is about how to download it.
const KEPT: [&str; 21] = [
    "id",
    "title",
    "fulltitle",
    "description",
    "uploader",
    "uploader_id",
    "uploader_url",
    "channel",
    "channel_id",
    "channel_url",
    "duration",
    "upload_date",
    "timestamp",
    "view_count",
    "like_count",
    "webpage_url",
    "thumbnail",
    "tags",
    "categories",
    "chapters",
    "extractor_key",
];

/// Finds out about media.
pub struct MetadataExtraction {
    media: Arc<Media>,
}

/// What to look at: one of the two.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetadataArgs {
    /// A page with media.
    url: Option<String>,
    /// A file, relative to the folder of downloads.
    path: Option<String>,
}

/// What is known about it.
#[derive(Debug, Serialize)]
pub struct Metadata {
    /// `url` or `file`.
    source: &'static str,
    /// As yt-dlp or ffprobe name it.
    metadata: Value,
}

impl MetadataExtraction {
    /// Puts one together.
    #[must_use]
    pub fn new(media: Arc<Media>) -> Self {
        Self { media }
    }

    async fn of_url(&self, ctx: &Context, url: &str) -> RunResult<Metadata> {
        let url = self.media.open_url(url).await?;
        let toolbox = self.media.web_toolbox(ctx).await?;
        let Value::Object(all) = self.media.yt_dlp.describe(&toolbox, &url).await? else {
            return Ok(Metadata { source: "url", metadata: Value::Null });
        };
        let languages = |name: &str| {
            let of = |subtitles: &Map<String, Value>| {
                subtitles.keys().cloned().map(Value::from).collect::<Vec<_>>()
            };
            Value::from(all.get(name).and_then(Value::as_object).map(of).unwrap_or_default())
        };
        let kept = KEPT.iter().filter_map(|name| Some(((*name).to_owned(), shortened(all.get(*name)?))));
        let mut metadata: Map<String, Value> = kept.collect();
        metadata.insert("subtitles".into(), languages("subtitles"));
        metadata.insert("automatic_captions".into(), languages("automatic_captions"));
        Ok(Metadata { source: "url", metadata: metadata.into() })
    }

    async fn of_file(&self, ctx: &Context, path: &str) -> RunResult<Metadata> {
        let file = self.media.root.file(path)?;
        let toolbox = self.media.toolbox(ctx)?;
        let found = ffmpeg::probe(&self.media.ffprobe, &toolbox, &file).await?;
        Ok(Metadata { source: "file", metadata: found.whole })
    }
}

impl Worker for MetadataExtraction {
    const JOB_TYPE: &'static str = "metadata_extraction";
    const DESCRIPTION: &'static str = "Finds out about a page with media (yt-dlp) or a media file (ffprobe).";
    const ONE_PER_TARGET: bool = true;
    type Args = MetadataArgs;
    type Output = Metadata;

    async fn run(&self, ctx: Context, args: MetadataArgs) -> RunResult<Metadata> {
        let found = match (&args.url, &args.path) {
            (Some(url), _) => self.of_url(&ctx, url).await,
            (None, path) => self.of_file(&ctx, path.as_deref().unwrap_or_default()).await,
        };
        found.inspect(|_| ctx.progress(1, Some(1), None))
    }

    fn check(&self, args: &MetadataArgs) -> Vec<(String, String)> {
        let url = args.url.as_deref().map_or(Ok(()), |url| self.media.addresses.check(url).map(|_| ()));
        let path = args.path.as_deref().map_or(Ok(()), super::outputs::check_relative);
        let mut faults: Vec<_> = [("args.url", url), ("args.path", path)]
            .into_iter()
            .filter_map(|(field, found)| Some((field.to_owned(), found.err()?)))
            .collect();
        if args.url.is_some() == args.path.is_some() {
            faults.push(("args".into(), "must have one of url and path".into()));
        }
        faults
    }

    fn target(&self, args: &MetadataArgs) -> Option<String> {
        target(args.url.as_deref().or(args.path.as_deref()).unwrap_or_default())
    }

    fn availability(&self) -> Availability {
        self.media.can_download()
    }

    fn tools(&self) -> BoxFuture<'_, Vec<ToolInfo>> {
        self.media.download_tools()
    }
}

fn shortened(value: &Value) -> Value {
    match value {
        Value::String(text) if text.len() > MAX_TEXT => {
            text.chars().take(MAX_TEXT / 4).collect::<String>().into()
        }
        Value::Array(items) if items.len() > 1000 => items[..1000].to_vec().into(),
        other => other.clone(),
    }
}
