//! Transcripts in the forms in which speech-to-text programs and sites write them: JSON as whisper
//! has it, JSON as whisper.cpp has it, WebVTT, SubRip, plain text.

use serde::{Deserialize, Serialize};

/// A cue that is shown for no longer than this only repeats the one before, as captions that roll
/// upwards do between two lines.
const BLINK: f64 = 0.05;

/// What was said, piece by piece.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Transcript {
    /// The pieces, in the order in which they stand.
    pub segments: Vec<Segment>,
    /// Whether the pieces have times.
    pub timed: bool,
}

/// A piece of a transcript.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// When it begins, in seconds.
    pub start: f64,
    /// When it ends, in seconds.
    pub end: f64,
    /// What was said.
    pub text: String,
}

impl Transcript {
    /// Reads any of the forms.
    ///
    /// # Errors
    /// A sentence that says what is wrong, when it looks like one of the forms and is not.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim_start_matches('\u{FEFF}');
        let beginning = text.trim_start();
        if beginning.starts_with(['{', '[']) {
            of_json(text)
        } else if beginning.starts_with("WEBVTT") || looks_like_subrip(beginning) {
            of_cues(text)
        } else {
            let line = |line: &str| Segment { text: line.to_owned(), ..Segment::default() };
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            Ok(Self { segments: lines.map(line).collect(), timed: false })
        }
    }

    /// All that was said, a piece a line.
    #[must_use]
    pub fn text(&self) -> String {
        self.segments.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// When the last piece ends, in seconds.
    #[must_use]
    pub fn end(&self) -> f64 {
        self.segments.iter().map(|s| s.end).fold(0.0, f64::max)
    }

    fn timed(segments: Vec<Segment>) -> Self {
        Self { segments, timed: true }
    }
}

#[derive(Deserialize)]
struct Document {
    segments: Option<Vec<Segment>>,
    transcription: Option<Vec<CppSegment>>,
    text: Option<String>,
}

#[derive(Deserialize)]
struct CppSegment {
    offsets: Offsets,
    text: String,
}

/// Milliseconds.
#[derive(Deserialize)]
struct Offsets {
    from: f64,
    to: f64,
}

fn of_json(text: &str) -> Result<Transcript, String> {
    let document: Document =
        serde_json::from_str(text).map_err(|e| format!("is not the JSON of a transcript: {e}"))?;
    if let Some(segments) = document.segments {
        let trimmed = |s: Segment| Segment { text: s.text.trim().to_owned(), ..s };
        return Ok(Transcript::timed(segments.into_iter().map(trimmed).collect()));
    }
    if let Some(segments) = document.transcription {
        let seconds = |s: CppSegment| Segment {
            start: s.offsets.from / 1000.0,
            end: s.offsets.to / 1000.0,
            text: s.text.trim().to_owned(),
        };
        return Ok(Transcript::timed(segments.into_iter().map(seconds).collect()));
    }
    match document.text {
        Some(text) if !text.trim_start().starts_with(['{', '[']) => Transcript::parse(&text),
        _ => Err("is JSON without segments, transcription or text".into()),
    }
}

fn looks_like_subrip(text: &str) -> bool {
    let mut lines = text.lines();
    let numbered = lines.next().is_some_and(|line| line.trim().parse::<u32>().is_ok());
    numbered && lines.next().is_some_and(|line| line.contains("-->"))
}

/// WebVTT and SubRip: blocks with a line of times, set apart by empty lines.
fn of_cues(text: &str) -> Result<Transcript, String> {
    let mut segments = Vec::new();
    let mut last_line = String::new();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    for block in lines.split(|line| line.is_empty()) {
        let Some(at) = block.iter().position(|line| line.contains("-->")) else { continue };
        let (start, end) = times(block[at])?;
        let said = block[at + 1..].iter().map(|line| plain(line));
        let mut said: Vec<String> = said.filter(|line| !line.is_empty()).collect();
        // Captions that roll upwards show each line twice.
        let rolls = said.len() > 1 || end - start <= BLINK;
        if rolls && said.first().is_some_and(|first| *first == last_line) {
            said.remove(0);
        }
        let Some(last) = said.last() else { continue };
        last_line.clone_from(last);
        segments.push(Segment { start, end, text: said.join(" ") });
    }
    Ok(Transcript::timed(segments))
}

