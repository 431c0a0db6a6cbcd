//! The model: slow and plain.

use jiff::civil::{Date, DateTime, Weekday, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

const MINUTE: i64 = 60;
const DAY: i64 = 86_400;

/// Three days with a zone's offset in each minute of them.
pub struct Window {
    /// In seconds since the epoch.
    pub start: i64,
    offsets: Vec<i64>,
}

impl Window {
    pub fn around(zone: &TimeZone, middle: i64) -> Self {
        let start = middle - 3 * DAY / 2;
        let offset = |at: i64| i64::from(zone.to_offset(Timestamp::from_second(at).unwrap()).seconds());
        let offsets = (0..3 * DAY / MINUTE).map(|n| offset(start + n * MINUTE)).collect();
        Self { start, offsets }
    }

    pub fn seconds(&self) -> i64 {
        i64::try_from(self.offsets.len()).unwrap() * MINUTE
    }

    pub fn end(&self) -> i64 {
        self.start + self.seconds()
    }

    pub fn has_a_change(&self) -> bool {
        self.offsets.windows(2).any(|pair| pair[0] != pair[1])
    }
}

/// A day as a day field names it.
enum Day {
    Number(i8),
    Last,
    LastWorking,
    Nearest(i8),
    Weekday(Weekday),
    NthWeekday(Weekday, i8),
    LastWeekday(Weekday),
}

/// An expression, read in the plainest way.
pub struct Model {
    second: Vec<i8>,
    minute: Vec<i8>,
    hour: Vec<i8>,
    days: Vec<Day>,
    month: Vec<i8>,
    weekdays: Vec<Day>,
    day_rule: DayRule,
    by_the_clock: bool,
}

/// Which of the two day fields count.
enum DayRule {
    Neither,
    Days,
    Weekdays,
    Either,
    Both,
}

impl Model {
    pub fn of(text: &str) -> Self {
        let text = text.to_ascii_uppercase();
        let mut fields: Vec<&str> = text.split_whitespace().collect();
        let by_the_clock = fields[..fields.len() - 3].iter().any(|field| field.starts_with('*'));
        if fields.len() == 5 {
            fields.insert(0, "0");
        }
        let any = |field: &str| field == "*" || field == "?";
        Self {
            second: numbers(fields[0], 0, 59),
            minute: numbers(fields[1], 0, 59),
            hour: numbers(fields[2], 0, 23),
            days: fields[3].split(',').flat_map(day_of_month).collect(),
            month: numbers(fields[4], 1, 12),
            weekdays: fields[5].trim_start_matches('+').split(',').flat_map(day_of_week).collect(),
            day_rule: match (any(fields[3]), any(fields[5])) {
                (true, true) => DayRule::Neither,
                (false, true) => DayRule::Days,
                (true, false) => DayRule::Weekdays,
                (false, false) if fields[5].starts_with('+') => DayRule::Both,
                (false, false) => DayRule::Either,
            },
            by_the_clock,
        }
    }

    /// The due times in a window after a moment, at most so many.
    pub fn due_in(&self, window: &Window, after: i64, most: usize) -> Vec<i64> {
        let (mut due, mut shown) = (Vec::new(), None);
        let mut dates = Dates { model: self, last: None };
        for (n, offset) in (0..).zip(&window.offsets) {
            let at = window.start + n * MINUTE;
            let wall = at + offset;
            // The last minute that the clock has shown so far; certain times of the day that it
            // jumps over happen now, and those that it shows again do not.
            let before = shown.unwrap_or(wall - MINUTE);
            let jumped = ((before + MINUTE)..wall).step_by(60).any(|missed| dates.names(missed));
            let again = wall <= before;
            shown = Some(before.max(wall));
            if !self.by_the_clock && jumped {
                due.push(at);
            }
            if dates.names(wall) && (self.by_the_clock || !again) {
                due.extend(self.second.iter().map(|second| at + i64::from(*second)));
            }
            due.retain(|at| *at > after);
            due.dedup();
            if due.len() >= most {
                break;
            }
        }
        due.truncate(most);
        due
    }

    /// The next due times in UTC after a moment, within forty years.
    pub fn due_on_days(&self, after: i64, most: usize) -> Vec<i64> {
        let mut day = wall(after).date();
        let mut due = Vec::new();
        for _ in 0..40 * 366 {
            if self.on(day) {
                let midnight = day.at(0, 0, 0, 0).duration_since(epoch()).as_secs();
                for hour in &self.hour {
                    for minute in &self.minute {
                        let at = midnight + i64::from(*hour) * 3600 + i64::from(*minute) * MINUTE;
                        due.extend(self.second.iter().map(|s| at + i64::from(*s)).filter(|at| *at > after));
                        if due.len() >= most {
                            due.truncate(most);
                            return due;
                        }
                    }
                }
            }
            day = day.tomorrow().unwrap();
        }
        due
    }

    fn on(&self, day: Date) -> bool {
        if !self.month.contains(&day.month()) {
            return false;
        }
        let by_day = self.days.iter().any(|named| named.is(day));
        let by_weekday = self.weekdays.iter().any(|named| named.is(day));
        match self.day_rule {
            DayRule::Neither => true,
            DayRule::Days => by_day,
            DayRule::Weekdays => by_weekday,
            DayRule::Both => by_day && by_weekday,
            DayRule::Either => by_day || by_weekday,
        }
    }
}

/// Whether a minute is named. Minutes come one after the other, so the date is looked at once a day.
struct Dates<'a> {
    model: &'a Model,
    last: Option<(i64, bool)>,
}

