//! What is in a media file.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::workers::RunResult;
use crate::workers::tools::{Call, Class, Tool, Toolbox, Trouble};

/// The share of the duration that was announced which a file must have.
const MIN_SHARE: f64 = 0.9;
/// Shorter by so many seconds is always fine: what is announced is often rounded.
const SLACK_SECS: f64 = 2.0;

/// What ffprobe says about a file.
#[derive(Clone, Debug)]
pub struct Probe {
    /// In seconds.
    pub duration: Option<f64>,
    /// Whether it has sound.
    pub has_audio: bool,
    /// Of the sound, in seconds: a picture may go on without it.
    pub audio_duration: Option<f64>,
    /// Whether it has a picture.
    pub has_video: bool,
    /// All of it.
    pub whole: Value,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    streams: Vec<Stream>,
    #[serde(default)]
    format: Format,
}

#[derive(Deserialize)]
struct Stream {
    codec_type: Option<String>,
    duration: Option<String>,
    #[serde(default)]
    tags: Tags,
}

/// Matroska and WebM keep the length of a stream here, as `00:01:02.500000000`.
#[derive(Default, Deserialize)]
struct Tags {
    #[serde(rename = "DURATION")]
    duration: Option<String>,
}

impl Stream {
    fn is(&self, kind: &str) -> bool {
        self.codec_type.as_deref() == Some(kind)
    }

    fn duration(&self) -> Option<f64> {
        self.duration.as_deref().or(self.tags.duration.as_deref()).and_then(seconds)
    }
}

#[derive(Default, Deserialize)]
struct Format {
    duration: Option<String>,
}

/// Asks ffprobe about a file.
///
/// # Errors
/// `bad_input` when it is no media file.
pub async fn probe(ffprobe: &Tool, toolbox: &Toolbox, file: &Path) -> RunResult<Probe> {
    let program = ffprobe.needed()?;
    // Without `file:` a name with a colon would be taken for a protocol.
    let input = format!("file:{}", file.display());
    let args = ["-v", "error", "-of", "json", "-show_format", "-show_streams", "-i", &input];
    let captured = toolbox.capture(Call::new(program, args)).await?;
    let bad = |why: &str| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        Trouble::new(Class::BadInput, format_args!("{name} is no media file that ffprobe can read{why}"))
    };
    if !captured.status.success() {
        return Err(bad(&format!(": {}", captured.stderr)).into());
    }
    let whole: Value = serde_json::from_str(&captured.stdout).map_err(|e| bad(&format!(": {e}")))?;
    let Said { streams, format } = Said::deserialize(&whole).map_err(|e| bad(&format!(": {e}")))?;
    let audio = streams.iter().find(|stream| stream.is("audio"));
    let (has_audio, has_video) = (audio.is_some(), streams.iter().any(|stream| stream.is("video")));
    if !has_audio && !has_video {
        return Err(bad(": it has neither sound nor picture").into());
    }
    let duration = format.duration.as_deref().and_then(seconds);
    let audio_duration = audio.and_then(Stream::duration);
    Ok(Probe { duration, has_audio, audio_duration, has_video, whole })
}

/// Reads `62.5` or `00:01:02.5`.
fn seconds(text: &str) -> Option<f64> {
    let secs = text.split(':').try_fold(0.0, |sum, part| Some(sum * 60.0 + part.parse::<f64>().ok()?))?;
    secs.is_finite().then_some(secs)
}

/// Whether a file holds the media that it should: it can be read and is as long as was announced.
///
/// # Errors
/// `bad_input` when it cannot be read, `transient` when it is too short.
pub async fn check_media(
    ffprobe: &Tool,
    toolbox: &Toolbox,
    file: &Path,
    announced: Option<f64>,
) -> RunResult<Probe> {
    let found = probe(ffprobe, toolbox, file).await?;
    match (found.duration, announced) {
        (Some(is), Some(should)) if is < should * MIN_SHARE && is < should - SLACK_SECS => {
            let text = format!("the file is {is:.1} s long where {should:.1} s were announced");
            Err(Trouble::new(Class::Transient, text).into())
        }
        _ => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn durations_are_read() {
        assert_eq!((seconds("62.5"), seconds("00:01:02.500000000")), (Some(62.5), Some(62.5)));
        assert_eq!((seconds("N/A"), seconds("nan"), seconds("")), (None, None, None));
    }
}
