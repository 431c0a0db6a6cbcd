//! Times in Russian.

use super::shape::MonthDay;
use super::{Unit, Words, list, numbers};

/// «по понедельникам»: from Sunday, 0.
const ON_WEEKDAYS: [&str; 7] =
    ["воскресеньям", "понедельникам", "вторникам", "средам", "четвергам", "пятницам", "субботам"];
/// «в понедельник».
const WEEKDAYS: [&str; 7] =
    ["воскресенье", "понедельник", "вторник", "среду", "четверг", "пятницу", "субботу"];
/// «первый понедельник», «первую среду», «первое воскресенье»; behind the fifth the last.
const ORDINALS: [[&str; 6]; 3] = [
    ["первый", "второй", "третий", "четвёртый", "пятый", "последний"],
    ["первую", "вторую", "третью", "четвёртую", "пятую", "последнюю"],
    ["первое", "второе", "третье", "четвёртое", "пятое", "последнее"],
];
/// The gender of each day of the week, as a row of [`ORDINALS`].
const GENDERS: [usize; 7] = [2, 0, 0, 1, 0, 1, 1];
/// «в январе».
const MONTHS: [&str; 12] = [
    "январе",
    "феврале",
    "марте",
    "апреле",
    "мае",
    "июне",
    "июле",
    "августе",
    "сентябре",
    "октябре",
    "ноябре",
    "декабре",
];

pub(super) struct Russian;

impl Words for Russian {
    fn and(&self) -> &'static str {
        "и"
    }

    fn every(&self, number: &str, unit: Unit) -> String {
        let [one, few, many] = forms(unit);
        let each = match unit {
            Unit::Day | Unit::Hour => "каждый",
            Unit::Minute | Unit::Second => "каждую",
        };
        let whole: Option<u32> = number.parse().ok();
        match whole.map(|n| (n % 10, n % 100)) {
            _ if number == "1" => format!("{each} {one}"),
            // «каждые 1,5 секунды»
            None => format!("каждые {} {few}", number.replace('.', ",")),
            Some((1, hundredth)) if hundredth != 11 => format!("{each} {number} {one}"),
            Some((2..=4, hundredth)) if !(12..=14).contains(&hundredth) => format!("каждые {number} {few}"),
            Some(_) => format!("каждые {number} {many}"),
        }
    }

    fn at(&self, times: &str) -> String {
        format!("в {times}")
    }

    fn at_numbers(&self, numbers: &str, unit: Unit, several: bool) -> String {
        let root = if unit == Unit::Second { "секунд" } else { "минут" };
        if several { format!("на {root}ах {numbers}") } else { format!("на {numbers}-й {root}е") }
    }

    fn span(&self, from: &str, to: &str) -> String {
        format!("с {from} до {to}")
    }

    fn in_hours(&self, hours: &str) -> String {
        format!("в часы {hours}")
    }

    fn month_day(&self, day: &MonthDay) -> String {
        match day {
            MonthDay::Numbers(days) if days.len() == 1 => format!("{}-го числа", days[0]),
            MonthDay::Numbers(days) => format!("по числам {}", numbers(days, self.and())),
            MonthDay::Last => "в последний день месяца".into(),
            MonthDay::LastWorking => "в последний рабочий день месяца".into(),
            MonthDay::Nearest(day) => format!("в рабочий день, ближайший к {day}-му числу,"),
        }
    }

    fn weekdays(&self, days: &[u32]) -> String {
        match days {
            [1, 2, 3, 4, 5] => "по будням".into(),
            [6, 0] => "по выходным".into(),
            _ => {
                let names: Vec<String> =
                    days.iter().map(|day| ON_WEEKDAYS[*day as usize].to_owned()).collect();
                format!("по {}", list(&names, self.and()))
            }
        }
    }

    fn weekday_of_month(&self, n: Option<u32>, day: u32) -> String {
        let day = day as usize;
        let which = ORDINALS[GENDERS[day]][n.map_or(5, |n| n as usize - 1)];
        // «во вторую», but «в вторник» is not said here.
        let on = if which.starts_with("вт") { "во" } else { "в" };
        format!("{on} {which} {} месяца", WEEKDAYS[day])
    }

    fn either(&self, days: &str, others: &str) -> String {
        format!("{days} или {others}")
    }

    fn only(&self, days: &str, among: &str) -> String {
        format!("{days} (но только {among})")
    }

    fn months(&self, months: &[u32]) -> String {
        let names: Vec<String> = months.iter().map(|month| MONTHS[*month as usize - 1].to_owned()).collect();
        format!("в {}", list(&names, self.and()))
    }
}

/// «каждый час», «каждые 2 часа», «каждые 5 часов».
fn forms(unit: Unit) -> [&'static str; 3] {
    match unit {
        Unit::Day => ["день", "дня", "дней"],
        Unit::Hour => ["час", "часа", "часов"],
        Unit::Minute => ["минуту", "минуты", "минут"],
        Unit::Second => ["секунду", "секунды", "секунд"],
    }
}
