//! Points in time as callboard stores and shows them: UTC, whole milliseconds.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Milliseconds since 1970-01-01T00:00:00Z. Shown as RFC 3339 in UTC with three decimals.
///
/// ```
/// use callboard::Timestamp;
/// let t: Timestamp = "2030-01-02T03:04:05+01:00".parse().unwrap();
/// assert_eq!(t.to_string(), "2030-01-02T02:04:05.000Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The last moment that can be stored, some hours before the end of the year 9999, so that it
    /// can be shown in every time zone.
    pub const MAX: Self = Self(253_402_207_200_000);
    /// The epoch. Nothing that callboard stores is earlier.
    pub const MIN: Self = Self(0);

    /// From milliseconds since the epoch, kept within [`Self::MIN`]..=[`Self::MAX`].
    #[must_use]
    pub fn from_millis(ms: i64) -> Self {
        Self(ms.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The wall clock. Only [`super::Clock`] should call this.
    #[must_use]
    pub(crate) fn system_now() -> Self {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Self::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX).saturating_add(wrong_by()))
    }

    /// `self + d`, stopping at [`Self::MAX`].
    #[must_use]
    pub fn plus(self, d: Duration) -> Self {
        let ms = i64::try_from(d.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.0.saturating_add(ms))
    }

    /// `self - d`, stopping at [`Self::MIN`].
    #[must_use]
    pub fn minus(self, d: Duration) -> Self {
        let ms = i64::try_from(d.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.0.saturating_sub(ms))
    }

    /// How long after `earlier` this is; zero if it is not after it.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }
}

/// How many milliseconds the clock of this machine is to be wrong by, for tests of several processes.
#[cfg(debug_assertions)]
fn wrong_by() -> i64 {
    static WRONG_BY: std::sync::OnceLock<i64> = std::sync::OnceLock::new();
    let told = || std::env::var("CALLBOARD_TEST_CLOCK_WRONG_BY_MS").ok()?.parse().ok();
    *WRONG_BY.get_or_init(|| told().unwrap_or_default())
}

/// In a program that is shipped the clock is right.
#[cfg(not(debug_assertions))]
const fn wrong_by() -> i64 {
    0
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(t) => write!(f, "{t:.3}"),
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

impl FromStr for Timestamp {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let t: jiff::Timestamp =
            s.parse().map_err(|_| format!("{s:?} is not an RFC 3339 time such as 2030-01-02T03:04:05Z"))?;
        let ms = t.as_millisecond();
        if ms > Self::MAX.0 {
            return Err(format!("{s:?} lies beyond the year 9999"));
        }
        Ok(Self::from_millis(ms))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let s = std::borrow::Cow::<'de, str>::deserialize(d)?;
        s.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_three_decimals_in_utc() {
        assert_eq!(Timestamp::from_millis(1_500).to_string(), "1970-01-01T00:00:01.500Z");
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-30T22:00:00.000Z");
    }

    #[test]
    fn refuses_what_is_no_time() {
        for bad in [
            "",
            "tomorrow",
            "2030-02-30T00:00:00Z",
            "2030-01-01",
            "2030-01-01T25:00:00Z",
            "10000-01-01T00:00:00Z",
            "12345",
        ] {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad}");
        }
    }

    #[test]
    fn times_before_the_epoch_are_kept_as_the_epoch() {
        assert_eq!("1200-01-01T00:00:00Z".parse::<Timestamp>().unwrap(), Timestamp::MIN);
    }
}
