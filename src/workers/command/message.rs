//! What a program says to callboard: lines on standard output that begin with `::callboard `.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::domain::Json;
use crate::domain::job_document::JobDocument;

/// What such lines begin with.
const PREFIX: &[u8] = b"::callboard ";
/// How much longer a line may be than the largest result that fits into it.
const AROUND_A_RESULT: usize = 4096;
/// The longest that a program may ask to be left alone: a hundred years.
const MAX_SNOOZE_SECS: f64 = 3.2e9;

/// A line's content. Several things may be said at once.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Message {
    /// How far it is.
    #[serde(default)]
    pub progress: Option<Step>,
    /// What is kept as the job's result.
    #[serde(default, deserialize_with = "present")]
    pub result: Option<Json>,
    /// Call again after so many seconds.
    #[serde(default)]
    pub snooze_secs: Option<f64>,
    /// More jobs, to be made when the program has ended well.
    #[serde(default)]
    pub jobs: Vec<JobDocument>,
}

/// A step of progress.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// Where it does not follow from the counts.
    #[serde(default)]
    pub percent: Option<f64>,
    /// How many are done.
    #[serde(default)]
    pub processed: f64,
    /// Of how many.
    #[serde(default)]
    pub total: Option<f64>,
    /// For people.
    #[serde(default)]
    pub message: Option<String>,
}

/// A null is a result too.
fn present<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(d).map(Some)
}

impl Message {
    /// Reads a line, prefix and all.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(line: &[u8]) -> Result<Self, String> {
        let body = line.strip_prefix(PREFIX).unwrap_or(line);
        let body = std::str::from_utf8(body).map_err(|_| "it is not UTF-8".to_owned())?;
        let message: Self = serde_json::from_str(body).map_err(|e| e.to_string())?;
        message.check()?;
        Ok(message)
    }

    /// How long to leave it alone.
    pub fn snooze(&self) -> Option<Duration> {
        self.snooze_secs.and_then(|secs| Duration::try_from_secs_f64(secs).ok())
    }

    fn check(&self) -> Result<(), String> {
        let is_empty = self.progress.is_none() && self.result.is_none() && self.snooze_secs.is_none();
        if is_empty && self.jobs.is_empty() {
            return Err("it has none of progress, result, snooze_secs and jobs".into());
        }
        for (i, job) in self.jobs.iter().enumerate() {
            job.check().map_err(|e| format!("jobs[{i}].{e}"))?;
        }
        if let Some(result) = &self.result {
            Json::checked(result.as_str()).map_err(|e| format!("result: {e}"))?;
        }
        let counts = self.progress.iter().flat_map(|p| [Some(p.processed), p.total, p.percent]).flatten();
        if counts.into_iter().any(|n| n < 0.0) {
            return Err("progress: numbers must not be negative".into());
        }
        match self.snooze_secs {
            Some(secs) if !(0.0..=MAX_SNOOZE_SECS).contains(&secs) => {
                Err("snooze_secs: must be a number of seconds from 0 to a hundred years".into())
            }
            _ => Ok(()),
        }
    }
}

