//! When a schedule is due.

use std::time::Duration;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::domain::cron::{Tongue, every};
use crate::domain::nearest::nearest;
use crate::domain::{Cron, Timestamp};

/// The shortest interval, in seconds.
const MIN_EVERY_SECS: f64 = 1.0;
/// The longest interval, in seconds: a year.
const MAX_EVERY_SECS: f64 = 31_536_000.0;
/// The zone of schedules that name none.
const USUAL_ZONE: &str = "UTC";

/// When a schedule is due: a rhythm, and the time zone whose clock it goes by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Timing {
    when: When,
    zone_name: String,
    zone: TimeZone,
}

/// The rhythm of a schedule.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// At the wall times that an expression names.
    Cron(Box<Cron>),
    /// Again and again after so long a time.
    Every(Duration),
}

/// A timing as users write it and the database keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    cron: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    every_secs: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timezone: Option<String>,
}

impl Default for Timing {
    /// Every day, in UTC.
    fn default() -> Self {
        let when = When::Every(Duration::from_secs(24 * 60 * 60));
        Self { when, zone_name: USUAL_ZONE.to_owned(), zone: TimeZone::UTC }
    }
}

impl Timing {
    /// From what a user wrote.
    ///
    /// # Errors
    /// All that is wrong, as (field, message).
    pub fn new(
        cron: Option<&str>,
        every_secs: Option<f64>,
        timezone: Option<&str>,
    ) -> Result<Self, Vec<(&'static str, String)>> {
        let mut faults = Vec::new();
        let when = rhythm(cron, every_secs).map_err(|fault| faults.push(fault));
        let zone_name = timezone.unwrap_or(USUAL_ZONE);
        let zone = time_zone(zone_name).map_err(|message| faults.push(("timezone", message)));
        match (when, zone) {
            (Ok(when), Ok(zone)) => {
                let zone_name = zone.iana_name().unwrap_or(zone_name).to_owned();
                Ok(Self { when, zone_name, zone })
            }
            _ => Err(faults),
        }
    }

    /// The rhythm.
    #[must_use]
    pub fn when(&self) -> &When {
        &self.when
    }

    /// The cron expression, if it goes by one.
    #[must_use]
    pub fn cron(&self) -> Option<&Cron> {
        match &self.when {
            When::Cron(cron) => Some(cron),
            When::Every(_) => None,
        }
    }

    /// The interval in seconds, if it goes by one.
    #[must_use]
    pub fn every_secs(&self) -> Option<f64> {
        match self.when {
            When::Cron(_) => None,
            When::Every(every) => Some(every.as_secs_f64()),
        }
    }

    /// The IANA name of its time zone.
    #[must_use]
    pub fn timezone(&self) -> &str {
        &self.zone_name
    }

    /// The field that says when.
    #[must_use]
    pub fn field(&self) -> &'static str {
        match self.when {
            When::Cron(_) => "cron",
            When::Every(_) => "every_secs",
        }
    }

    /// When it is due, in words.
    #[must_use]
    pub fn describe(&self, tongue: Tongue) -> String {
        match &self.when {
            When::Cron(cron) => cron.describe(tongue),
            When::Every(interval) => every(*interval, tongue),
        }
    }

    /// When it is due for the first time, set up now; `None`: never.
    #[must_use]
    pub fn first(&self, now: Timestamp) -> Option<Timestamp> {
        match &self.when {
            When::Cron(cron) => next_of(cron, &self.zone, now),
            When::Every(every) => before_the_end(now.plus(*every)),
        }
    }

    /// When it is due next after now, given one of its due times.
    #[must_use]
    pub fn next(&self, due: Timestamp, now: Timestamp) -> Option<Timestamp> {
        if due > now {
            return Some(due);
        }
        match &self.when {
            When::Cron(cron) => next_of(cron, &self.zone, now),
            When::Every(every) => before_the_end(last_of(*every, due, now).plus(*every)),
        }
    }

    /// The due times from the first one, `due`, up to now: the newest first, at most `most`.
    #[must_use]
    pub fn due_until(&self, due: Timestamp, now: Timestamp, most: usize) -> Vec<Timestamp> {
        let newest = match &self.when {
            When::Cron(cron) => last_cron(cron, &self.zone, now),
            When::Every(every) => Some(last_of(*every, due, now)),
        };
        let before = |at: &Timestamp| match &self.when {
            When::Cron(cron) => last_cron(cron, &self.zone, at.minus(Duration::from_millis(1))),
            When::Every(every) => Some(at.minus(*every)),
        };
        std::iter::successors(newest, before).take_while(|at| *at >= due).take(most).collect()
    }

    /// The next `n` due times, the first of which is known.
    #[must_use]
    pub fn upcoming(&self, first: Option<Timestamp>, n: usize) -> Vec<Timestamp> {
        std::iter::successors(first, |at| self.next(*at, *at)).take(n).collect()
    }
}

impl From<Timing> for Written {
    fn from(timing: Timing) -> Self {
        Self {
            cron: timing.cron().map(|cron| cron.as_str().to_owned()),
            every_secs: timing.every_secs(),
            timezone: Some(timing.zone_name),
        }
    }
}

impl TryFrom<Written> for Timing {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        Self::new(written.cron.as_deref(), written.every_secs, written.timezone.as_deref()).map_err(
            |faults| {
                faults
                    .into_iter()
                    .map(|(field, message)| format!("{field} {message}"))
                    .collect::<Vec<_>>()
                    .join("; ")
            },
        )
    }
}

