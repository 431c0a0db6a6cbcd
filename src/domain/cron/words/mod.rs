//! Cron expressions and intervals in words, for people who do not read stars.

mod english;
mod russian;
mod shape;

use std::time::Duration;

use super::grammar::Expression;
use shape::{Days, MonthDay, Part, Shape, TimeOfDay, Weekdays};

/// A language in which times are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tongue {
    /// English.
    #[default]
    English,
    /// Russian.
    Russian,
}

/// The units that intervals are told in, the largest first, in milliseconds.
const UNITS: [(Unit, u64); 4] =
    [(Unit::Day, 86_400_000), (Unit::Hour, 3_600_000), (Unit::Minute, 60_000), (Unit::Second, 1000)];

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Day,
    Hour,
    Minute,
    Second,
}

/// What a language has to say. Days and months are numbered as in expressions, from Sunday, 0, and
/// from January, 1.
trait Words {
    /// `and`.
    fn and(&self) -> &'static str;
    /// `every 15 minutes`; the number is written, as it may have a fraction.
    fn every(&self, number: &str, unit: Unit) -> String;
    /// `at 04:30 and 16:30`, beside days.
    fn at(&self, times: &str) -> String;
    /// `at minute 5 and 10`: seconds of minutes, or minutes of hours.
    fn at_numbers(&self, numbers: &str, unit: Unit, several: bool) -> String;
    /// `from 09:00 to 17:45`.
    fn span(&self, from: &str, to: &str) -> String;
    /// `in the hours 9 and 17`.
    fn in_hours(&self, hours: &str) -> String;
    /// `on day 1 of the month`.
    fn month_day(&self, day: &MonthDay) -> String;
    /// `on Monday and Friday`.
    fn weekdays(&self, days: &[u32]) -> String;
    /// `on the second Friday of the month`; `None`: the last one.
    fn weekday_of_month(&self, n: Option<u32>, day: u32) -> String;
    /// These days, or those.
    fn either(&self, days: &str, others: &str) -> String;
    /// These days, if they are among those.
    fn only(&self, days: &str, among: &str) -> String;
    /// `in January and July`.
    fn months(&self, months: &[u32]) -> String;
}

impl Tongue {
    fn words(self) -> &'static dyn Words {
        match self {
            Self::English => &english::English,
            Self::Russian => &russian::Russian,
        }
    }
}

/// An interval in words.
#[must_use]
pub fn every(interval: Duration, tongue: Tongue) -> String {
    let ms = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
    let (unit, size) =
        UNITS.into_iter().find(|(_, size)| ms.is_multiple_of(*size)).unwrap_or((Unit::Second, 1000));
    let number = match (ms / size, ms % size) {
        (whole, 0) => whole.to_string(),
        (whole, rest) => format!("{whole}.{}", format!("{rest:03}").trim_end_matches('0')),
    };
    tongue.words().every(&number, unit)
}

/// An expression in words.
pub(super) fn describe(expression: &Expression, tongue: Tongue) -> String {
    let Shape { time, days, months } = Shape::of(expression);
    let words = tongue.words();
    let days = match &days {
        Days::Every => None,
        Days::Month(month) => Some(month_days(words, month)),
        Days::Week(week) => Some(weekdays(words, week)),
        Days::Either(month, week) => Some(words.either(&month_days(words, month), &weekdays(words, week))),
        Days::Both(month, week) => Some(words.only(&month_days(words, month), &weekdays(words, week))),
    };
    let mut parts = Vec::new();
    match time {
        TimeOfDay::At(times) => {
            let days = days.unwrap_or_else(|| words.every("1", Unit::Day));
            parts.push(format!("{days} {}", words.at(&list(&times, words.and()))));
        }
        TimeOfDay::Often { second, minute, hour } => {
            parts = often(words, &second, &minute, &hour);
            parts.extend(days);
        }
    }
    if !months.is_empty() {
        parts.push(words.months(&months));
    }
    parts.join(", ")
}

/// Seconds, minutes and hours of a rhythm within the day.
fn often(words: &dyn Words, second: &Part, minute: &Part, hour: &Part) -> Vec<String> {
    let mut parts = Vec::new();
    match second {
        Part::Each => parts.push(words.every("1", Unit::Second)),
        Part::Step(n) => parts.push(words.every(&n.to_string(), Unit::Second)),
        Part::Only(_) if second.is_zero() => {}
        Part::Only(at) => parts.push(at_numbers(words, at, Unit::Second)),
    }
    match minute {
        Part::Each if matches!(second, Part::Only(_)) => parts.push(words.every("1", Unit::Minute)),
        Part::Each => {}
        Part::Step(n) => parts.push(words.every(&n.to_string(), Unit::Minute)),
        Part::Only(_) if minute.is_zero() && parts.is_empty() => {}
        Part::Only(at) => parts.push(at_numbers(words, at, Unit::Minute)),
    }
    let hourly = matches!(minute, Part::Only(_));
    match hour {
        Part::Each if hourly => parts.push(words.every("1", Unit::Hour)),
        Part::Each => {}
        Part::Step(n) => parts.push(words.every(&n.to_string(), Unit::Hour)),
        Part::Only(hours) => match hour.run() {
            None => parts.push(words.in_hours(&numbers(hours, words.and()))),
            Some((first, last)) => {
                let (low, high) = minute.ends(60);
                let span = words.span(&format!("{first:02}:{low:02}"), &format!("{last:02}:{high:02}"));
                let each = hourly.then(|| words.every("1", Unit::Hour));
                parts.push(each.into_iter().chain([span]).collect::<Vec<_>>().join(" "));
            }
        },
    }
    parts
}

fn at_numbers(words: &dyn Words, at: &[u32], unit: Unit) -> String {
    words.at_numbers(&numbers(at, words.and()), unit, at.len() > 1)
}

fn month_days(words: &dyn Words, days: &[MonthDay]) -> String {
    let days: Vec<String> = days.iter().map(|day| words.month_day(day)).collect();
    list(&days, words.and())
}

fn weekdays(words: &dyn Words, days: &Weekdays) -> String {
    let each = (!days.each.is_empty()).then(|| words.weekdays(&days.each));
    let nth = days.nth.iter().map(|(n, day)| words.weekday_of_month(Some(*n), *day));
    let last = days.last.iter().map(|day| words.weekday_of_month(None, *day));
    list(&each.into_iter().chain(nth).chain(last).collect::<Vec<_>>(), words.and())
}

/// `a`, `a and b`, `a, b and c`.
fn list(items: &[String], and: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [front @ .., last] => format!("{} {and} {last}", front.join(", ")),
    }
}

/// Numbers as a list, with runs of three and more as ranges.
fn numbers(values: &[u32], and: &str) -> String {
    let runs = values.chunk_by(|a, b| a + 1 == *b);
    let items = runs.flat_map(|run| match run {
        [first, _, .., last] => vec![format!("{first}–{last}")],
        few => few.iter().map(u32::to_string).collect(),
    });
    list(&items.collect::<Vec<_>>(), and)
}

#[cfg(test)]
mod tests;
