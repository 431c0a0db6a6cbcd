//! How a command can fail, and what the shell is told.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::config::{AppendError, ConfigError};
use crate::domain::State;
use crate::error::Error;
use crate::store::StoreError;

use super::problem::Problem;
use super::text;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The command line makes no sense, in a way that its grammar cannot see.
    #[error("{0}")]
    Usage(String),
    /// Nobody answers.
    #[error(
        "no server at {url}: {why}\nstart one with `callboard serve`, or name another with --url or CALLBOARD_URL"
    )]
    NoServer {
        /// Where it was looked for.
        url: String,
        /// What went wrong.
        why: String,
    },
    /// This machine cannot speak HTTPS.
    #[error(
        "cannot speak HTTPS: {0}\ninstall the certificates of your system (often called ca-certificates)"
    )]
    Tls(String),
    /// The server said no.
    #[error("{0}")]
    Refused(Problem),
    /// The server said something that is not in its contract.
    #[error("the answer of {url} cannot be read: {why}\nis this a callboard server of this version?")]
    Strange {
        /// Who answered.
        url: String,
        /// What is wrong with the answer.
        why: String,
    },
    /// A watched job did not complete.
    #[error("job {id} {state}{}", cause(.error.as_deref()))]
    Unsuccessful {
        /// The job.
        id: i64,
        /// Where it ended.
        state: State,
        /// Why.
        error: Option<String>,
    },
    /// Some of several things failed; each was told when it happened.
    #[error("{failed} of {all} failed")]
    Some {
        /// How many failed.
        failed: usize,
        /// Of how many.
        all: usize,
    },
    /// What was followed did not come to the end that was wished for.
    #[error("{0}")]
    Incomplete(String),
    /// Control-C while following something.
    #[error("interrupted; {what} {id} goes on")]
    Interrupted {
        /// What was followed.
        what: &'static str,
        /// Which one.
        id: i64,
    },
    /// Control-C in the middle of many jobs.
    #[error("interrupted; what is not counted above is as it was")]
    Stopped,
    /// Something on this machine went wrong.
    #[error("cannot {what}: {source}")]
    Local {
        /// What was tried.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// Something is wrong with a file.
    #[error("cannot {what} {}: {source}", .path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// Which one.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The configuration is wrong.
    #[error("the configuration is wrong:\n{0}")]
    Configuration(ConfigError),
    /// A token was not added to the configuration.
    #[error("no token was added: {0}")]
    Append(AppendError),
    /// The configuration declares workers that cannot be.
    #[error("the configuration is wrong:\n{}", .0.join("\n"))]
    Workers(Vec<String>),
    /// The server does not come up.
    #[error("cannot start: {0}")]
    Start(Error),
    /// The runtime did not do what it was asked.
    #[error("{0}")]
    Runtime(#[from] Error),
    /// A measurement takes too long to go on.
    #[error("{what} takes too long: {done} of {of} jobs are done")]
    Slow {
        /// What was measured.
        what: &'static str,
        /// Jobs done.
        done: u64,
        /// Of so many.
        of: u64,
    },
    /// The database cannot be used.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// There is no database yet.
    #[error("there is no database at {} yet; `callboard serve` makes it", .0.display())]
    NoDatabase(PathBuf),
    /// Standard output takes no more.
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
}

fn cause(error: Option<&str>) -> String {
    error.map_or_else(String::new, |e| format!(": {e}"))
}

impl Failure {
    /// Something could not be done with a file.
    pub(super) fn file(what: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File { what, path: path.to_owned(), source }
    }

    /// Whether the reader of our output went away, as `head` does. That is no failure of ours.
    fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(e) if e.kind() == io::ErrorKind::BrokenPipe)
    }

    /// Whether trying again later may help.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::NoServer { .. } => true,
            Self::Refused(problem) => problem.is_passing(),
            _ => false,
        }
    }

    /// Tells a person, on standard error.
    pub(super) fn tell(&self) {
        match self {
            _ if self.is_closed_pipe() => {}
            Self::Interrupted { .. } | Self::Stopped => text::note(&self.to_string()),
            _ => text::note(&format!("error: {self}")),
        }
    }

    /// What the shell is told.
    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            _ if self.is_closed_pipe() => 0,
            Self::Usage(_) => 2,
            Self::NoServer { .. } => 3,
            Self::Interrupted { .. } | Self::Stopped => 130,
            _ => 1,
        })
    }
}
