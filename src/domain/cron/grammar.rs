//! What a cron expression may look like. The library that reads it forgives much (`JANFEB` is
//! December to it), so every field is looked at first, and what is wrong is said by its name.

/// The longest expression.
const MAX_LENGTH: usize = 256;

/// The short forms that stand for a whole expression.
const NICKNAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// The fields, the second first. Five-field expressions are without it.
const FIELDS: [Field; 6] = [
    Field { name: "second", low: 0, high: 59, kind: Kind::Time },
    Field { name: "minute", low: 0, high: 59, kind: Kind::Time },
    Field { name: "hour", low: 0, high: 23, kind: Kind::Time },
    Field { name: "day of the month", low: 1, high: 31, kind: Kind::Day },
    Field { name: "month", low: 1, high: 12, kind: Kind::Month },
    Field { name: "day of the week", low: 0, high: 7, kind: Kind::Weekday },
];

/// One field and the range of its numbers.
struct Field {
    name: &'static str,
    low: u32,
    high: u32,
    kind: Kind,
}

/// What a field knows beside numbers, ranges and steps.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Time,
    Day,
    Month,
    Weekday,
}

/// A thing that a field lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// Numbers from the first to the last in steps.
    Span { first: u32, last: u32, step: u32 },
    /// The last day of the month.
    LastDay,
    /// The last working day of the month.
    LastWorkingDay,
    /// The working day nearest to a day of the month.
    Nearest(u32),
    /// Such a day of the week, of those in a month the n-th.
    Nth { day: u32, n: u32 },
    /// Such a day of the week, of those in a month the last.
    LastOf(u32),
}

/// An expression, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expression {
    /// The fields in upper case, five or six.
    pub texts: Vec<String>,
    /// What each lists.
    pub items: Vec<Vec<Item>>,
}

impl Expression {
    /// What minute, hour, day of the month, month and day of the week list.
    pub fn five(&self) -> [&[Item]; 5] {
        let first = self.items.len() - 5;
        std::array::from_fn(|i| self.items[first + i].as_slice())
    }

    /// What the second lists, if it is there.
    pub fn second(&self) -> Option<&[Item]> {
        self.items.first().filter(|_| self.items.len() == FIELDS.len()).map(Vec::as_slice)
    }

    /// The fields for hours and what is smaller.
    pub fn times_of_day(&self) -> &[String] {
        &self.texts[..self.texts.len() - 3]
    }

    /// Day of the month and day of the week.
    pub fn day_texts(&self) -> [&str; 2] {
        let month = self.texts.len() - 2;
        [&self.texts[month - 1], &self.texts[month + 1]]
    }
}

/// Takes an expression apart; every field of it is right then.
pub(super) fn read(text: &str) -> Result<Expression, String> {
    if text.len() > MAX_LENGTH {
        return Err(format!("must be at most {MAX_LENGTH} characters long"));
    }
    let text = text.trim();
    let expression = if text.starts_with('@') { nickname(text)? } else { text };
    let texts: Vec<String> = expression.split_ascii_whitespace().map(str::to_ascii_uppercase).collect();
    if !(5..=6).contains(&texts.len()) {
        return Err(format!(
            "must have 5 fields (minute, hour, day of the month, month, day of the week), or 6 with the \
             second before them; it has {}",
            texts.len()
        ));
    }
    let fields = &FIELDS[FIELDS.len() - texts.len()..];
    let (mut items, mut wrong) = (Vec::with_capacity(texts.len()), Vec::new());
    for (field, given) in fields.iter().zip(&texts) {
        match field.items(given) {
            Some(read) => items.push(read),
            None => wrong.push(format!("has a wrong {}, {given:?}: {}", field.name, field.right())),
        }
    }
    if wrong.is_empty() { Ok(Expression { texts, items }) } else { Err(wrong.join("; ")) }
}

fn nickname(text: &str) -> Result<&'static str, String> {
    let known = NICKNAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    known.map(|(_, expression)| *expression).ok_or_else(|| {
        let names: Vec<_> = NICKNAMES.iter().map(|(name, _)| *name).collect();
        format!("is not one of the short forms {}", names.join(", "))
    })
}

impl Field {
    fn items(&self, given: &str) -> Option<Vec<Item>> {
        let each = Item::Span { first: self.low, last: self.high, step: 1 };
        if given == "?" && matches!(self.kind, Kind::Day | Kind::Weekday) {
            return Some(vec![each]);
        }
        let both_days = given.strip_prefix('+').filter(|_| self.kind == Kind::Weekday);
        let list = both_days.unwrap_or(given).split(',');
        let items: Vec<Item> =
            list.map(|item| self.special(item).or_else(|| self.span(item))).collect::<Option<_>>()?;
        // The library that searches knows one end of the month at a time.
        let both_ends = items.contains(&Item::LastDay) && items.contains(&Item::LastWorkingDay);
        (!both_ends).then_some(items)
    }

    fn span(&self, item: &str) -> Option<Item> {
        let (base, step) = match item.split_once('/') {
            None => (item, None),
            Some((base, step)) => (base, Some(number(step).filter(|step| (1..=self.high).contains(step))?)),
        };
        let (first, last) = match base {
            "*" => (self.low, self.high),
            _ => match (self.range(base), step) {
                (Some(range), _) => range,
                (None, None) => self.value(base).map(|value| (value, value))?,
                // From one number in steps: to where?
                (None, Some(_)) => return None,
            },
        };
        Some(Item::Span { first, last, step: step.unwrap_or(1) })
    }

