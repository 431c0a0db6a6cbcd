//! Random expressions, as people and programs might write them.

use fastrand::Rng;

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// One that is due within any few days, more often than not.
pub fn often_due(rng: &mut Rng) -> String {
    let days = if rng.u8(0..10) < 7 { "* * *".to_owned() } else { days(rng, 8) };
    let hour = if rng.bool() { field(rng, 0, 4) } else { field(rng, 0, 23) };
    let text = format!("{} {hour} {days}", field(rng, 0, 59));
    with_second(rng, text)
}

/// One that may be due on few days of a year, or on none of a century.
pub fn seldom_due(rng: &mut Rng) -> String {
    let text = format!("{} {} {}", field(rng, 0, 59), field(rng, 0, 23), days(rng, 2));
    with_second(rng, text)
}

fn with_second(rng: &mut Rng, text: String) -> String {
    let text = if rng.u8(0..3) == 0 { format!("{} {text}", field(rng, 0, 59)) } else { text };
    match rng.u8(0..4) {
        0 => text.to_ascii_lowercase(),
        1 => format!("  {}", text.replace(' ', " \t ")),
        _ => text,
    }
}

/// Day of the month, month and day of the week; of `any` day fields one says something.
fn days(rng: &mut Rng, any: u8) -> String {
    let day = match rng.u8(0..=any) {
        0 => days_of_month(rng),
        1 => "?".into(),
        _ => "*".into(),
    };
    let month = match rng.u8(0..=any) {
        0 => list(rng, |rng| named(rng, 1, 12, &MONTHS)),
        _ => "*".into(),
    };
    let weekday = match rng.u8(0..=any) {
        0 => format!("{}{}", if rng.u8(0..4) == 0 { "+" } else { "" }, days_of_week(rng)),
        _ => "*".into(),
    };
    format!("{day} {month} {weekday}")
}

fn days_of_month(rng: &mut Rng) -> String {
    // Not both in one list: that is refused.
    let end = if rng.bool() { "L" } else { "LW" };
    list(rng, |rng| match rng.u8(0..6) {
        0 => end.into(),
        1 => format!("{}W", rng.u8(1..=31)),
        _ => item(rng, 1, 31),
    })
}

fn days_of_week(rng: &mut Rng) -> String {
    list(rng, |rng| match rng.u8(0..6) {
        0 => format!("{}#{}", weekday(rng), rng.u8(1..=5)),
        1 => format!("{}L", weekday(rng)),
        2 => format!("{}#L", weekday(rng)),
        _ => named(rng, 0, 7, &WEEKDAYS),
    })
}

fn weekday(rng: &mut Rng) -> String {
    if rng.bool() { rng.choice(&WEEKDAYS).unwrap().to_string() } else { rng.u8(0..=7).to_string() }
}

fn field(rng: &mut Rng, low: u8, high: u8) -> String {
    match rng.u8(0..4) {
        0 => "*".into(),
        1 => item(rng, low, high),
        _ => list(rng, |rng| item(rng, low, high)),
    }
}

fn list(rng: &mut Rng, mut item: impl FnMut(&mut Rng) -> String) -> String {
    let n = [1, 1, 1, 2, 3][rng.usize(0..5)];
    (0..n).map(|_| item(rng)).collect::<Vec<_>>().join(",")
}

fn item(rng: &mut Rng, low: u8, high: u8) -> String {
    let first = rng.u8(low..=high);
    let last = rng.u8(first..=high);
    let step = rng.u8(1..=high.max(2) / 2);
    match rng.u8(0..6) {
        0 => format!("*/{step}"),
        1 => format!("{first}-{last}"),
        2 => format!("{first}-{last}/{step}"),
        _ => first.to_string(),
    }
}

fn named(rng: &mut Rng, low: u8, high: u8, names: &[&str]) -> String {
    if rng.bool() {
        return item(rng, low, high);
    }
    let first = rng.usize(0..names.len());
    let last = rng.usize(first..names.len());
    if rng.bool() { names[first].into() } else { format!("{}-{}", names[first], names[last]) }
}
