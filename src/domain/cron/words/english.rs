//! Times in English.

use super::shape::MonthDay;
use super::{Unit, Words, list, numbers};

const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const ORDINALS: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];

pub(super) struct English;

impl Words for English {
    fn and(&self) -> &'static str {
        "and"
    }

    fn every(&self, number: &str, unit: Unit) -> String {
        let unit = name(unit);
        if number == "1" { format!("every {unit}") } else { format!("every {number} {unit}s") }
    }

    fn at(&self, times: &str) -> String {
        format!("at {times}")
    }

    fn at_numbers(&self, numbers: &str, unit: Unit, several: bool) -> String {
        format!("at {}{} {numbers}", name(unit), if several { "s" } else { "" })
    }

    fn span(&self, from: &str, to: &str) -> String {
        format!("from {from} to {to}")
    }

    fn in_hours(&self, hours: &str) -> String {
        format!("in the hours {hours}")
    }

    fn month_day(&self, day: &MonthDay) -> String {
        match day {
            MonthDay::Numbers(days) if days.len() == 1 => format!("on day {} of the month", days[0]),
            MonthDay::Numbers(days) => format!("on days {} of the month", numbers(days, self.and())),
            MonthDay::Last => "on the last day of the month".into(),
            MonthDay::LastWorking => "on the last working day of the month".into(),
            MonthDay::Nearest(day) => format!("on the working day nearest day {day} of the month"),
        }
    }

    fn weekdays(&self, days: &[u32]) -> String {
        if days == [1, 2, 3, 4, 5] {
            return "Monday to Friday".into();
        }
        let names: Vec<String> = days.iter().map(|day| WEEKDAYS[*day as usize].to_owned()).collect();
        format!("on {}", list(&names, self.and()))
    }

    fn weekday_of_month(&self, n: Option<u32>, day: u32) -> String {
        let which = n.map_or("last", |n| ORDINALS[n as usize - 1]);
        format!("on the {which} {} of the month", WEEKDAYS[day as usize])
    }

    fn either(&self, days: &str, others: &str) -> String {
        format!("{days} or {others}")
    }

    fn only(&self, days: &str, among: &str) -> String {
        format!("{days} (but only {among})")
    }

    fn months(&self, months: &[u32]) -> String {
        let names: Vec<String> = months.iter().map(|month| MONTHS[*month as usize - 1].to_owned()).collect();
        format!("in {}", list(&names, self.and()))
    }
}

fn name(unit: Unit) -> &'static str {
    match unit {
        Unit::Day => "day",
        Unit::Hour => "hour",
        Unit::Minute => "minute",
        Unit::Second => "second",
    }
}
