//! `callboard migrate`

mod copy;

use serde::Serialize;

use crate::cli::configured::ConfigArgs;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
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

/// What `status` and `up` have to tell.
#[derive(Serialize)]
struct Migrations {
    /// Those that have run: all of them, or with `up` those that ran now.
    done: Vec<String>,
    missing: Vec<String>,
}

impl Migrate {
    pub(super) fn run(self, json: bool) -> Result<(), Failure> {
        let mut out = Output::new(json);
        match self.what {
            What::Status(args) => status(args)?.tell(&mut out)?,
            What::Copy(copy) => copy.run(json)?,
            What::Up(args) => {
                let migrations = up(args)?;
                migrations.tell(&mut out)?;
                if !json && migrations.done.is_empty() {
                    out.text("nothing to do")?;
                }
            }
        }
        Ok(out.flush()?)
    }
}

fn status(args: ConfigArgs) -> Result<Migrations, Failure> {
    let database = args.load()?.0.database();
    match database {
        Database::Sqlite(path) if !path.exists() => return Err(Failure::NoDatabase(path)),
        _ => {}
    }
    let mut conn = connection::open(&database)?;
    let (done, missing) = connection::migration_status(&mut conn)?;
    Ok(Migrations { done, missing })
}

fn up(args: ConfigArgs) -> Result<Migrations, Failure> {
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
    Ok(Migrations { done: connection::migrate(&mut conn)?, missing: Vec::new() })
}

impl Migrations {
    fn tell(&self, out: &mut Output) -> Result<(), Failure> {
        if out.is_json() {
            return Ok(out.value(self)?);
        }
        for name in &self.done {
            out.text(&format!("done     {name}"))?;
        }
        for name in &self.missing {
            out.text(&format!("missing  {name}"))?;
        }
        Ok(())
    }
}
