//! `transcribe_audio`: the speech in a media file becomes text.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::Deserialize;

use super::ffmpeg::extract_audio;
use super::media::{Media, target};
use super::outputs::{SourceState, check_relative};
use super::speech::{Recogniser, Span};
use super::tools::{Class, Toolbox, Trouble, unavailable};
use super::transcript::Transcript;
use super::transcript_files::{About, WrittenTranscript, write};
use super::{Availability, Context, RunResult, ToolInfo, Worker};

/// The share of the progress that extracting the sound is, in percent.
const EXTRACTING: f64 = 10.0;

/// Turns speech into text.
pub struct TranscribeAudio {
    media: Arc<Media>,
}

/// What to listen to.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TranscribeArgs {
    /// The file, relative to the folder of downloads. The transcript is written beside it.
    path: String,
    /// The language that is spoken, such as `en`; the configured one, or found out, without it.
    language: Option<String>,
}

impl TranscribeAudio {
    /// Puts one together.
    #[must_use]
    pub fn new(media: Arc<Media>) -> Self {
        Self { media }
    }
}

impl Worker for TranscribeAudio {
    const JOB_TYPE: &'static str = "transcribe_audio";
    const DESCRIPTION: &'static str = "Turns the speech in a media file into JSON, text and WebVTT.";
    const ONE_PER_TARGET: bool = true;
    type Args = TranscribeArgs;
    type Output = WrittenTranscript;

    async fn run(&self, ctx: Context, args: TranscribeArgs) -> RunResult<WrittenTranscript> {
        let file = self.media.root.file(&args.path)?;
        let folder = file.parent().unwrap_or(&file).to_owned();
        let _state = SourceState::lock(&folder, &format!("speech of {}", file.display()))?;
        let toolbox = self.media.toolbox(&ctx)?;
        let (transcript, duration) =
            listen(&self.media, &toolbox, &file, args.language.as_deref(), 0.0).await?;
        let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let about = About {
            title: Some(stem.clone()),
            url: Some(self.media.root.shown(&file)),
            source: "speech",
            language: args.language,
            duration: Some(duration),
            id: None,
        };
        let written = write(&folder, &stem, about, &transcript)?;
        ctx.progress(1, Some(1), None);
        Ok(written)
    }

    fn check(&self, args: &TranscribeArgs) -> Vec<(String, String)> {
        let path = check_relative(&args.path).err().map(|why| ("args.path".to_owned(), why));
        let language = args.language.as_deref().and_then(|language| check_language(language).err());
        path.into_iter().chain(language.map(|why| ("args.language".to_owned(), why))).collect()
    }

    fn target(&self, args: &TranscribeArgs) -> Option<String> {
        target(&args.path)
    }

    fn availability(&self) -> Availability {
        match self.media.recogniser.availability() {
            Availability::Available => unavailable(&[&self.media.ffmpeg, &self.media.ffprobe]),
            missing @ Availability::Unavailable(_) => missing,
        }
    }

    fn tools(&self) -> BoxFuture<'_, Vec<ToolInfo>> {
        speech_tools(&self.media)
    }
}

/// The programs that listening takes.
pub(super) fn speech_tools(media: &Media) -> BoxFuture<'_, Vec<ToolInfo>> {
    async move {
        let mut tools = vec![media.ffmpeg.info().await, media.ffprobe.info().await];
        tools.extend(media.recogniser.info().await);
        tools
    }
    .boxed()
}

/// Listens to a file; the transcript, and the length of the sound in seconds. The first `from` percent
/// of the progress are somebody else's.
pub(super) async fn listen(
    media: &Media,
    toolbox: &Toolbox,
    file: &Path,
    language: Option<&str>,
    from: f64,
) -> RunResult<(Transcript, f64)> {
    media.recogniser.needed()?;
    let sound = extract(media, toolbox, file, from).await?;
    recognise(media, toolbox, sound, language, from).await
}

/// The first half of [`listen`]: the sound of a file, and its length in seconds.
pub(super) async fn extract(
    media: &Media,
    toolbox: &Toolbox,
    file: &Path,
    from: f64,
) -> RunResult<(PathBuf, f64)> {
    extract_audio((&media.ffmpeg, &media.ffprobe), toolbox, file, (from, from + EXTRACTING)).await
}

/// The second half of [`listen`].
pub(super) async fn recognise(
    media: &Media,
    toolbox: &Toolbox,
    (wav, duration): (PathBuf, f64),
    language: Option<&str>,
    from: f64,
) -> RunResult<(Transcript, f64)> {
    let span = Span { from: from + EXTRACTING, to: 99.0 };
    let transcript = media.recogniser.transcribe(toolbox, (&wav, duration), language, span).await?;
    if transcript.text().trim().is_empty() {
        return Err(Trouble::new(Class::BadInput, "no speech was heard in the file").into());
    }
    Ok((transcript, duration))
}

/// Whether a text may name a language: `en`, `pt-BR`.
pub(super) fn check_language(language: &str) -> Result<(), String> {
    let fits = (2..=20).contains(&language.len())
        && language.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
        && !language.starts_with('-');
    if fits { Ok(()) } else { Err("must be a language such as en or pt-BR".into()) }
}

/// The recogniser, for those who look whether it is there.
#[must_use]
pub(super) fn can_listen(recogniser: &Recogniser) -> bool {
    recogniser.availability() == Availability::Available
}
