//! One run of rclone.

use serde::{Deserialize, Serialize};

use super::places::{Mode, Places};
use super::stats::{Stats, StatsReader};
use crate::workers::RunResult;
use crate::workers::tools::{Call, Captured, Class, Tool, Toolbox, Trouble, secrets_in};

/// What holds for all calls that copy.
const OPTIONS: [&str; 8] = [
    "--use-json-log",
    "--stats=1s",
    "--stats-log-level=NOTICE",
    "--retries=3",
    "--contimeout=15s",
    "--timeout=60s",
    // What callboard keeps for itself, and what is not whole.
    "--exclude=.callboard/**",
    "--exclude=*.part",
];

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Synced {
    mode: Mode,
    dry_run: bool,
    source: String,
    destination: String,
    /// Files that went over.
    transfers: u64,
    /// Their size.
    bytes: u64,
    /// Files that were there already.
    checks: u64,
    /// Files that were deleted at the destination.
    deletes: u64,
    /// Whether both places were compared afterwards and were alike; null: not asked for.
    verified: Option<bool>,
}

/// A transfer from one place to another.
pub struct Transfer<'a> {
    /// What the configuration allows.
    pub places: &'a Places,
    /// rclone.
    pub rclone: &'a Tool,
    /// The attempt's programs.
    pub toolbox: &'a Toolbox,
    /// From here.
    pub source: String,
    /// To there.
    pub destination: String,
    /// And what is there beside.
    pub mode: Mode,
    /// Only tell.
    pub dry_run: bool,
    /// Compare afterwards.
    pub verify: bool,
}

#[derive(Deserialize)]
struct Size {
    count: u64,
}

impl Transfer<'_> {
    /// Does it.
    ///
    /// # Errors
    /// By what rclone's exit code means.
    pub async fn run(self) -> RunResult<Synced> {
        if self.mode == Mode::Mirror {
            self.refuse_empty_source().await?;
        }
        let stats = match self.staging().await? {
            Some(staging) => staging.run().await?,
            None => self.straight().await?,
        };
        let alike = if self.verify && !self.dry_run { Some(self.compare().await?) } else { None };
        // What was compared with another folder is not among those that rclone counts.
        let known = alike.unwrap_or_default().saturating_sub(stats.transfers).max(stats.checks);
        self.toolbox.ctx().progress_at(100.0, stats.transfers, Some(stats.transfers), None);
        Ok(Synced {
            mode: self.mode,
            dry_run: self.dry_run,
            source: self.source,
            destination: self.destination,
            transfers: stats.transfers,
            bytes: stats.bytes,
            checks: known,
            deletes: stats.deletes,
            verified: alike.map(|_| true),
        })
    }

    /// Files go to the destination itself.
    pub(super) async fn straight(&self) -> RunResult<Stats> {
        let mut options = Vec::new();
        if self.mode == Mode::Mirror {
            options.push(format!("--max-delete={}", self.places.0.max_delete));
        }
        if self.dry_run {
            options.push("--dry-run".into());
        }
        let command = match self.mode {
            Mode::Copy => "copy",
            Mode::Mirror => "sync",
        };
        self.copy(command, options, &self.destination).await
    }

    /// Runs a command that copies from the source, and tells its progress.
    pub(super) async fn copy(
        &self,
        command: &str,
        options: Vec<String>,
        destination: &str,
    ) -> RunResult<Stats> {
        let args = [command].into_iter().chain(OPTIONS).map(str::to_owned).chain(options).collect();
        let mut reader = StatsReader::new(self.toolbox.ctx());
        let ran = self.toolbox.run(self.call(args, &[&self.source, destination])?, &mut reader).await?;
        if !ran.status.success() {
            let said = reader.error.unwrap_or(ran.stderr);
            return Err(exit_trouble(ran.status.code(), &said).into());
        }
        Ok(reader.stats)
    }

    /// A mirror of an empty folder empties the destination, and rclone finds nothing wrong with that.
    async fn refuse_empty_source(&self) -> RunResult<()> {
        let args = ["size", "--json", "--exclude=.callboard/**", "--exclude=*.part"];
        let captured = self.ask(&args, &[&self.source]).await?;
        if !captured.status.success() {
            return Err(exit_trouble(captured.status.code(), &captured.stderr).into());
        }
        let size: Size = serde_json::from_str(&captured.stdout)?;
        match size.count {
            0 => Err(Trouble::new(
                Class::BadInput,
                "the source is empty: a mirror of it would delete everything",
            )
            .into()),
            _ => Ok(()),
        }
    }

    /// Exit 0 is not believed: how many files are alike, if all of the source are.
    async fn compare(&self) -> RunResult<u64> {
        let args = [
            "check",
            "--one-way",
            "--size-only",
            "--use-json-log",
            "--exclude=.callboard/**",
            "--exclude=*.part",
        ];
        let captured = self.ask(&args, &[&self.source, &self.destination]).await?;
        match captured.status.code() {
            Some(0) => Ok(matching(&captured.stderr)),
            code => {
                let text = format!(
                    "after the copy both places still differ (exit code {code:?}): {}",
                    captured.stderr
                );
                Err(Trouble::new(Class::Transient, text).into())
            }
        }
    }

    /// Runs rclone for what it prints.
    pub(super) async fn ask(&self, args: &[&str], places: &[&str]) -> RunResult<Captured> {
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        self.toolbox.capture(self.call(args, places)?).await
    }

    fn call(&self, mut args: Vec<String>, places: &[&str]) -> RunResult<Call> {
        let config = &self.places.0;
        args.extend(config.config.iter().map(|file| format!("--config={}", file.display())));
        args.extend(config.extra_args.iter().cloned());
        args.push("--".to_owned());
        args.extend(places.iter().map(|place| (*place).to_owned()));
        let secrets = secrets_in(&config.extra_args);
        Ok(Call { secrets, ..Call::new(self.rclone.needed()?, args) })
    }
}

/// How many files rclone found to be alike.
fn matching(said: &str) -> u64 {
    let before = said.split(" matching files").next().unwrap_or_default();
    before.rsplit(|c: char| !c.is_ascii_digit()).next().and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// What an exit code means. 1 and 2 have swapped their meanings between versions.
pub(super) fn exit_trouble(code: Option<i32>, said: &str) -> Trouble {
    let class = match code {
        Some(3 | 4) => Class::NotFound,
        Some(5) | None => Class::Transient,
        Some(6 | 7 | 8 | 10) => Class::BadInput,
        _ if ["401", "403", "Unauthorized", "access denied"].iter().any(|sign| said.contains(sign)) => {
            Class::Auth
        }
        _ if said.contains("didn't find section in config file") => Class::Internal,
        _ => Class::Transient,
    };
    let code = code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
    Trouble::new(class, format_args!("rclone ended with {code}: {said}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_alike_are_counted() {
        let line = r#"{"level":"notice","msg":"Local file system at /x: 12 matching files"}"#;
        assert_eq!((matching(line), matching("0 differences found"), matching("")), (12, 0, 0));
    }
}
