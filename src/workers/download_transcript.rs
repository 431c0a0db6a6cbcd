//! `download_transcript`: what is said in an item, from its captions or else by listening to it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::media::{Media, target};
use super::outputs::{SourceState, check_relative};
use super::tools::{Class, Toolbox, Trouble};
use super::transcribe_audio::{can_listen, check_language, extract, recognise, speech_tools};
use super::transcript::Transcript;
use super::transcript_files::{About, WrittenTranscript, stem, write};
use super::{Availability, Context, Failure, RunResult, ToolInfo, Worker};

/// The share of the progress that fetching the sound is, in percent.
const FETCHING: f64 = 40.0;

/// Gets transcripts.
pub struct DownloadTranscript {
    media: Arc<Media>,
}

/// Whether an item is listened to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Listening {
    /// If it has no captions.
    #[default]
    Auto,
    /// No: without captions the job fails.
    Never,
    /// Yes, whatever captions it has.
    Always,
}

/// What to get.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TranscriptArgs {
    /// The item's page.
    url: String,
    /// The language; captions in its variants will do, `en-GB` for `en`.
    #[serde(default = "english")]
    language: String,
    /// Whether it is listened to when it has no captions.
    #[serde(default)]
    transcribe: Listening,
    /// A folder below the folder of downloads.
    folder: Option<String>,
}

fn english() -> String {
    "en".into()
}

/// Captions that a site offers.
#[derive(Debug, PartialEq, Eq)]
struct Captions {
    language: String,
    automatic: bool,
}

impl DownloadTranscript {
    /// Puts one together.
    #[must_use]
    pub fn new(media: Arc<Media>) -> Self {
        Self { media }
    }

    async fn captions(
        &self,
        toolbox: &Toolbox,
        url: &url::Url,
        captions: &Captions,
    ) -> RunResult<Transcript> {
        let folder = toolbox.dir().join("captions");
        fs::create_dir_all(&folder)?;
        self.media
            .yt_dlp
            .fetch_captions(toolbox, url, (&captions.language, captions.automatic), &folder)
            .await?;
        let file = only_file(&folder)
            .ok_or_else(|| Trouble::new(Class::Transient, "the captions did not arrive"))?;
        let text = fs::read_to_string(file)?;
        Transcript::parse(&text)
            .map_err(|why| Trouble::new(Class::Transient, format_args!("the file of captions {why}")).into())
    }

    async fn speech(
        &self,
        toolbox: &Toolbox,
        url: &url::Url,
        state: &SourceState,
        args: &TranscriptArgs,
    ) -> RunResult<(Transcript, f64)> {
        self.media.recogniser.needed()?;
        let folder = state.path("sound");
        fs::create_dir_all(&folder)?;
        self.media.yt_dlp.fetch_sound(toolbox, url, &folder, FETCHING).await?;
        let file =
            only_file(&folder).ok_or_else(|| Trouble::new(Class::Transient, "the sound did not arrive"))?;
        let sound = extract(&self.media, toolbox, &file, FETCHING).await;
        // What was fetched serves another try only when it is whole.
        let sound = sound.inspect_err(|failure| {
            if *failure != Failure::Cancelled {
                let _ = fs::remove_dir_all(&folder);
            }
        })?;
        let heard = recognise(&self.media, toolbox, sound, Some(&args.language), FETCHING).await;
        if matches!(heard, Ok(_) | Err(Failure::Fatal(_))) {
            let _ = fs::remove_dir_all(&folder);
        }
        heard
    }
}

impl Worker for DownloadTranscript {
    const JOB_TYPE: &'static str = "download_transcript";
    const DESCRIPTION: &'static str = "Gets what is said in an item: its captions, or by listening to it.";
    const ONE_PER_TARGET: bool = true;
    type Args = TranscriptArgs;
    type Output = WrittenTranscript;

