//! `callboard migrate`

mod copy;

use std::io::Write;

use crate::cli::configured::ConfigArgs;
use crate::cli::failure::Failure;
use crate::config::Database;
use crate::store::connection;
use crate::store::owner::OwnerLock;

/// Look at or update the tables of the database (`serve` updates them by itself)
#[derive(Debug, clap::Args)]
pub(super) struct Migrate {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Show which migrations have run and which are missing
    Status(ConfigArgs),
    /// Run those that are missing
    Up(ConfigArgs),
    Copy(copy::Copy),
}

impl Migrate {
    pub(super) fn run(self) -> Result<(), Failure> {
        let mut out = std::io::stdout();
        match self.what {
            What::Status(args) => {
                let database = args.load()?.0.database();
                match database {
                    Database::Sqlite(path) if !path.exists() => return Err(Failure::NoDatabase(path)),
                    _ => {}
                }
                let mut conn = connection::open(&database)?;
                let (done, missing) = connection::migration_status(&mut conn)?;
                for name in done {
                    writeln!(out, "done     {name}")?;
                }
                for name in missing {
                    writeln!(out, "missing  {name}")?;
                }
            }
            What::Copy(copy) => copy.run()?,
            What::Up(args) => {
                let config = args.load()?.0;
                let database = config.database();
                std::fs::create_dir_all(&config.data_dir)
                    .map_err(|source| Failure::Local { what: "make the data folder", source })?;
                let _owner = match &database {
                    Database::Sqlite(path) => Some(OwnerLock::acquire(path)?),
                    Database::Postgres(_) => None,
                };
                let mut conn = connection::open(&database)?;
                connection::prepare(&database, &mut conn)?;
                let done = connection::migrate(&mut conn)?;
                for name in &done {
                    writeln!(out, "done     {name}")?;
                }
                if done.is_empty() {
                    writeln!(out, "nothing to do")?;
                }
            }
        }
        Ok(out.flush()?)
    }
}
