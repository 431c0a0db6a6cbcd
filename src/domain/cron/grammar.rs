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

/// Takes an expression apart into fields in upper case, five or six, each of which is right.
pub(super) fn fields(text: &str) -> Result<Vec<String>, String> {
    if text.len() > MAX_LENGTH {
        return Err(format!("must be at most {MAX_LENGTH} characters long"));
    }
    let text = text.trim();
    let expression = if text.starts_with('@') { nickname(text)? } else { text };
    let fields: Vec<String> = expression.split_ascii_whitespace().map(str::to_ascii_uppercase).collect();
    if !(5..=6).contains(&fields.len()) {
        return Err(format!(
            "must have 5 fields (minute, hour, day of the month, month, day of the week), or 6 with the \
             second before them; it has {}",
            fields.len()
        ));
    }
    let of = &FIELDS[FIELDS.len() - fields.len()..];
    let wrong: Vec<String> =
        of.iter().zip(&fields).filter_map(|(field, given)| field.check(given).err()).collect();
    if wrong.is_empty() { Ok(fields) } else { Err(wrong.join("; ")) }
}

fn nickname(text: &str) -> Result<&'static str, String> {
    let known = NICKNAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    known.map(|(_, expression)| *expression).ok_or_else(|| {
        let names: Vec<_> = NICKNAMES.iter().map(|(name, _)| *name).collect();
        format!("is not one of the short forms {}", names.join(", "))
    })
}

impl Field {
    fn check(&self, given: &str) -> Result<(), String> {
        let any = matches!(self.kind, Kind::Day | Kind::Weekday) && given == "?";
        let both_days = given.strip_prefix('+').filter(|_| self.kind == Kind::Weekday);
        if any || both_days.unwrap_or(given).split(',').all(|item| self.is_right(item)) {
            return Ok(());
        }
        Err(format!("has a wrong {}, {given:?}: {}", self.name, self.right()))
    }

    fn is_right(&self, item: &str) -> bool {
        if self.is_special(item) {
            return true;
        }
        let Some((base, step)) = item.split_once('/') else {
            return item == "*" || self.value(item).is_some() || self.range(item).is_some();
        };
        let stepped = base == "*" || self.range(base).is_some();
        stepped && number(step).is_some_and(|step| (1..=self.high).contains(&step))
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

    fn is_special(&self, item: &str) -> bool {
        let is_value = |text: &str| self.value(text).is_some();
        match self.kind {
            Kind::Time | Kind::Month => false,
            Kind::Day => matches!(item, "L" | "LW") || item.strip_suffix('W').is_some_and(is_value),
            Kind::Weekday => match item.split_once('#') {
                Some((day, nth)) => is_value(day) && matches!(nth, "1" | "2" | "3" | "4" | "5" | "L"),
                None => item.strip_suffix('L').is_some_and(is_value),
            },
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
            Kind::Day => "; L (the last day), 15W (the working day nearest the 15th), LW",
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
            assert!(fields(good).is_ok(), "{good}: {:?}", fields(good));
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
            let fault = fields(bad).expect_err(bad);
            assert!(fault.starts_with(&format!("has a wrong {field}, ")), "{bad}: {fault}");
        }
        let both = fields("60 24 * * *").unwrap_err();
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
            assert!(fields(bad).unwrap_err().contains(says), "{bad}");
        }
        assert!(fields(&"1,".repeat(200)).unwrap_err().contains("256"));
    }
}