    async fn run(&self, ctx: Context, args: TranscriptArgs) -> RunResult<WrittenTranscript> {
        self.media.ffmpeg.needed()?;
        self.media.ffprobe.needed()?;
        let url = self.media.open_url(&args.url).await?;
        let folder = self.media.root.folder(args.folder.as_deref())?;
        let state = SourceState::lock(&folder, url.as_str())?;
        let toolbox = self.media.web_toolbox(&ctx).await?;
        let known = self.media.yt_dlp.describe(&toolbox, &url).await?;
        let said = |name: &str| known.get(name).and_then(Value::as_str).map(str::to_owned);
        let mut about = About {
            id: said("id"),
            title: said("title").map(|title| title.chars().take(200).collect()),
            url: Some(args.url.clone()),
            source: "speech",
            language: Some(args.language.clone()),
            duration: known.get("duration").and_then(Value::as_f64),
        };
        let captions = choose(&known, &args.language).filter(|_| args.transcribe != Listening::Always);
        let transcript = match captions {
            Some(captions) => {
                about.source = if captions.automatic { "automatic" } else { "subtitles" };
                let transcript = self.captions(&toolbox, &url, &captions).await?;
                about.language = Some(captions.language);
                transcript
            }
            None if args.transcribe == Listening::Never => {
                let text =
                    format!("there are no captions in {:?}, and transcribe is \"never\"", args.language);
                return Err(Trouble::new(Class::NotFound, text).into());
            }
            None => {
                let (transcript, duration) = self.speech(&toolbox, &url, &state, &args).await?;
                about.duration = about.duration.or(Some(duration));
                transcript
            }
        };
        let stem = stem(about.title.as_deref().unwrap_or_default(), about.id.as_deref().unwrap_or("no id"));
        let written = write(&folder, &stem, about, &transcript)?;
        ctx.progress(1, Some(1), None);
        Ok(written)
    }

    fn check(&self, args: &TranscriptArgs) -> Vec<(String, String)> {
        let checks = [
            ("args.url", self.media.addresses.check(&args.url).map(|_| ())),
            ("args.language", check_language(&args.language)),
            ("args.folder", args.folder.as_deref().map_or(Ok(()), check_relative)),
        ];
        checks.into_iter().filter_map(|(field, found)| Some((field.to_owned(), found.err()?))).collect()
    }

    fn target(&self, args: &TranscriptArgs) -> Option<String> {
        target(&args.url)
    }

    /// Without a recogniser it can still do items that have captions.
    fn availability(&self) -> Availability {
        self.media.can_download()
    }

    fn tools(&self) -> BoxFuture<'_, Vec<ToolInfo>> {
        Box::pin(async move {
            let mut tools = vec![self.media.yt_dlp.tool().info().await];
            tools.extend(speech_tools(&self.media).await);
            if !can_listen(&self.media.recogniser) {
                log::debug!("download_transcript has no speech recogniser");
            }
            tools
        })
    }
}

/// The best captions: made by people before automatic ones, the language itself before its variants.
fn choose(known: &Value, language: &str) -> Option<Captions> {
    let of = |name: &str, automatic| {
        let offered = known.get(name).and_then(Value::as_object)?;
        let variant =
            |key: &&String| key.strip_prefix(language).is_some_and(|rest| rest.starts_with(['-', '_', '.']));
        let key = offered.keys().find(|key| *key == language).or_else(|| offered.keys().find(variant))?;
        Some(Captions { language: key.clone(), automatic })
    };
    of("subtitles", false).or_else(|| of("automatic_captions", true))
}

/// The file in a folder, if there is just one that is whole.
fn only_file(folder: &Path) -> Option<PathBuf> {
    let whole =
        |path: &PathBuf| path.is_file() && path.extension().is_none_or(|end| end != "part" && end != "ytdl");
    let mut files = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).filter(whole);
    files.next().filter(|_| files.next().is_none())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn captions_are_chosen() {
        let known = json!({"subtitles": {"de": [], "en-GB": []}, "automatic_captions": {"en": [], "fr": []}});
        let choice = |language| choose(&known, language).map(|c| (c.language, c.automatic));
        assert_eq!(choice("en"), Some(("en-GB".into(), false)));
        assert_eq!(choice("fr"), Some(("fr".into(), true)));
        assert_eq!((choice("e"), choice("it")), (None, None));
    }
}