    fn range(&self, text: &str) -> Option<(u32, u32)> {
        let (first, last) = text.split_once('-')?;
        // Sunday ends a week as well as it begins one.
        let sunday = self.kind == Kind::Weekday && last == WEEKDAYS[0];
        let (first, last) = (self.value(first)?, if sunday { 7 } else { self.value(last)? });
        (first <= last).then_some((first, last))
    }

    fn value(&self, text: &str) -> Option<u32> {
        let named = self.names().iter().position(|name| *name == text);
        let named = named.and_then(|at| u32::try_from(at).ok()).map(|at| at + self.low);
        named.or_else(|| number(text)).filter(|value| (self.low..=self.high).contains(value))
    }

    fn names(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::Time | Kind::Day => &[],
            Kind::Month => &MONTHS,
            Kind::Weekday => &WEEKDAYS,
        }
    }

    fn special(&self, item: &str) -> Option<Item> {
        match self.kind {
            Kind::Time | Kind::Month => None,
            Kind::Day => match item {
                "L" => Some(Item::LastDay),
                "LW" => Some(Item::LastWorkingDay),
                _ => self.value(item.strip_suffix('W')?).map(Item::Nearest),
            },
            Kind::Weekday => {
                let (day, nth) = item.split_once('#').or_else(|| Some((item.strip_suffix('L')?, "L")))?;
                let day = self.value(day)? % 7;
                match nth {
                    "L" => Some(Item::LastOf(day)),
                    _ => number(nth).filter(|n| (1..=5).contains(n)).map(|n| Item::Nth { day, n }),
                }
            }
        }
    }

    /// What would have been right.
    fn right(&self) -> String {
        let Self { low, high, .. } = self;
        let names = match self.names() {
            [first, .., last] => format!(" (or {first} to {last})"),
            _ => String::new(),
        };
        let more = match self.kind {
            Kind::Time | Kind::Month => "",
            Kind::Day => {
                "; L (the last day) or LW (the last working day), 15W (the working day nearest the 15th)"
            }
            Kind::Weekday => "; 5#2 (the second Friday of the month), 5L (the last Friday)",
        };
        let next = low + 1;
        format!(
            "it takes {low} to {high}{names}, * (each), lists ({low},{next}), rising ranges ({low}-{high}), \
             steps of * or of a range (*/2, {low}-{high}/2){more}"
        )
    }
}

/// One or two digits: `parse` alone would take a sign too.
fn number(text: &str) -> Option<u32> {
    let digits = (1..=2).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_all_that_cron_users_write() {
        for good in [
            "* * * * *",
            "*/15 9-17 * * mon-fri",
            "0 0 1,15 * ?",
            "0 0 L * *",
            "0 0 LW,3W * *",
            "0 12 ? JAN-MAR,dec 5#2",
            "0 12 * * FRIL",
            "0 12 * * 5#L,SUN",
            "0 0 1 * +MON",
            "0 0 * * FRI-SUN",
            "0 0 * * 7",
            "*/10 0-59/5 * * * *",
            "  5   4\t* * *  ",
            "@daily",
            "@HOURLY",
        ] {
            assert!(read(good).is_ok(), "{good}: {:?}", read(good));
        }
    }

    #[test]
    fn names_the_field_that_is_wrong() {
        for (bad, field) in [
            ("60 * * * *", "minute"),
            ("-1 * * * *", "minute"),
            ("+1 * * * *", "minute"),
            ("1,,2 * * * *", "minute"),
            (", * * * *", "minute"),
            ("5/10 * * * *", "minute"),
            ("*/0 * * * *", "minute"),
            ("*/60 * * * *", "minute"),
            ("9-5 * * * *", "minute"),
            ("L * * * *", "minute"),
            ("? * * * *", "minute"),
            ("* 24 * * *", "hour"),
            ("* 1W * * *", "hour"),
            ("* * 0 * *", "day of the month"),
            ("* * 32W * *", "day of the month"),
            ("* * L-3 * *", "day of the month"),
            ("* * L,LW * *", "day of the month"),
            ("* * * 13 *", "month"),
            ("* * * JANFEB *", "month"),
            ("* * * MON *", "month"),
            ("* * * * 8", "day of the week"),
            ("* * * * L", "day of the week"),
            ("* * * * FRI-MON", "day of the week"),
            ("* * * * 5#6", "day of the week"),
            ("* * * * 5#", "day of the week"),
            ("* * * * MON-FRI#2", "day of the week"),
            ("* * * * MO", "day of the week"),
            ("61 * * * * *", "second"),
            ("* * * * *\u{0}", "day of the week"),
        ] {
            let fault = read(bad).expect_err(bad);
            assert!(fault.starts_with(&format!("has a wrong {field}, ")), "{bad}: {fault}");
        }
        let both = read("60 24 * * *").unwrap_err();
        assert!(both.contains("minute") && both.contains("hour"), "{both}");
    }

    #[test]
    fn names_the_number_of_fields_and_the_short_forms() {
        for (bad, says) in [
            ("", "it has 0"),
            ("* * * *", "it has 4"),
            ("* * * * * * 2030", "it has 7"),
            ("@reboot", "@daily"),
            ("@daily x", "@daily"),
        ] {
            assert!(read(bad).unwrap_err().contains(says), "{bad}");
        }
        assert!(read(&"1,".repeat(200)).unwrap_err().contains("256"));
    }
}
