//! Jobs of programs that speak the Faktory Work Protocol: what they have there beside a job of ours, and
//! what becomes of them when they fail.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Backoff, Claim, Timestamp};

/// The least and the longest time that a job may be reserved for.
pub const RESERVED: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(60)..=Duration::from_secs(86_400);
/// Failures that are followed by another try, where a program does not say.
pub const DEFAULT_RETRY: i64 = 25;
/// The most lines of a backtrace that are kept.
const MAX_BACKTRACE: usize = 50;
/// The longest message of a failure, and the longest name of its kind, in bytes.
const MAX_MESSAGE: usize = 1_000;
const MAX_KIND: usize = 100;

impl Claim {
    /// The node of a claim that a remote worker holds: no process of ours, so none can die under it.
    pub const REMOTE: i64 = -1;
}

/// What a job has there and not here. Absent: it was not given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteExtra {
    /// Its id as given, where that is not what it is looked up by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jid: Option<String>,
    /// Its type as given, where that is no job type here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobtype: Option<String>,
    /// Failures that are followed by another try; 0: a failure ends it and nothing is kept; negative:
    /// a failure ends it. `None`: the job was not pushed by such a program, and our rules hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<i64>,
    /// As given, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserve_for: Option<i64>,
    /// As given: not before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// As given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// How many lines of backtrace the program wants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backtrace: Option<i64>,
    /// The last failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<RemoteFailure>,
}

/// The last failure of a job, as it is told to whoever fetches the job again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteFailure {
    /// 0 after the first one.
    pub retry_count: u64,
    /// Tries that were left before it.
    pub remaining: u64,
    /// When the first one was.
    pub failed_at: Timestamp,
    /// When it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at: Option<Timestamp>,
    /// What went wrong.
    pub message: String,
    /// Its kind.
    pub errtype: String,
    /// Where.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backtrace: Vec<String>,
}

/// A failure as a worker tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Complaint {
    message: String,
    errtype: String,
    backtrace: Vec<String>,
}

impl Complaint {
    /// Takes what a worker says; what is empty becomes `unknown`, what is too long is cut.
    #[must_use]
    pub fn new(errtype: &str, message: &str, mut backtrace: Vec<String>) -> Self {
        backtrace.truncate(MAX_BACKTRACE);
        Self { message: said(message, MAX_MESSAGE), errtype: said(errtype, MAX_KIND), backtrace }
    }

    /// The same in other words.
    #[must_use]
    pub fn reworded(self, say: impl Fn(&str) -> String) -> Self {
        let backtrace = self.backtrace.iter().map(|line| say(line)).collect();
        Self { message: say(&self.message), errtype: self.errtype, backtrace }
    }

    /// The end of a reservation that nobody reported on.
    #[must_use]
    pub fn expired() -> Self {
        Self::new("ReservationExpired", "Faktory job reservation expired", Vec::new())
    }

    /// For people: the kind, the message and the backtrace.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{}: {}", self.errtype, self.message);
        for line in &self.backtrace {
            text.push_str("\n    ");
            text.push_str(line);
        }
        text
    }
}

fn said(text: &str, most: usize) -> String {
    let text = text.trim();
    // The database of more than one store refuses it.
    let text = if text.is_empty() { "unknown".to_owned() } else { text.replace('\0', "\u{fffd}") };
    let end = (0..=most.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or_default();
    text[..end].to_owned()
}

/// What a failure means for a job that such a program pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AfterFailure {
    /// What is kept of it.
    pub failure: RemoteFailure,
    /// How long until the next try; `None`: there is none.
    pub delay: Option<Duration>,
    /// Whether the job is to be forgotten.
    pub discarded: bool,
}

impl RemoteExtra {
    /// The rule of the protocol: with `n` failures before this one, the job is tried again as long as
    /// `n` is less than `retry`, after `n⁴ + 15 + (0..=29) · (n + 1)` seconds. `luck` in 0..=1 picks
    /// the jitter. `None` when our rules hold.
    #[must_use]
    pub fn after_failure(&self, complaint: &Complaint, now: Timestamp, luck: f64) -> Option<AfterFailure> {
        let retry = self.retry?;
        let before = self.failure.as_ref();
        let n = before.map_or(0, |failure| failure.retry_count + 1);
        let again = i64::try_from(n).is_ok_and(|n| n < retry);
        let delay = again.then(|| delay(n, luck));
        let remaining = before.map_or(retry, |failure| i64::try_from(failure.remaining).unwrap_or(0) - 1);
        let failure = RemoteFailure {
            retry_count: n,
            remaining: u64::try_from(remaining).unwrap_or(0),
            failed_at: before.map_or(now, |failure| failure.failed_at),
            next_at: delay.map(|delay| now.plus(delay)),
            message: complaint.message.clone(),
            errtype: complaint.errtype.clone(),
            backtrace: complaint.backtrace.clone(),
        };
        Some(AfterFailure { failure, delay, discarded: retry == 0 })
    }
}

fn delay(n: u64, luck: f64) -> Duration {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let jitter = (luck.clamp(0.0, 1.0) * 29.0).round() as u64;
    Duration::from_secs(n.saturating_pow(4).saturating_add(15).saturating_add(jitter.saturating_mul(n + 1)))
}

impl AfterFailure {
    /// The delay as a backoff, which is what the end of an attempt goes by.
    #[must_use]
    pub fn backoff(&self) -> Backoff {
        let secs = self.delay.unwrap_or_default().as_secs_f64();
        Backoff { base_delay_secs: secs, multiplier: 1.0, max_delay_secs: secs, jitter: 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn one_retry_means_one_more_try() {
        let mut extra = RemoteExtra { retry: Some(1), ..RemoteExtra::default() };
        let first = extra.after_failure(&Complaint::new("E", "m", vec![]), at(0), 0.0).unwrap();
        assert_eq!(first.delay, Some(Duration::from_secs(15)));
        assert_eq!((first.failure.retry_count, first.failure.remaining), (0, 1));
        extra.failure = Some(first.failure);
        let second = extra.after_failure(&Complaint::expired(), at(9), 1.0).unwrap();
        assert_eq!((second.delay, second.discarded), (None, false));
        assert_eq!((second.failure.retry_count, second.failure.remaining), (1, 0));
        assert_eq!((second.failure.failed_at, second.failure.next_at), (at(0), None));
    }

    #[test]
    fn delays_grow_with_the_fourth_power() {
        for (n, least, most) in [(0, 15, 44), (1, 16, 74), (2, 31, 118)] {
            assert_eq!(delay(n, 0.0).as_secs(), least);
            assert_eq!(delay(n, 1.0).as_secs(), most);
        }
    }

    #[test]
    fn none_and_negative_end_at_once() {
        for (retry, discarded) in [(0, true), (-1, false)] {
            let extra = RemoteExtra { retry: Some(retry), ..RemoteExtra::default() };
            let after = extra.after_failure(&Complaint::default(), at(0), 0.5).unwrap();
            assert_eq!((after.delay, after.discarded, after.failure.remaining), (None, discarded, 0));
        }
        assert!(RemoteExtra::default().after_failure(&Complaint::default(), at(0), 0.5).is_none());
    }

    #[test]
    fn what_is_said_is_trimmed_named_and_cut() {
        let long = Complaint::new(" ", &"ä".repeat(600), vec!["l".into(); 60]);
        assert_eq!((long.errtype.as_str(), long.message.len(), long.backtrace.len()), ("unknown", 1_000, 50));
        assert_eq!(Complaint::new("E", "\0", vec![]).message, "\u{fffd}");
    }
}
