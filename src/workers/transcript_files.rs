//! A transcript on disk: JSON, text and WebVTT side by side.

use std::path::Path;

use serde::Serialize;

use super::RunResult;
use super::outputs::write_whole;
use super::transcript::{Segment, Transcript};

/// The longest name of a file, without its ending.
const MAX_STEM: usize = 150;

/// What is known of a transcript beside its words.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct About {
    /// The site's id of the item.
    pub id: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Its page, or its file.
    pub url: Option<String>,
    /// `subtitles`, `automatic` or `speech`.
    pub source: &'static str,
    /// The language, if it is known.
    pub language: Option<String>,
    /// Of the item, in seconds.
    pub duration: Option<f64>,
}

/// A transcript that was written, as results name it. Workers that come after read the files.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WrittenTranscript {
    #[serde(flatten)]
    about: About,
    words: usize,
    json_file: String,
    vtt_file: Option<String>,
    text_file: String,
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    about: &'a About,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    segments: Option<&'a [Segment]>,
}

/// Writes a transcript into a folder, each file as a whole. The JSON comes last: where it is, the
/// others are.
///
/// # Errors
/// To be retried when the folder cannot be written.
pub fn write(
    folder: &Path,
    stem: &str,
    about: About,
    transcript: &Transcript,
) -> RunResult<WrittenTranscript> {
    let path = |ending: &str| folder.join(format!("{stem}.{ending}"));
    let shown = |ending: &str| path(ending).to_string_lossy().into_owned();
    let text = transcript.text();
    write_whole(&path("txt"), format!("{text}\n").as_bytes())?;
    if transcript.timed {
        write_whole(&path("vtt"), vtt(transcript).as_bytes())?;
    }
    let segments = transcript.timed.then_some(transcript.segments.as_slice());
    write_whole(
        &path("json"),
        &serde_json::to_vec_pretty(&Document { about: &about, text: &text, segments })?,
    )?;
    Ok(WrittenTranscript {
        about,
        words: text.split_whitespace().count(),
        json_file: shown("json"),
        vtt_file: transcript.timed.then(|| shown("vtt")),
        text_file: shown("txt"),
    })
}

/// A name for the files of an item, whatever its title and id hold.
#[must_use]
pub fn stem(title: &str, id: &str) -> String {
    let tame = |text: &str| -> String {
        let plain = |c: char| if c.is_control() || "/\\:*?\"<>|".contains(c) { '_' } else { c };
        text.chars().map(plain).collect()
    };
    let (title, id) = (tame(title), tame(id));
    let id: String = id.chars().take(40).collect();
    let mut end = title.len().min(MAX_STEM);
    while !title.is_char_boundary(end) {
        end -= 1;
    }
    let title = title[..end].trim_start_matches(['.', '-', ' ']).trim_end();
    if title.is_empty() { format!("[{id}]") } else { format!("{title} [{id}]") }
}

fn vtt(transcript: &Transcript) -> String {
    let escaped =
        |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', " ");
    let cue = |s: &Segment| format!("\n{} --> {}\n{}\n", time(s.start), time(s.end), escaped(&s.text));
    let cues: String = transcript.segments.iter().map(cue).collect();
    format!("WEBVTT\n{cues}")
}

fn time(secs: f64) -> String {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let ms = (secs.clamp(0.0, 1e9) * 1000.0).round() as u64;
    format!("{:02}:{:02}:{:02}.{:03}", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_the_same() {
        let segment = |start, end, text: &str| Segment { start, end, text: text.into() };
        let segments = vec![segment(0.0, 1.25, "a < b & c"), segment(3661.5, 3662.0, "end")];
        let transcript = Transcript { segments, timed: true };
        assert_eq!(Transcript::parse(&vtt(&transcript)).unwrap(), transcript);
        let dir = tempfile::tempdir().unwrap();
        let written = write(dir.path(), "x", About::default(), &transcript).unwrap();
        let json = std::fs::read_to_string(&written.json_file).unwrap();
        assert_eq!((Transcript::parse(&json).unwrap(), written.words), (transcript, 6));
    }

    #[test]
    fn stems_are_tame() {
        assert_eq!(stem("../../etc", "a/b"), "_.._etc [a_b]");
        assert_eq!(stem("-rf\n", "x"), "rf_ [x]");
        assert_eq!(stem("..", ".."), "[..]");
        assert!(stem(&"ü".repeat(300), "x").len() < 200);
    }
}
