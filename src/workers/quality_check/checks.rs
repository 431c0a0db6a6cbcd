//! The single checks.

use std::collections::HashSet;
use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

use super::QualityArgs;
use crate::workers::transcript::Transcript;

/// One check and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// Whether it passed.
    pub ok: bool,
    /// What was found.
    pub value: Value,
    /// What would have been right.
    pub limit: Value,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} (wanted: {})", self.name, self.value, self.limit)
    }
}

fn check(name: &'static str, ok: bool, value: impl Into<Value>, limit: impl Into<Value>) -> Check {
    Check { name, ok, value: value.into(), limit: limit.into() }
}

/// Looks at a transcript of a recording whose length may be known.
pub(super) fn of_transcript(text: &str, duration: Option<f64>, args: &QualityArgs) -> Vec<Check> {
    let transcript = match Transcript::parse(text) {
        Ok(transcript) => transcript,
        Err(why) => return vec![check("parses", false, why, "a transcript")],
    };
    let said = transcript.text();
    let words = said.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count();
    let mut checks = vec![
        check("parses", true, true, true),
        check("not_empty", words > 0, words, "at least one word"),
        not_only_marks(&transcript),
        repeated_lines(&said, args.max_repeated_lines),
    ];
    if transcript.timed {
        checks.push(times_rise(&transcript));
    }
    let ends = transcript.timed.then(|| transcript.end()).filter(|end| *end > 0.0);
    if let Some(length) = duration.or(ends) {
        checks.push(words_per_minute(words, length, args));
    }
    if let (Some(duration), true) = (duration, transcript.timed) {
        let coverage = rounded(transcript.end() / duration);
        checks.push(check(
            "coverage",
            coverage >= args.min_coverage,
            coverage,
            json!({"min": args.min_coverage}),
        ));
    }
    checks
}

/// Looks at a text that a model wrote.
pub(super) fn of_content(text: &str, finish_reason: Option<&str>, args: &QualityArgs) -> Vec<Check> {
    let chars = text.trim().chars().count();
    let fits = (args.min_chars..=args.max_chars).contains(&chars);
    let left_over = placeholders(text);
    let mut checks = vec![
        check("not_empty", chars > 0, chars, "at least one character"),
        check("length", fits, chars, json!({"min": args.min_chars, "max": args.max_chars})),
        check("no_placeholders", left_over.is_empty(), left_over, json!([])),
        repeated_lines(text, args.max_repeated_lines),
    ];
    if let Some(reason) = finish_reason {
        let ok = !["length", "content_filter"].contains(&reason);
        checks.push(check("finish_reason", ok, reason, "stop"));
    }
    checks
}

/// Speech-to-text programs write `[BLANK_AUDIO]` or `(music)` where nobody speaks.
fn not_only_marks(transcript: &Transcript) -> Check {
    let is_mark = |text: &str| {
        let text = text.trim();
        (text.starts_with('[') && text.ends_with(']')) || (text.starts_with('(') && text.ends_with(')'))
    };
    let marks = transcript.segments.iter().filter(|s| is_mark(&s.text)).count();
    let ok = transcript.segments.is_empty() || marks < transcript.segments.len();
    check("not_only_marks", ok, marks, "not all pieces in brackets")
}

fn repeated_lines(text: &str, most: f64) -> Check {
    let lines: Vec<String> =
        text.lines().map(|line| line.trim().to_lowercase()).filter(|line| !line.is_empty()).collect();
    let distinct = lines.iter().collect::<HashSet<_>>().len();
    #[expect(clippy::cast_precision_loss, reason = "a share need not be exact")]
    let share = (lines.len() - distinct) as f64 / lines.len().max(1) as f64;
    check("repeated_lines", share <= most, rounded(share), json!({"max": most}))
}

fn times_rise(transcript: &Transcript) -> Check {
    let mut before = 0.0;
    let wrong = transcript.segments.iter().position(|s| {
        let falls = s.start < before || s.end < s.start;
        before = s.start;
        falls
    });
    check(
        "times_rise",
        wrong.is_none(),
        wrong.map_or(Value::Null, |at| json!({"piece": at + 1})),
        Value::Null,
    )
}