impl Dates<'_> {
    fn names(&mut self, at: i64) -> bool {
        let (day, second) = (at.div_euclid(DAY), at.rem_euclid(DAY));
        if self.last.is_none_or(|(last, _)| last != day) {
            self.last = Some((day, self.model.on(wall(at).date())));
        }
        let (hour, minute) = (second / 3600, second % 3600 / MINUTE);
        self.last.unwrap().1
            && self.model.hour.iter().any(|h| i64::from(*h) == hour)
            && self.model.minute.iter().any(|m| i64::from(*m) == minute)
    }
}

impl Day {
    fn is(&self, day: Date) -> bool {
        let last = day.days_in_month();
        let weekend = |d: Date| matches!(d.weekday(), Weekday::Saturday | Weekday::Sunday);
        match self {
            Self::Number(n) => day.day() == *n,
            Self::Last => day.day() == last,
            Self::LastWorking => {
                let working =
                    (1..=last).rev().map(|n| date(day.year(), day.month(), n)).find(|d| !weekend(*d));
                working == Some(day)
            }
            Self::Nearest(n) if *n > last => false,
            Self::Nearest(n) => {
                // The nearest by the calendar, without leaving the month.
                let wanted = date(day.year(), day.month(), *n);
                let near = [0, -1, 1, -2, 2].map(|by| wanted.checked_add(i64::from(by).days()).unwrap());
                let fits = |d: &&Date| d.month() == wanted.month() && !weekend(**d);
                near.iter().find(fits) == Some(&day)
            }
            Self::Weekday(weekday) => day.weekday() == *weekday,
            Self::NthWeekday(weekday, n) => day.weekday() == *weekday && (day.day() - 1) / 7 + 1 == *n,
            Self::LastWeekday(weekday) => day.weekday() == *weekday && day.day() + 7 > last,
        }
    }
}

fn day_of_month(item: &str) -> Vec<Day> {
    match item {
        "L" => vec![Day::Last],
        "LW" => vec![Day::LastWorking],
        _ => match item.strip_suffix('W') {
            Some(day) => vec![Day::Nearest(day.parse().unwrap())],
            None => numbers(item, 1, 31).into_iter().map(Day::Number).collect(),
        },
    }
}

fn day_of_week(item: &str) -> Vec<Day> {
    let weekday = |n: i8| Weekday::from_sunday_zero_offset(n % 7).unwrap();
    let special = item.split_once('#').or_else(|| Some((item.strip_suffix('L')?, "L")));
    match special {
        Some((day, "L")) => vec![Day::LastWeekday(weekday(number(day)))],
        Some((day, n)) => vec![Day::NthWeekday(weekday(number(day)), n.parse().unwrap())],
        None => numbers(item, 0, 7).into_iter().map(|n| Day::Weekday(weekday(n))).collect(),
    }
}

fn numbers(field: &str, low: i8, high: i8) -> Vec<i8> {
    let mut all: Vec<i8> = Vec::new();
    for item in field.split(',') {
        let (span, step) = item.split_once('/').unwrap_or((item, "1"));
        let (first, last) = match span.split_once('-') {
            _ if span == "*" || span == "?" => (low, high),
            Some((first, last)) => (number(first), if last == "SUN" { 7 } else { number(last) }),
            None => (number(span), number(span)),
        };
        all.extend((first..=last).step_by(step.parse().unwrap()));
    }
    all.sort_unstable();
    all.dedup();
    all
}

fn number(text: &str) -> i8 {
    const NAMES: [&str; 19] = [
        "SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL",
        "AUG", "SEP", "OCT", "NOV", "DEC",
    ];
    let named = NAMES.iter().position(|name| *name == text).map(|at| if at < 7 { at } else { at - 6 });
    named.map_or_else(|| text.parse().unwrap(), |n| i8::try_from(n).unwrap())
}

fn epoch() -> DateTime {
    date(1970, 1, 1).at(0, 0, 0, 0)
}

fn wall(at: i64) -> DateTime {
    epoch() + SignedDuration::from_secs(at)
}
