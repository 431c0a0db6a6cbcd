//! From wall times to moments, in a time zone whose clock is put forward and back.
//!
//! Between two changes of its offset a zone's clock runs evenly, so the search goes from one such
//! stretch of time to the next.
//!
//! Expressions that mean certain times of the day (no `*` at the beginning of second, minute or hour)
//! come due once for each wall time that they name. Where the clock is put forward over such times,
//! they are due together at the moment of the change; where it is put back, the first passing counts.
//! Expressions that go by the clock are due whenever it shows what they name: never within a gap, and
//! twice where it shows the same times again.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, Unit};

use super::Cron;

/// A stretch of time with one offset.
struct Stretch {
    /// When it began, and the offset before; `None`: it has always been so.
    began: Option<(Timestamp, Offset)>,
    offset: Offset,
    /// When it ends; `None`: never.
    ends: Option<Timestamp>,
}

impl Stretch {
    /// The one that a moment lies in.
    fn at(zone: &TimeZone, at: Timestamp) -> Option<Self> {
        // A change that happens at this very moment has happened.
        let just_after = at.checked_add(SignedDuration::from_nanos(1)).ok()?;
        let last_change = zone.preceding(just_after).next().map(|change| change.timestamp());
        let began = last_change.and_then(|change| {
            let before = change.checked_sub(SignedDuration::from_secs(1)).ok()?;
            Some((change, zone.to_offset(before)))
        });
        let ends = zone.following(at).next().map(|change| change.timestamp());
        Some(Self { began, offset: zone.to_offset(at), ends })
    }

    fn wall(&self, at: Timestamp) -> DateTime {
        self.offset.to_datetime(at)
    }

    fn moment(&self, wall: DateTime) -> Option<Timestamp> {
        self.offset.to_timestamp(wall).ok()
    }

    /// The wall times that its beginning skipped: from the first one to the one it began with.
    fn gap(&self) -> Option<(DateTime, DateTime)> {
        let (at, before) = self.began?;
        let (from, to) = (before.to_datetime(at), self.wall(at));
        (from < to).then_some((from, to))
    }

    /// The first wall time of it that counts: those that the stretch before showed already are left
    /// out for certain times of the day.
    fn floor(&self, cron: &Cron) -> Option<DateTime> {
        let (at, before) = self.began?;
        let own = self.wall(at);
        Some(if cron.is_by_the_clock() { own } else { own.max(before.to_datetime(at)) })
    }

    /// Whether certain times of the day lie in the gap at its beginning, so that they are due there.
    fn makes_up(&self, cron: &Cron) -> bool {
        let skips = |(from, to)| cron.wall_from(from).is_some_and(|wall| wall < to);
        !cron.is_by_the_clock() && self.gap().is_some_and(skips)
    }
}

impl Cron {
    /// The first moment after `after` at which it is due in a time zone.
    #[must_use]
    pub fn next_after(&self, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
        let mut stretch = Stretch::at(zone, after)?;
        let whole = whole_second(stretch.wall(after))?;
        let mut wall = match stretch.floor(self) {
            Some(floor) if whole < floor => self.wall_from(floor)?,
            _ => self.wall_after(whole)?,
        };
        loop {
            let due = stretch.moment(wall)?;
            let Some(end) = stretch.ends.filter(|end| due >= *end) else { return Some(due) };
            stretch = Stretch::at(zone, end)?;
            if stretch.makes_up(self) {
                return Some(end);
            }
            wall = self.wall_from(stretch.floor(self)?)?;
        }
    }

    /// The last moment up to `until`, that included, at which it was due in a time zone.
    #[must_use]
    pub fn last_until(&self, zone: &TimeZone, until: Timestamp) -> Option<Timestamp> {
        let mut until = until;
        loop {
            let stretch = Stretch::at(zone, until)?;
            let wall = self.wall_until(whole_second(stretch.wall(until))?)?;
            if stretch.floor(self).is_none_or(|floor| wall >= floor) {
                return stretch.moment(wall);
            }
            let (began, _) = stretch.began?;
            if stretch.makes_up(self) {
                return Some(began);
            }
            until = began.checked_sub(SignedDuration::from_secs(1)).ok()?;
        }
    }
}