fn words_per_minute(words: usize, secs: f64, args: &QualityArgs) -> Check {
    #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
    let rate = rounded(words as f64 / secs * 60.0);
    let (low, high) = (args.min_words_per_minute, args.max_words_per_minute);
    check("words_per_minute", (low..=high).contains(&rate), rate, json!({"min": low, "max": high}))
}

/// Places of a prompt that nobody filled, such as `{title}`.
fn placeholders(text: &str) -> Vec<String> {
    let inner = text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(inner, _)| inner));
    let is_name =
        |s: &&str| !s.is_empty() && s.len() <= 40 && s.chars().all(|c| c.is_alphanumeric() || c == '_');
    inner.filter(is_name).take(20).map(|name| format!("{{{name}}}")).collect()
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(checks: &[Check]) -> Vec<&'static str> {
        checks.iter().filter(|c| !c.ok).map(|c| c.name).collect()
    }

    fn vtt(cues: &[(u32, u32, &str)]) -> String {
        let cue = |(from, to, text): &(u32, u32, &str)| {
            format!(
                "00:{:02}:{:02}.000 --> 00:{:02}:{:02}.000\n{text}\n\n",
                from / 60,
                from % 60,
                to / 60,
                to % 60
            )
        };
        format!("WEBVTT\n\n{}", cues.iter().map(cue).collect::<String>())
    }

    #[test]
    fn a_good_transcript_passes_every_check() {
        let good = vtt(&[(0, 4, "one two three four five"), (4, 9, "six seven eight nine ten eleven")]);
        let checks = of_transcript(&good, Some(10.0), &QualityArgs::default());
        assert_eq!(failed(&checks), Vec::<&str>::new(), "{checks:?}");
        let names: Vec<_> = checks.iter().map(|c| c.name).collect();
        let expected = [
            "parses",
            "not_empty",
            "not_only_marks",
            "repeated_lines",
            "times_rise",
            "words_per_minute",
            "coverage",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn each_check_finds_its_fault() {
        let args = QualityArgs::default();
        let found = |text: &str, secs: f64| failed(&of_transcript(text, Some(secs), &args));
        assert_eq!(found("WEBVTT\n\nx --> y\nz", 9.0), ["parses"]);
        assert_eq!(found("...", 0.5), ["not_empty", "words_per_minute"]);
        assert_eq!(
            found(&vtt(&[(0, 3, "[BLANK_AUDIO]"), (3, 6, "(music playing)")]), 6.0),
            ["not_only_marks", "words_per_minute"]
        );
        let loops =
            vtt(&[(0, 3, "thank you so much"), (3, 6, "thank you so much"), (6, 9, "Thank you so much")]);
        assert_eq!(found(&loops, 9.0), ["repeated_lines"]);
        assert_eq!(
            found(&vtt(&[(5, 9, "one two three four"), (0, 5, "five six seven eight nine")]), 9.0),
            ["times_rise"]
        );
        assert_eq!(found(&vtt(&[(0, 60, "one two")]), 60.0), ["words_per_minute"]);
        assert_eq!(
            found(&vtt(&[(0, 9, "one two three four five six seven eight nine ten")]), 12.0),
            ["coverage"]
        );
    }

    #[test]
    fn written_texts_have_their_own() {
        let args = QualityArgs { min_chars: 5, max_chars: 20, ..QualityArgs::default() };
        let found = |text: &str, reason| failed(&of_content(text, reason, &args));
        assert_eq!(found("A good text.", Some("stop")), Vec::<&str>::new());
        assert_eq!(found("A good text.", Some("length")), ["finish_reason"]);
        assert_eq!(found("  ", None), ["not_empty", "length"]);
        assert_eq!(found("Dear {name}, hi", None), ["no_placeholders"]);
        assert_eq!(found("far too long for this", None), ["length"]);
        assert_eq!(found("{} { a } {x", None), Vec::<&str>::new());
    }
}