fn times(line: &str) -> Result<(f64, f64), String> {
    let parts = line.split_once("-->").and_then(|(from, rest)| {
        let to = rest.split_whitespace().next()?;
        Some((seconds(from.trim())?, seconds(to)?))
    });
    parts.ok_or_else(|| {
        let shown: String = line.chars().take(60).collect();
        format!("has a line of times that is none: {shown:?}")
    })
}

/// `(HH:)MM:SS.mmm`, with a point or a comma.
fn seconds(text: &str) -> Option<f64> {
    let text = text.replace(',', ".");
    let parts: Vec<&str> = text.split(':').collect();
    if !(2..=3).contains(&parts.len()) {
        return None;
    }
    parts.iter().try_fold(0.0, |sum, part| {
        let digits = part.bytes().all(|c| c.is_ascii_digit() || c == b'.');
        part.parse::<f64>().ok().filter(|n| digits && n.is_finite()).map(|n| sum * 60.0 + n)
    })
}

/// A line of a cue without its markup.
fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut in_tag = false;
    for c in line.chars() {
        match c {
            '<' => in_tag = true,
            '>' if in_tag => in_tag = false,
            c if !in_tag => text.push(c),
            _ => {}
        }
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", " ").replace("&amp;", "&");
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn segment(start: f64, end: f64, text: &str) -> Segment {
        Segment { start, end, text: text.into() }
    }

    #[test]
    fn every_form_is_read() {
        let expected = [segment(0.0, 1.5, "Hello there."), segment(1.5, 3.0, "Bye & thanks.")];
        for form in [
            r#"{"text":"x","segments":[{"id":0,"start":0.0,"end":1.5,"text":" Hello there."},
               {"start":1.5,"end":3,"text":"Bye & thanks."}],"language":"en"}"#,
            r#"{"transcription":[{"offsets":{"from":0,"to":1500},"text":" Hello there."},
               {"offsets":{"from":1500,"to":3000},"text":"Bye & thanks."}]}"#,
            "WEBVTT - x\nKind: captions\n\nNOTE what\n\n00:00.000 --> 00:01.500 align:start\n\
             <v Ann>Hello <00:00:01.000><c>there.</c>\n\n2\n00:00:01.500 --> 00:00:03.000\nBye &amp;\nthanks.\n",
            "\u{FEFF}1\r\n00:00:00,000 --> 00:00:01,500\r\nHello there.\r\n\r\n2\r\n00:00:01,500 --> 00:00:03,000\r\n<i>Bye &amp; thanks.</i>\r\n",
        ] {
            let read = Transcript::parse(form).unwrap();
            assert_eq!(read.segments, expected, "{form}");
            assert!(read.timed);
        }
        let plain = Transcript::parse("Hello there.\n\n Bye & thanks. ").unwrap();
        assert_eq!(plain.text(), "Hello there.\nBye & thanks.");
        assert!(!plain.timed);
    }

    #[test]
    fn captions_that_roll_say_everything_once() {
        let rolling = "WEBVTT\n\n00:00.000 --> 00:02.000\n \none\n\n00:02.000 --> 00:02.010\none\n\n\
                       00:02.010 --> 00:04.000\none\ntwo\n\n00:04.000 --> 00:04.010\ntwo\n\n\
                       00:04.010 --> 00:06.000\ntwo\nthree\n";
        assert_eq!(Transcript::parse(rolling).unwrap().text(), "one\ntwo\nthree");
        let said_twice = "WEBVTT\n\n00:00.000 --> 00:02.000\nyes\n\n00:02.000 --> 00:04.000\nyes\n";
        assert_eq!(Transcript::parse(said_twice).unwrap().text(), "yes\nyes");
    }

    #[test]
    fn what_only_looks_like_one_is_refused() {
        for (text, why) in [
            ("{", "not the JSON"),
            ("{}", "without segments"),
            (r#"{"segments":[{"start":"x"}]}"#, "not the JSON"),
            (r#"{"text":"{\"text\":\"x\"}"}"#, "without segments"),
            ("WEBVTT\n\nsoon --> later\nx", "none"),
            ("WEBVTT\n\n1:2:3:4 --> 00:01.000\nx", "none"),
            ("WEBVTT\n\n-00:01.000 --> 00:01.000\nx", "none"),
        ] {
            let error = Transcript::parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*|(WEBVTT\n\n)?([0-9:.,]{0,9} --> [0-9:.]{0,9}\n[<a&>;]{0,6}\n\n){0,3}") {
            if let Ok(read) = Transcript::parse(&text) {
                prop_assert!(read.end() >= 0.0);
            }
        }
    }
}