fn whole_second(wall: DateTime) -> Option<DateTime> {
    wall.round(jiff::civil::DateTimeRound::new().smallest(Unit::Second).mode(jiff::RoundMode::Trunc)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The moments from `from` to `to` (both UTC), as the zone's clock shows them; both ways.
    fn due(cron: &str, zone: &str, from: &str, to: &str) -> Vec<String> {
        let (cron, zone) = (cron.parse::<Cron>().unwrap(), TimeZone::get(zone).unwrap());
        let (from, to): (Timestamp, Timestamp) = (from.parse().unwrap(), to.parse().unwrap());
        let mut forward = Vec::new();
        let mut at = from;
        while let Some(next) = cron.next_after(&zone, at).filter(|next| *next <= to) {
            forward.push(next);
            at = next;
        }
        let mut backward = Vec::new();
        at = to;
        while let Some(last) = cron.last_until(&zone, at).filter(|last| *last > from) {
            backward.insert(0, last);
            at = last - SignedDuration::from_nanos(1);
        }
        assert_eq!(forward, backward, "{cron}");
        let show = |at: &Timestamp| at.to_zoned(zone.clone()).strftime("%d %H:%M:%S %:z").to_string();
        forward.iter().map(show).collect()
    }

    #[test]
    fn a_time_of_day_that_is_skipped_is_due_when_the_clock_is_put_forward() {
        // New York: 02:00 becomes 03:00 at 07:00 UTC on the 10th.
        let spring = |cron| due(cron, "America/New_York", "2030-03-10T04:00:00Z", "2030-03-11T08:00:00Z");
        assert_eq!(spring("30 2 * * *"), ["10 03:00:00 -04:00", "11 02:30:00 -04:00"]);
        assert_eq!(spring("0,20,40 2 * * *")[..2], ["10 03:00:00 -04:00", "11 02:00:00 -04:00"]);
        assert_eq!(spring("0 1,2,3 10 * *"), ["10 01:00:00 -05:00", "10 03:00:00 -04:00"]);
        assert_eq!(spring("30 1 10 * *"), ["10 01:30:00 -05:00"]);
        // By the clock: what it does not show does not happen.
        assert_eq!(spring("*/30 2 * * *")[..1], ["11 02:00:00 -04:00"]);
        let hours = due("0 * * * *", "America/New_York", "2030-03-10T05:30:00Z", "2030-03-10T08:30:00Z");
        assert_eq!(hours, ["10 01:00:00 -05:00", "10 03:00:00 -04:00", "10 04:00:00 -04:00"]);
    }

    #[test]
    fn a_time_of_day_that_comes_twice_is_due_the_first_time() {
        // New York: 02:00 becomes 01:00 at 06:00 UTC on the 3rd.
        let autumn = |cron| due(cron, "America/New_York", "2030-11-03T03:00:00Z", "2030-11-04T07:00:00Z");
        assert_eq!(autumn("30 1 * * *"), ["03 01:30:00 -04:00", "04 01:30:00 -05:00"]);
        assert_eq!(autumn("0 1,2 3 * *"), ["03 01:00:00 -04:00", "03 02:00:00 -05:00"]);
        assert_eq!(
            autumn("*/30 1 3 * *"),
            ["03 01:00:00 -04:00", "03 01:30:00 -04:00", "03 01:00:00 -05:00", "03 01:30:00 -05:00"]
        );
    }

    #[test]
    fn gaps_at_midnight_and_of_a_whole_day() {
        // Cairo: 00:00 becomes 01:00 on Friday, 26 April 2024.
        let cairo = |cron| due(cron, "Africa/Cairo", "2024-04-25T12:00:00Z", "2024-04-26T12:00:00Z");
        assert_eq!(cairo("0 0 * * *"), ["26 01:00:00 +03:00"]);
        assert_eq!(cairo("30 0 * * FRI"), ["26 01:00:00 +03:00"]);
        // Nuuk: 23:00 on Saturday becomes 00:00 on Sunday, 31 March 2024.
        let nuuk = |cron| due(cron, "America/Nuuk", "2024-03-30T12:00:00Z", "2024-03-31T12:00:00Z");
        assert_eq!(nuuk("30 23 * * SAT"), ["31 00:00:00 -01:00"]);
        // Apia had no 30 December 2011.
        let apia = |cron| due(cron, "Pacific/Apia", "2011-12-29T00:00:00Z", "2012-01-01T00:00:00Z");
        assert_eq!(apia("0 12 30 * *"), ["31 00:00:00 +14:00"]);
        // Lord Howe Island moves by half an hour.
        let howe = |cron| due(cron, "Australia/Lord_Howe", "2030-10-05T12:00:00Z", "2030-10-06T12:00:00Z");
        assert_eq!(howe("15 2 * * *"), ["06 02:30:00 +11:00"]);
    }

    #[test]
    fn what_never_comes_due_is_found_out() {
        let (impossible, zone) =
            ("0 0 30 2 *".parse::<Cron>().unwrap(), TimeZone::get("Europe/Berlin").unwrap());
        assert_eq!(impossible.next_after(&zone, "2030-01-01T00:00:00Z".parse().unwrap()), None);
        let leap: Cron = "0 0 29 2 *".parse().unwrap();
        let next = leap.next_after(&zone, "2096-03-01T00:00:00Z".parse().unwrap()).unwrap();
        assert_eq!(next.to_string(), "2104-02-28T23:00:00Z");
    }
}
