//! What an expression amounts to: which times of the day, which days, which months.

use super::super::grammar::{Expression, Item};

/// With more times of the day than this they are not listed one by one.
const MAX_TIMES: usize = 6;

/// See the module.
pub(super) struct Shape {
    pub time: TimeOfDay,
    pub days: Days,
    /// Empty: all.
    pub months: Vec<u32>,
}

/// When on a day.
pub(super) enum TimeOfDay {
    /// At these times, written as a clock shows them.
    At(Vec<String>),
    /// Again and again.
    Often { second: Part, minute: Part, hour: Part },
}

/// The numbers of a field.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Each,
    /// Every so many, from the first to the end.
    Step(u32),
    Only(Vec<u32>),
}

/// On which days.
pub(super) enum Days {
    Every,
    Month(Vec<MonthDay>),
    Week(Weekdays),
    Either(Vec<MonthDay>, Weekdays),
    Both(Vec<MonthDay>, Weekdays),
}

/// Days of the month.
pub(super) enum MonthDay {
    Numbers(Vec<u32>),
    Last,
    LastWorking,
    Nearest(u32),
}

/// Days of the week, from Sunday, 0.
pub(super) struct Weekdays {
    /// Each such day.
    pub each: Vec<u32>,
    /// The n-th such day of the month.
    pub nth: Vec<(u32, u32)>,
    /// The last such day of the month.
    pub last: Vec<u32>,
}

impl Shape {
    pub(super) fn of(expression: &Expression) -> Self {
        let [minute, hour, day, month, weekday] = expression.five();
        let second = expression.second().map_or_else(|| vec![0], values);
        let months = values(month);
        Self {
            time: time_of_day(second, values(minute), values(hour)),
            days: days(expression, day, weekday),
            months: if months.len() == 12 { Vec::new() } else { months },
        }
    }
}

fn time_of_day(second: Vec<u32>, minute: Vec<u32>, hour: Vec<u32>) -> TimeOfDay {
    let count = second.len() * minute.len() * hour.len();
    if count > MAX_TIMES {
        return TimeOfDay::Often { second: part(second, 60), minute: part(minute, 60), hour: part(hour, 24) };
    }
    let mut times = Vec::with_capacity(count);
    for h in &hour {
        for m in &minute {
            for s in &second {
                times.push(match s {
                    0 => format!("{h:02}:{m:02}"),
                    _ => format!("{h:02}:{m:02}:{s:02}"),
                });
            }
        }
    }
    TimeOfDay::At(times)
}

fn part(values: Vec<u32>, all: u32) -> Part {
    if values.len() == all as usize {
        return Part::Each;
    }
    match values.as_slice() {
        [0, step, ..] if values.iter().copied().eq((0..all).step_by(*step as usize)) => Part::Step(*step),
        _ => Part::Only(values),
    }
}

fn days(expression: &Expression, day: &[Item], weekday: &[Item]) -> Days {
    let [day_text, weekday_text] = expression.day_texts();
    let any = |text: &str| matches!(text, "*" | "?");
    match (any(day_text), any(weekday_text)) {
        (true, true) => Days::Every,
        (false, true) => Days::Month(month_days(day)),
        (true, false) => Days::Week(weekdays(weekday)),
        (false, false) if weekday_text.starts_with('+') => Days::Both(month_days(day), weekdays(weekday)),
        (false, false) => Days::Either(month_days(day), weekdays(weekday)),
    }
}

fn month_days(items: &[Item]) -> Vec<MonthDay> {
    let plain = values(items);
    let numbers = (!plain.is_empty()).then_some(MonthDay::Numbers(plain));
    let others = items.iter().filter_map(|item| match item {
        Item::LastDay => Some(MonthDay::Last),
        Item::LastWorkingDay => Some(MonthDay::LastWorking),
        Item::Nearest(day) => Some(MonthDay::Nearest(*day)),
        _ => None,
    });
    numbers.into_iter().chain(others).collect()
}

fn weekdays(items: &[Item]) -> Weekdays {
    let mut each: Vec<u32> = values(items).into_iter().map(|day| day % 7).collect();
    // The week of most readers begins with Monday.
    each.sort_unstable_by_key(|day| (day + 6) % 7);
    each.dedup();
    let nth = items.iter().filter_map(|item| match item {
        Item::Nth { day, n } => Some((*n, *day)),
        _ => None,
    });
    let last = items.iter().filter_map(|item| match item {
        Item::LastOf(day) => Some(*day),
        _ => None,
    });
    Weekdays { each, nth: nth.collect(), last: last.collect() }
}

/// The numbers that items name, each once, rising.
fn values(items: &[Item]) -> Vec<u32> {
    let mut values: Vec<u32> = items
        .iter()
        .filter_map(|item| match item {
            Item::Span { first, last, step } => Some((*first..=*last).step_by(*step as usize)),
            _ => None,
        })
        .flatten()
        .collect();
    values.sort_unstable();
    values.dedup();
    values
}

impl Part {
    /// Whether it is the one number 0.
    pub(super) fn is_zero(&self) -> bool {
        *self == Self::Only(vec![0])
    }

    /// The first and the last number, if all between are there too.
    pub(super) fn run(&self) -> Option<(u32, u32)> {
        let Self::Only(values) = self else { return None };
        let (first, last) = (*values.first()?, *values.last()?);
        (values.len() > 1 && (last - first) as usize == values.len() - 1).then_some((first, last))
    }

    /// The first and the last number.
    pub(super) fn ends(&self, all: u32) -> (u32, u32) {
        match self {
            Self::Each => (0, all - 1),
            Self::Step(step) => (0, (all - 1) / step * step),
            Self::Only(values) => {
                (values.first().copied().unwrap_or_default(), values.last().copied().unwrap_or_default())
            }
        }
    }
}
