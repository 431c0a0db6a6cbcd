//! Cron expressions: what they may look like, and the wall times that they name.

#[cfg(fuzzing)]
pub mod fuzzing;
mod grammar;
mod words;
mod zoned;

use std::fmt;
use std::str::FromStr;

use croner::parser::{CronParser, Year};
use jiff::civil::DateTime;

pub use words::{Tongue, every};

use grammar::Expression;

/// A cron expression of five fields (minute, hour, day of the month, month, day of the week), or six
/// with the second before them.
///
/// ```
/// use callboard::domain::Cron;
/// use jiff::civil::date;
/// let cron: Cron = "30 4 * * MON-FRI".parse().unwrap();
/// let saturday = date(2030, 1, 5).at(0, 0, 0, 0);
/// assert_eq!(cron.wall_after(saturday), Some(date(2030, 1, 7).at(4, 30, 0, 0)));
/// let fault = "30 25 * * *".parse::<Cron>().unwrap_err();
/// assert!(fault.starts_with("has a wrong hour, \"25\""));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    text: String,
    expression: Expression,
    parsed: croner::Cron,
}

impl Cron {
    /// As it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether second, minute or hour begins with `*`: such an expression means "whenever the clock
    /// shows", any other one means certain times of the day.
    #[must_use]
    pub fn is_by_the_clock(&self) -> bool {
        self.expression.times_of_day().iter().any(|field| field.starts_with('*'))
    }

    /// The first wall time after `wall` that it names; `None`: there is none before the year 5000.
    #[must_use]
    pub fn wall_after(&self, wall: DateTime) -> Option<DateTime> {
        self.parsed.find_next_occurrence(&wall, false).ok()
    }

    /// The first wall time from `wall` on, `wall` included, that it names. `wall` is of whole seconds.
    #[must_use]
    pub fn wall_from(&self, wall: DateTime) -> Option<DateTime> {
        self.parsed.find_next_occurrence(&wall, true).ok()
    }

    /// The last wall time up to `wall`, `wall` included, that it names. `wall` is of whole seconds.
    #[must_use]
    pub fn wall_until(&self, wall: DateTime) -> Option<DateTime> {
        self.parsed.find_previous_occurrence(&wall, true).ok()
    }

    /// When it is due, in words.
    #[must_use]
    pub fn describe(&self, tongue: Tongue) -> String {
        words::describe(&self.expression, tongue)
    }
}

impl FromStr for Cron {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expression = grammar::read(text)?;
        let parser = CronParser::builder().year(Year::Disallowed).build();
        let parsed = parser.parse(&expression.texts.join(" "));
        let parsed = parsed.map_err(|e| format!("is no cron expression: {e}"))?;
        Ok(Self { text: text.to_owned(), expression, parsed })
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
