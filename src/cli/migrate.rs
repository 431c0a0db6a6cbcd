//! `callboard migrate`

use std::io::Write;

use super::configured::ConfigArgs;
use super::failure::Failure;
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
}

impl Migrate {
    pub(super) fn run(self) -> Result<(), Failure> {
        let mut out = std::io::stdout();
        match self.what {
            What::Status(args) => {
                let path = args.load()?.0.database_path();
                if !path.exists() {
                    return Err(Failure::NoDatabase(path));
                }
                let mut conn = connection::open_readers(&path, 1).and_then(|pool| {
                    pool.get().map_err(|e| crate::store::StoreError::Database(e.to_string()))
                })?;
                let (done, missing) = connection::migration_status(&mut conn)?;
                for name in done {
                    writeln!(out, "done     {name}")?;
                }
                for name in missing {
                    writeln!(out, "missing  {name}")?;
                }
            }
            What::Up(args) => {
                let config = args.load()?.0;
                let path = config.database_path();
                std::fs::create_dir_all(&config.data_dir)
                    .map_err(|source| Failure::Local { what: "make the data folder", source })?;
                let _owner = OwnerLock::acquire(&path)?;
                let done = connection::migrate(&mut connection::open_writer(&path)?)?;
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