fn rhythm(cron: Option<&str>, every_secs: Option<f64>) -> Result<When, (&'static str, String)> {
    match (cron, every_secs) {
        (Some(_), Some(_)) => Err(("every_secs", "cannot be given together with cron".into())),
        (None, None) => Err(("cron", "is missing: give cron or every_secs".into())),
        (Some(cron), None) => match cron.parse() {
            Ok(cron) => Ok(When::Cron(Box::new(cron))),
            Err(message) => Err(("cron", message)),
        },
        (None, Some(secs)) if (MIN_EVERY_SECS..=MAX_EVERY_SECS).contains(&secs) => {
            // Whole milliseconds, as times are kept.
            let millis = Duration::from_secs_f64(secs).as_millis();
            Ok(When::Every(Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))))
        }
        (None, Some(secs)) => {
            let right = format!("must be from {MIN_EVERY_SECS} to {MAX_EVERY_SECS} (a year), got {secs}");
            Err(("every_secs", right))
        }
    }
}

fn time_zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| {
        let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        let near = nearest(name, known.iter().map(String::as_str));
        let hint = match near.is_empty() {
            true => "Europe/Berlin or UTC".to_owned(),
            false => near.join(", "),
        };
        format!("is not the name of an IANA time zone, such as {hint}")
    })
}

/// The newest of the due times `due`, `due + every`, … up to now.
fn last_of(every: Duration, due: Timestamp, now: Timestamp) -> Timestamp {
    let (every, since) = (every.as_millis().max(1), now.since(due).as_millis());
    let whole = u64::try_from(since - since % every).unwrap_or_default();
    due.plus(Duration::from_millis(whole))
}

fn next_of(cron: &Cron, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    let next = cron.next_after(zone, jiff::Timestamp::from_millisecond(now.as_millis()).ok()?)?;
    before_the_end(Timestamp::from_millis(next.as_millisecond()))
}

fn last_cron(cron: &Cron, zone: &TimeZone, until: Timestamp) -> Option<Timestamp> {
    let last = cron.last_until(zone, jiff::Timestamp::from_millisecond(until.as_millis()).ok()?)?;
    Some(Timestamp::from_millis(last.as_millisecond()))
}

fn before_the_end(at: Timestamp) -> Option<Timestamp> {
    (at < Timestamp::MAX).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn every(secs: f64) -> Timing {
        Timing::new(None, Some(secs), None).unwrap()
    }

    #[test]
    fn intervals_keep_their_grid() {
        let (timing, t) = (every(1.5), Timestamp::from_millis);
        assert_eq!(timing.first(t(100)), Some(t(1600)));
        assert_eq!(timing.next(t(1600), t(1599)), Some(t(1600)));
        assert_eq!(timing.next(t(1600), t(1600)), Some(t(3100)));
        assert_eq!(timing.next(t(1600), t(10_000)), Some(t(10_600)));
        assert_eq!(timing.due_until(t(1600), t(7000), 9), [t(6100), t(4600), t(3100), t(1600)]);
        assert_eq!(timing.due_until(t(1600), t(7000), 2), [t(6100), t(4600)]);
        assert_eq!(timing.upcoming(Some(t(1600)), 3), [t(1600), t(3100), t(4600)]);
        assert_eq!(timing.first(Timestamp::MAX), None);
    }

    #[test]
    fn expressions_are_due_in_their_zone() {
        let timing = Timing::new(Some("30 4 * * *"), None, Some("europe/berlin")).unwrap();
        assert_eq!(timing.timezone(), "Europe/Berlin");
        let first = timing.first(at("2030-01-01T00:00:00Z")).unwrap();
        assert_eq!(first, at("2030-01-01T03:30:00Z"));
        assert_eq!(timing.next(first, first), Some(at("2030-01-02T03:30:00Z")));
        let three = timing.due_until(first, at("2030-01-03T12:00:00Z"), 9);
        assert_eq!(three, [at("2030-01-03T03:30:00Z"), at("2030-01-02T03:30:00Z"), first]);
    }

    #[test]
    fn everything_wrong_is_named() {
        let faults = |cron, every, zone| -> Vec<&str> {
            let found = Timing::new(cron, every, zone).map(|_| ()).unwrap_err();
            found.into_iter().map(|(field, _)| field).collect()
        };
        assert_eq!(faults(None, None, None), ["cron"]);
        assert_eq!(faults(Some("* * * * *"), Some(5.0), Some("Mars")), ["every_secs", "timezone"]);
        assert_eq!(faults(Some("61 * * * *"), None, Some("")), ["cron", "timezone"]);
        for secs in [0.0, 0.99, -1.0, f64::NAN, f64::INFINITY, 31_536_000.5] {
            assert_eq!(faults(None, Some(secs), None), ["every_secs"], "{secs}");
        }
        let near = Timing::new(None, Some(5.0), Some("Europe/Berln")).unwrap_err();
        assert!(near[0].1.contains("Europe/Berlin"), "{near:?}");
    }

    #[test]
    fn it_is_kept_as_it_was_written() {
        let timing = Timing::new(Some("@daily"), None, Some("Asia/Tokyo")).unwrap();
        let text = serde_json::to_string(&timing).unwrap();
        assert_eq!(text, r#"{"cron":"@daily","timezone":"Asia/Tokyo"}"#);
        assert_eq!(serde_json::from_str::<Timing>(&text).unwrap(), timing);
        assert_eq!(serde_json::to_string(&every(2.5)).unwrap(), r#"{"every_secs":2.5,"timezone":"UTC"}"#);
    }
}
