//! The time zone in which a visitor is shown times.

use jiff::civil;
use jiff::tz::TimeZone;

use crate::domain::Timestamp;

/// A visitor's choice of a time zone.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    /// As chosen; `None` leaves it to the browser, and to UTC where no script runs.
    name: Option<String>,
    zone: TimeZone,
}

impl Default for Zone {
    fn default() -> Self {
        Self { name: None, zone: TimeZone::UTC }
    }
}

impl Zone {
    /// The zone of this name; `None` when there is no such zone.
    pub(super) fn named(name: &str) -> Option<Self> {
        let zone = TimeZone::get(name).ok()?;
        Some(Self { name: Some(name.to_owned()), zone })
    }

    /// Its name; empty when it is left to the browser.
    pub(super) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// A time for people, to the second, with its offset.
    pub(super) fn exact(&self, at: Timestamp) -> String {
        self.zoned(at).map_or_else(|| at.to_string(), |t| t.strftime("%Y-%m-%d %H:%M:%S %Z").to_string())
    }

    /// The hours and minutes of a time.
    pub(super) fn clock(&self, at: &Timestamp) -> String {
        self.zoned(*at).map_or_else(String::new, |t| t.strftime("%H:%M").to_string())
    }

    /// As an input of type `datetime-local` has it.
    pub(super) fn input(&self, at: Timestamp) -> String {
        self.zoned(at).map_or_else(String::new, |t| t.strftime("%Y-%m-%dT%H:%M:%S").to_string())
    }

    /// Reads an RFC 3339 time, or one without an offset, which is then in this zone.
    pub(super) fn read(&self, text: &str) -> Option<Timestamp> {
        if let Ok(at) = text.parse() {
            return Some(at);
        }
        let local: civil::DateTime = text.parse().ok()?;
        let at = local.to_zoned(self.zone.clone()).ok()?;
        // Through the text, so that the limits of a timestamp are looked at.
        at.timestamp().to_string().parse().ok()
    }

    fn zoned(&self, at: Timestamp) -> Option<jiff::Zoned> {
        jiff::Timestamp::from_millisecond(at.as_millis()).ok().map(|t| t.to_zoned(self.zone.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_without_an_offset_are_the_visitors() {
        let moscow = Zone::named("Europe/Moscow").unwrap();
        let at = moscow.read("2030-01-02T03:04").unwrap();
        assert_eq!(at.to_string(), "2030-01-02T00:04:00.000Z");
        assert_eq!(moscow.exact(at), "2030-01-02 03:04:00 MSK");
        assert_eq!(moscow.read(&moscow.input(at)), Some(at));
        assert_eq!(
            Zone::default().read("2030-01-02T03:04:00+01:00").unwrap().to_string(),
            "2030-01-02T02:04:00.000Z"
        );
    }

    #[test]
    fn what_is_no_time_or_zone_is_none() {
        for bad in ["", "tomorrow", "2030-02-30T00:00", "99999-01-01T00:00"] {
            assert_eq!(Zone::default().read(bad), None, "{bad}");
        }
        for bad in ["", "Mars/Olympus", "../../etc/passwd"] {
            assert!(Zone::named(bad).is_none(), "{bad}");
        }
    }
}
