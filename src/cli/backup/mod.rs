//! `callboard backup` and `callboard restore`

mod archive;
mod bar;
mod part;
mod restore;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use archive::{Archive, Contents};
use bar::Bar;
use part::Part;
pub(super) use restore::Restore;

use super::configured::ConfigArgs;
use super::failure::Failure;
use super::output::Output;
use crate::config::{Config, Database};
use crate::store::backup::{self, Content};

/// Copy the queue into a file, also while its server runs
///
/// The copy is of one moment: all that was acknowledged before it began is in it. It is checked before
/// it gets its name. `callboard restore` brings it back. For a queue in PostgreSQL use pg_dump.
#[derive(Debug, clap::Args)]
pub(super) struct Backup {
    /// The file to make
    file: PathBuf,
    /// With the logs of all attempts: the file is a tar archive then
    #[arg(long)]
    logs: bool,
    /// Replace a file that is there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

/// What a backup came to, for programs.
#[derive(Serialize)]
struct Report<'a> {
    file: &'a Path,
    /// How many bytes the file has.
    bytes: u64,
    jobs: u64,
    /// The newest migration of the tables in it.
    schema: Option<&'a String>,
    tables: &'a [backup::TableContent],
    logs: Option<&'a Contents>,
}

impl Backup {
    pub(super) fn run(self, json: bool) -> Result<(), Failure> {
        let config = self.config.load()?.0;
        let database = embedded(&config, "--file FILE", "pg_dump")?;
        if !self.force && self.file.exists() {
            return Err(Failure::Usage(format!(
                "{} is there already; name another file, or replace it with --force",
                self.file.display()
            )));
        }
        let part = Part::create(&self.file)?;
        let bar = Bar::new(json);
        let (content, logs) = match self.logs {
            false => (backup::copy(&database, part.path(), &mut |step| bar.show(step))?, None),
            true => {
                let copy = Part::create(&with_ending(&self.file, ".db"))?;
                let content = backup::copy(&database, copy.path(), &mut |step| bar.show(step))?;
                bar.say("packing the logs");
                let archive = Archive::at(part.path());
                let contents = archive.write(copy.path(), &config.data_dir.join("logs"));
                (content, Some(contents.map_err(|e| Failure::file("write", part.path(), e))?))
            }
        };
        part.keep(self.force)?;
        bar.clear();
        tell(&self.file, &content, logs.as_ref(), json)
    }
}

fn tell(file: &Path, content: &Content, logs: Option<&Contents>, json: bool) -> Result<(), Failure> {
    let bytes = fs::metadata(file).map_err(|e| Failure::file("look at", file, e))?.len();
    let (jobs, tables, schema) = (content.jobs(), content.tables.as_slice(), content.migrations.last());
    let mut out = Output::new(json);
    if json {
        out.value(&Report { file, bytes, jobs, schema, tables, logs })?;
    } else {
        let logs = logs.map_or_else(String::new, |logs| format!(", {} log files", logs.files));
        out.text(&format!("{}: {jobs} jobs{logs}, {bytes} bytes, checked", file.display()))?;
    }
    Ok(out.flush()?)
}

/// The file of an embedded queue; for another one, what to use instead.
fn embedded(config: &Config, arguments: &str, tool: &str) -> Result<PathBuf, Failure> {
    match config.database() {
        Database::Sqlite(path) => Ok(path),
        Database::Postgres(postgres) => Err(Failure::Usage(format!(
            "this queue is in PostgreSQL ({}): use its own tool, such as `{tool} --format=custom --schema={} {arguments} \
             DATABASE_URL`",
            postgres.url, postgres.schema
        ))),
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
