//! The sound of a file, as speech recognisers want it.

use std::path::{Path, PathBuf};

use super::probe::{check_media, probe};
use crate::logs::Stream;
use crate::workers::tools::{Call, Class, Keep, Lines, Tool, Toolbox, Trouble};
use crate::workers::{Context, RunResult};

/// Microseconds in a second.
const MICROS: f64 = 1e6;

/// Writes the sound of a file as 16 kHz mono WAV into the attempt's folder, and says how long it is.
/// `span` is the part of the progress that this is, in percent.
///
/// # Errors
/// `bad_input` when it has no sound or cannot be read; `transient` when it ends early: it may still
/// be arriving.
pub async fn extract_audio(
    (ffmpeg, ffprobe): (&Tool, &Tool),
    toolbox: &Toolbox,
    input: &Path,
    span: (f64, f64),
) -> RunResult<(PathBuf, f64)> {
    let program = ffmpeg.needed()?;
    let found = probe(ffprobe, toolbox, input).await?;
    if !found.has_audio {
        return Err(Trouble::new(Class::BadInput, "the file has no sound").into());
    }
    let output = toolbox.dir().join("audio.wav");
    let (from, to) = (format!("file:{}", input.display()), format!("file:{}", output.display()));
    let args = [
        "-hide_banner",
        "-nostdin",
        "-nostats",
        "-y",
        "-v",
        "error",
        "-xerror",
        "-progress",
        "pipe:1",
        "-i",
        &from,
        "-vn",
        "-ar",
        "16000",
        "-ac",
        "1",
        "-c:a",
        "pcm_s16le",
        &to,
    ];
    let announced = found.audio_duration.or(found.duration);
    let mut reader = Blocks { ctx: toolbox.ctx(), duration: announced, span };
    let ran = toolbox.run(Call::new(program, args), &mut reader).await?;
    if !ran.status.success() {
        let text = format!("ffmpeg cannot read the sound of the file: {}", ran.stderr);
        return Err(Trouble::new(Class::BadInput, text).into());
    }
    // A file that was cut off is converted with exit 0 all the same.
    let written = check_media(ffprobe, toolbox, &output, announced).await?;
    Ok((output, written.duration.unwrap_or_default()))
}

/// Reads the blocks of `key=value` that ffmpeg prints with `-progress`.
struct Blocks<'a> {
    ctx: &'a Context,
    duration: Option<f64>,
    span: (f64, f64),
}

impl Lines for Blocks<'_> {
    fn line(&mut self, stream: Stream, line: &str) -> Keep {
        if stream == Stream::Stderr {
            return Keep::Log;
        }
        let done = line.strip_prefix("out_time_us=").and_then(|micros| micros.parse::<f64>().ok());
        if let (Some(done), Some(duration)) = (done, self.duration.filter(|secs| *secs > 0.0)) {
            let (from, to) = self.span;
            let percent = from + (done / MICROS / duration).clamp(0.0, 1.0) * (to - from);
            self.ctx.progress_at(percent, 0, None, Some("extracting the sound"));
        }
        Keep::Progress
    }
}
