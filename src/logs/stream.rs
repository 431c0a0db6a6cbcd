//! The streams that an attempt writes.

use std::fmt;
use std::str::FromStr;

/// One of the log files of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// `job.log`, for people.
    Log,
    /// What the program wrote to standard output.
    Stdout,
    /// What the program wrote to standard error.
    Stderr,
    /// Steps of progress, one JSON object a line.
    Progress,
    /// What happened, one JSON object a line.
    Events,
}

impl Stream {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Log, Self::Stdout, Self::Stderr, Self::Progress, Self::Events];

    /// The word that users know it by.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::Progress => "progress",
            Self::Events => "events",
        }
    }

    /// The name of its file.
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Log => "job.log",
            Self::Stdout => "stdout.log",
            Self::Stderr => "stderr.log",
            Self::Progress => "progress.jsonl",
            Self::Events => "events.jsonl",
        }
    }

    /// Whether each of its lines is a JSON object.
    pub(super) const fn is_json(self) -> bool {
        matches!(self, Self::Progress | Self::Events)
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Stream {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|stream| stream.as_str() == s)
            .ok_or_else(|| format!("there is no stream {s:?}; use log, stdout, stderr, progress or events"))
    }
}
