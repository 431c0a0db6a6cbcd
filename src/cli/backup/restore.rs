//! `callboard restore`

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::archive::{Archive, Contents};
use super::bar::Bar;
use super::{embedded, with_ending};
use crate::Timestamp;
use crate::cli::configured::ConfigArgs;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::store::backup::Restoration;

/// Put a backup in the place of the queue; with no server on it
///
/// The backup is checked first. The queue that was there is kept beside it under another name. Jobs
/// that ran when the backup was made run again.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Restore {
    /// What `callboard backup` made
    file: PathBuf,
    #[command(flatten)]
    config: ConfigArgs,
}

/// What was done, for programs.
#[derive(Serialize)]
struct Report {
    database: PathBuf,
    jobs: u64,
    /// The newest migration of the tables.
    schema: Option<String>,
    logs: Option<Contents>,
    /// What was there before, under the names that it has now.
    kept: Vec<PathBuf>,
}

impl Restore {
    pub(in crate::cli) fn run(self, json: bool) -> Result<(), Failure> {
        let config = self.config.load()?.0;
        let database = embedded(&config, "FILE --dbname", "pg_restore")?;
        let in_data_dir = |e| Failure::file("make", &config.data_dir, e);
        fs::create_dir_all(&config.data_dir).map_err(in_data_dir)?;
        let restoration = Restoration::begin(&database)?;
        let mut logs = Logs::new(config.data_dir.join("logs"));
        let bar = Bar::new(json);
        let archived = Archive::is_one(&self.file).map_err(|e| Failure::file("read", &self.file, e))?;
        let contents = match archived {
            false => {
                restoration.fill(&self.file, &mut |step| bar.show(step))?;
                None
            }
            true => {
                bar.say("unpacking");
                logs.clear_place()?;
                let unpacked = Archive::at(&self.file).unpack(Some((restoration.place(), &logs.place)));
                Some(unpacked.map_err(|e| Failure::file("restore", &self.file, e))?)
            }
        };
        let (content, newest) = restoration.check()?;
        let ending = format!(".before-restore-{}", compact(&Timestamp::system_now().to_string()));
        match archived {
            true => logs.replace(&ending)?,
            false => logs.put_strays_aside(newest, &ending)?,
        }
        // Last of all: a restore that was cut short has left the queue as it was.
        let aside = with_ending(&database, &ending);
        let mut kept = std::mem::take(&mut logs.kept);
        if restoration.finish(&aside)? {
            kept.insert(0, aside);
        }
        bar.clear();
        let schema = content.migrations.last().cloned();
        tell(&Report { database, jobs: content.jobs(), schema, logs: contents, kept }, json)
    }
}

/// `20261122T173000.123Z`: two of one second are told apart.
fn compact(time: &str) -> String {
    time.chars().filter(|c| !matches!(c, '-' | ':')).collect()
}

fn tell(report: &Report, json: bool) -> Result<(), Failure> {
    let mut out = Output::new(json);
    if json {
        out.value(report)?;
    } else {
        let logs =
            report.logs.as_ref().map_or_else(String::new, |logs| format!(", {} log files", logs.files));
        out.text(&format!("{}: {} jobs{logs}, checked", report.database.display(), report.jobs))?;
        for kept in &report.kept {
            out.text(&format!("what was there is kept as {}", kept.display()))?;
        }
    }
    Ok(out.flush()?)
}

/// The folder of the logs, and what becomes of those that are there.
struct Logs {
    folder: PathBuf,
    /// Where new ones are gathered.
    place: PathBuf,
    kept: Vec<PathBuf>,
}

impl Logs {
    fn new(folder: PathBuf) -> Self {
        Self { place: with_ending(&folder, ".restoring"), folder, kept: Vec::new() }
    }

    /// Removes what a restore that was cut short has left.
    fn clear_place(&self) -> Result<(), Failure> {
        match fs::remove_dir_all(&self.place) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Failure::file("remove", &self.place, e)),
            _ => fs::create_dir_all(&self.place).map_err(|e| Failure::file("make", &self.place, e)),
        }
    }

    /// Those that were gathered take the place of those that are there.
    fn replace(&mut self, ending: &str) -> Result<(), Failure> {
        if self.folder.exists() {
            let aside = with_ending(&self.folder, ending);
            rename(&self.folder, &aside)?;
            self.kept.push(aside);
        }
        rename(&self.place, &self.folder)
    }

    /// Ids are given anew from `newest` on: what older jobs with such ids have said must not be taken
    /// for that of others.
    fn put_strays_aside(&mut self, newest: i64, ending: &str) -> Result<(), Failure> {
        let (jobs, aside) = (self.folder.join("jobs"), with_ending(&self.folder, ending));
        let Ok(entries) = fs::read_dir(&jobs) else { return Ok(()) };
        let names = entries.flatten().map(|entry| entry.file_name());
        let is_stray = |name: &std::ffi::OsString| {
            name.to_str().and_then(|name| name.parse::<i64>().ok()).is_some_and(|id| id > newest)
        };
        for name in names.filter(is_stray) {
            let strays = aside.join("jobs");
            fs::create_dir_all(&strays).map_err(|e| Failure::file("make", &strays, e))?;
            rename(&jobs.join(&name), &strays.join(&name))?;
            if self.kept.is_empty() {
                self.kept.push(aside.clone());
            }
        }
        Ok(())
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.place);
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::rename(from, to).map_err(|e| Failure::file("move", from, e))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_time_that_fits_into_a_name() {
        assert_eq!(super::compact("2026-11-22T17:30:05.123Z"), "20261122T173005.123Z");
    }
}