/// A piece of standard output.
#[derive(Debug, PartialEq)]
pub(super) enum Piece<'a> {
    /// Log, as it came.
    Text(&'a [u8]),
    /// A whole line for callboard, without its end.
    Message(&'a [u8]),
    /// The beginning of a line for callboard that is too long; the rest of it comes as text.
    TooLong(&'a [u8]),
}

/// Tells messages from log. Log is passed on at once; what may be a message is held back until its
/// line is complete.
pub(super) struct MessageFilter {
    held: Vec<u8>,
    inside_text_line: bool,
    max_line: usize,
}

impl MessageFilter {
    /// For programs whose results may be so large.
    pub fn new(max_result: usize) -> Self {
        Self { held: Vec::new(), inside_text_line: false, max_line: max_result + AROUND_A_RESULT }
    }

    /// Takes bytes, and calls `each` with the pieces that they make.
    pub fn push(&mut self, mut bytes: &[u8], mut each: impl FnMut(Piece<'_>)) {
        while !bytes.is_empty() {
            bytes = if self.inside_text_line || (self.held.is_empty() && !may_be_message(bytes)) {
                self.pass_on(bytes, &mut each)
            } else {
                self.hold_back(bytes, &mut each)
            };
        }
    }

    /// Says that there are no more bytes; a last line without an end counts too.
    pub fn finish(&mut self, mut each: impl FnMut(Piece<'_>)) {
        match std::mem::take(&mut self.held) {
            held if held.is_empty() => {}
            held if held.starts_with(PREFIX) => each(Piece::Message(&held)),
            held => each(Piece::Text(&held)),
        }
    }

    /// Passes on text, up to a line that may be a message.
    fn pass_on<'b>(&mut self, bytes: &'b [u8], each: &mut impl FnMut(Piece<'_>)) -> &'b [u8] {
        let next = (1..bytes.len()).find(|at| bytes[at - 1] == b'\n' && may_be_message(&bytes[*at..]));
        let (text, rest) = bytes.split_at(next.unwrap_or(bytes.len()));
        each(Piece::Text(text));
        self.inside_text_line = text.last() != Some(&b'\n');
        rest
    }

    fn hold_back<'b>(&mut self, bytes: &'b [u8], each: &mut impl FnMut(Piece<'_>)) -> &'b [u8] {
        let line_end = bytes.iter().position(|b| *b == b'\n').map(|at| at + 1);
        let (part, rest) = bytes.split_at(line_end.unwrap_or(bytes.len()));
        self.held.extend_from_slice(part);
        let held = self.held.as_slice();
        if !may_be_message(held) {
            each(Piece::Text(held));
            self.inside_text_line = line_end.is_none();
        } else if held.len() > self.max_line {
            each(Piece::TooLong(held));
            self.inside_text_line = line_end.is_none();
        } else if let Some(line) = held.strip_suffix(b"\n") {
            each(Piece::Message(line.strip_suffix(b"\r").unwrap_or(line)));
        } else {
            return rest;
        }
        self.held.clear();
        rest
    }
}

/// Whether a line that begins so is a message, or may become one.
fn may_be_message(line: &[u8]) -> bool {
    line.starts_with(PREFIX) || PREFIX.starts_with(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sort(chunks: &[&[u8]]) -> (String, Vec<String>) {
        let (mut text, mut messages) = (Vec::new(), Vec::new());
        let mut take = |piece: Piece<'_>| match piece {
            Piece::Text(bytes) | Piece::TooLong(bytes) => text.extend_from_slice(bytes),
            Piece::Message(line) => messages.push(String::from_utf8(line.to_vec()).unwrap()),
        };
        let mut filter = MessageFilter::new(1024 * 1024);
        for chunk in chunks {
            filter.push(chunk, &mut take);
        }
        filter.finish(&mut take);
        (String::from_utf8(text).unwrap(), messages)
    }

    #[test]
    fn cut_anywhere_the_same_comes_out() {
        let all = b"one\n::callboard {\"a\"}\r\n::call\n\n:\nx ::callboard no\n::callboard last";
        let expected = "one\n::call\n\n:\nx ::callboard no\n".to_owned();
        let messages = vec!["::callboard {\"a\"}".to_owned(), "::callboard last".to_owned()];
        for a in 0..all.len() {
            for b in a..all.len() {
                assert_eq!(sort(&[&all[..a], &all[a..b], &all[b..]]), (expected.clone(), messages.clone()));
            }
        }
    }

    #[test]
    fn text_is_passed_on_at_once() {
        let mut filter = MessageFilter::new(1024 * 1024);
        let mut pieces = 0;
        filter.push(b"Password: ", |piece| {
            assert_eq!(piece, Piece::Text(b"Password: "));
            pieces += 1;
        });
        assert_eq!(pieces, 1);
    }

    #[test]
    fn endless_messages_are_not_collected() {
        let mut filter = MessageFilter::new(1024 * 1024);
        filter.push(PREFIX, |_| panic!("too early"));
        let mut too_long = 0;
        for _ in 0..40 {
            filter.push(&vec![b'x'; 64 * 1024], |piece| {
                too_long += usize::from(matches!(piece, Piece::TooLong(_)));
            });
            assert!(filter.held.len() <= filter.max_line);
        }
        assert_eq!(too_long, 1);
    }

    #[test]
    fn reads_what_the_contract_names() {
        let read = |body: &str| Message::parse(format!("::callboard {body}").as_bytes());
        let step =
            read(r#"{"progress":{"processed":3,"total":10,"message":"hi"}}"#).unwrap().progress.unwrap();
        assert_eq!((step.processed, step.total, step.message.as_deref()), (3.0, Some(10.0), Some("hi")));
        assert_eq!(read(r#"{"result":{"n":1.10}}"#).unwrap().result.unwrap().as_str(), r#"{"n":1.10}"#);
        assert_eq!(read(r#"{"result":null}"#).unwrap().result.unwrap().as_str(), "null");
        assert_eq!(read(r#"{"jobs":[{"job_type":"t"}]}"#).unwrap().jobs.len(), 1);
        assert_eq!(read(r#"{"snooze_secs":0.5}"#).unwrap().snooze(), Some(Duration::from_millis(500)));
    }

    #[test]
    fn says_what_is_wrong() {
        for bad in [
            "",
            "{}",
            "[]",
            "{\"result\":1} x",
            "{\"resul\":1}",
            "{\"snooze_secs\":-1}",
            "{\"snooze_secs\":1e300}",
            "{\"progress\":{\"processed\":-1}}",
            "{\"progress\":{\"processed\":\"3\"}}",
            "{\"result\":\"\\u0000\"}",
            "{\"jobs\":[]}",
            "{\"jobs\":[{\"job_type\":\"t\",\"args\":[\"\\u0000\"]}]}",
            "{\"jobs\":[{\"job_typ\":\"t\"}]}",
        ] {
            assert!(Message::parse(format!("::callboard {bad}").as_bytes()).is_err(), "{bad}");
        }
        assert!(Message::parse(b"::callboard \xFF").unwrap_err().contains("UTF-8"));
    }
}
