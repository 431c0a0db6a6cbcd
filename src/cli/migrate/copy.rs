//! `callboard migrate copy`

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::config::{Database, DatabaseUrl, Postgres};
use crate::store::copy::{self, Copied, Step};

/// Copy a whole queue into another, empty database; with no server on either
///
/// The source stays as it is. A copy that was cut short goes on where it stopped when the command is
/// given again. In the end both are compared, row by row.
#[derive(Debug, clap::Args)]
pub(super) struct Copy {
    /// The database to read: sqlite:PATH, postgres://… or a path
    #[arg(long, value_name = "URL", value_parser = url)]
    from: DatabaseUrl,
    /// The empty database to write
    #[arg(long, value_name = "URL", value_parser = url)]
    to: DatabaseUrl,
    /// The schema of a PostgreSQL database
    #[arg(long, value_name = "NAME", default_value = "public", value_parser = schema)]
    schema: String,
    /// Only look whether it could begin, and count
    #[arg(long)]
    dry_run: bool,
}

fn url(text: &str) -> Result<DatabaseUrl, String> {
    DatabaseUrl::parse(text.to_owned())
}

fn schema(text: &str) -> Result<String, String> {
    Postgres::check_schema(text).map(|()| text.to_owned()).map_err(|what| format!("must be {what}"))
}

impl Copy {
    pub(super) fn run(self, json: bool) -> Result<(), Failure> {
        let (from, to) = (self.database(&self.from), self.database(&self.to));
        let mut out = Output::new(json);
        let copied = match self.dry_run {
            true => copy::look(&from, &to)?,
            false => {
                let bar = if json { ProgressBar::hidden() } else { ProgressBar::no_length() };
                // The watch never stops it, so there is something.
                let copied = copy::copy(&from, &to, &mut |step| show(&bar, step))?.unwrap_or_default();
                bar.finish_and_clear();
                copied
            }
        };
        print(&mut out, &copied)?;
        if !json {
            out.text(match self.dry_run {
                true => "nothing was copied (--dry-run)",
                false => "both are the same",
            })?;
        }
        Ok(out.flush()?)
    }

    fn database(&self, url: &DatabaseUrl) -> Database {
        match url.path() {
            Some(path) => Database::Sqlite(path),
            None => Database::Postgres(Postgres { url: url.clone(), schema: self.schema.clone() }),
        }
    }
}

fn show(bar: &ProgressBar, step: Step<'_>) -> bool {
    match step {
        Step::Begins(rows) => {
            // Each row is copied and compared.
            bar.set_length(2 * rows);
            // A template that cannot be read leaves the library's own look.
            if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent}% {wide_msg}") {
                bar.set_style(style);
            }
        }
        Step::Resumed(rows) => bar.inc(rows),
        Step::Copied(table, rows) => {
            bar.set_message(format!("copying {table}"));
            bar.inc(rows);
        }
        Step::Compared(table, rows) => {
            bar.set_message(format!("comparing {table}"));
            bar.inc(rows);
        }
    }
    true
}

fn print(out: &mut Output, copied: &Copied) -> Result<(), Failure> {
    if out.is_json() {
        return Ok(out.value(copied)?);
    }
    for table in &copied.tables {
        let hash =
            table.sha256.as_deref().map(|hash| format!("  sha256 {}", &hash[..16])).unwrap_or_default();
        out.text(&format!("{:>12}  {}{hash}", table.rows, table.name))?;
    }
    Ok(())
}
