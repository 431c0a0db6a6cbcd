//! How long a server may be away.

use std::time::Duration;

use tokio::time::Instant;

use crate::cli::values;

const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// How long a lost server is waited for.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Patience {
    /// Stop following when the server has been away for so many seconds
    #[arg(long, value_name = "SECS", default_value = "60", value_parser = values::seconds)]
    give_up_after: f64,
}

/// A time without a server.
pub struct Outage {
    longest: Duration,
    since: Option<Instant>,
    delay: Duration,
}

impl Outage {
    /// None so far.
    pub fn new(patience: Patience) -> Self {
        let longest = Duration::try_from_secs_f64(patience.give_up_after).unwrap_or(Duration::MAX);
        Self { longest, since: None, delay: FIRST_DELAY }
    }

    /// An event has come, which says more than a connection that may close at once.
    pub fn is_over(&mut self) {
        self.since = None;
        self.delay = FIRST_DELAY;
    }

    /// How long to wait before the next try; longer each time.
    pub fn delay(&mut self) -> Duration {
        self.since.get_or_insert_with(Instant::now);
        let delay = self.delay;
        self.delay = (delay * 2).min(LONGEST_DELAY);
        delay
    }

    /// Whether it has lasted too long.
    pub fn is_too_long(&self) -> bool {
        self.since.is_some_and(|since| since.elapsed() >= self.longest)
    }
}
