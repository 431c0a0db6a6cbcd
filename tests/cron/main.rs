//! Due times against a model that was written without a look at the code: it reads the expression by
//! itself, and finds due times by looking at every minute of the days around a change of the clock,
//! or at every day of decades.
//!
//! `CALLBOARD_CRON_CASES` sets how many expressions are tried, `CALLBOARD_SEED` replays a run.

mod expressions;
mod model;

use callboard::domain::Cron;
use fastrand::Rng;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use model::{Model, Window};

/// Expressions that are tried in the days around one change of a zone's clock.
const PER_WINDOW: usize = 40;
/// Due times that are compared for each.
const COMPARED: usize = 120;

fn setting(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

fn seeded(test: &str) -> Rng {
    let seed = setting("CALLBOARD_SEED", fastrand::u64(..));
    println!("{test}: CALLBOARD_SEED={seed}");
    Rng::with_seed(seed)
}

fn cases() -> usize {
    usize::try_from(setting("CALLBOARD_CRON_CASES", 1_000)).unwrap()
}

fn second(at: i64) -> Timestamp {
    Timestamp::from_second(at).unwrap()
}

/// Every name that the time zone database has.
fn zones() -> Vec<String> {
    let names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    assert!(names.len() > 300, "{} zones", names.len());
    names
}

/// A change of the clock between 2000 and 2037, or any moment of that time where there is none.
fn moment_of_interest(zone: &TimeZone, rng: &mut Rng) -> i64 {
    let any = rng.i64(946_684_800..2_114_380_800);
    let change = zone.following(second(any)).next().map(|change| change.timestamp().as_second());
    change.filter(|at| *at < 2_145_916_800).unwrap_or(any).div_euclid(60) * 60
}

#[test]
fn around_changes_of_the_clock() {
    let mut rng = seeded("around_changes_of_the_clock");
    let (names, mut changes, mut compared) = (zones(), 0, 0);
    for _ in 0..cases().div_ceil(PER_WINDOW) {
        let name = rng.choice(&names).unwrap();
        let zone = TimeZone::get(name).unwrap();
        let window = Window::around(&zone, moment_of_interest(&zone, &mut rng));
        changes += usize::from(window.has_a_change());
        for _ in 0..PER_WINDOW {
            let text = expressions::often_due(&mut rng);
            compared += compare(&text, name, &zone, &window, &mut rng);
        }
    }
    println!("{compared} due times, {changes} changes of a clock");
    assert!(compared > cases(), "expressions that are hardly ever due tell little: {compared}");
}

/// Compares the due times of an expression within a window, both ways; how many there were.
fn compare(text: &str, name: &str, zone: &TimeZone, window: &Window, rng: &mut Rng) -> usize {
    let cron: Cron = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
    let from = window.start + rng.i64(0..window.seconds() * 2 / 3);
    let expected = Model::of(text).due_in(window, from, COMPARED);
    let mut at = from;
    for (i, due) in expected.iter().enumerate() {
        let next = cron.next_after(zone, second(at)).map(|at| at.as_second());
        let place = || format!("{text:?} in {name} after {} ({i}.)", second(at));
        assert_eq!(next, Some(*due), "{}: {:?} and not {}", place(), next.map(second), second(*due));
        // Up to the due time itself, and up to the moment before the next one.
        assert_eq!(cron.last_until(zone, second(*due)), Some(second(*due)), "back to {}", place());
        if let Some(following) = expected.get(i + 1) {
            let before = second(*following) - SignedDuration::from_nanos(1);
            assert_eq!(cron.last_until(zone, before), Some(second(*due)), "back from {}", place());
        }
        at = *due;
    }
    if expected.len() < COMPARED {
        let next = cron.next_after(zone, second(at)).map(|at| at.as_second());
        assert!(next.is_none_or(|next| next >= window.end()), "{text:?} in {name}: {:?}", next.map(second));
    }
    expected.len()
}

#[test]
fn over_decades() {
    let mut rng = seeded("over_decades");
    let (mut found, mut never) = (0, 0);
    for _ in 0..cases() {
        let text = expressions::seldom_due(&mut rng);
        let cron: Cron = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
        let mut at = rng.i64(946_684_800..2_114_380_800);
        let expected = Model::of(&text).due_on_days(at, 3);
        never += usize::from(expected.is_empty());
        found += expected.len();
        for due in &expected {
            let next = cron.next_after(&TimeZone::UTC, second(at)).map(|at| at.as_second());
            assert_eq!(next, Some(*due), "{text:?} after {}: {:?}", second(at), next.map(second));
            at = *due;
            assert_eq!(cron.last_until(&TimeZone::UTC, second(at)), Some(second(at)), "{text:?}");
        }
    }
    println!("{found} due times, {never} expressions that are not due in forty years");
    assert!(found > cases());
}
