//! A PostgreSQL for the tests: one server for all that run at a time, on a socket in a temporary
//! folder. The first test starts it, and it ends by itself when none has needed it for a while.

#![allow(dead_code, unreachable_pub)] // Each test program needs another part of it.

mod install;
mod server;

use std::sync::atomic::{AtomicU32, Ordering};

use callboard::config::{Database, DatabaseUrl, Postgres};
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};

pub use install::Install;
pub use server::Server;

/// Whether there is a PostgreSQL on this machine. Says so if not; where everything has to be there
/// (`CI=true`) that is a failure.
pub fn is_there() -> bool {
    let there = Install::find().is_some();
    if !there {
        let what =
            "there is no PostgreSQL on this machine (scripts/setup installs one): THIS TEST IS LEFT OUT";
        assert!(std::env::var_os("CI").is_none(), "{what}");
        eprintln!("{what}");
    }
    there
}

/// A schema of its own on the shared server; it is dropped with this.
pub struct Schema {
    pub name: String,
    server: &'static Server,
}

impl Schema {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("t{}_{n}_{:x}", std::process::id(), fastrand::u32(..));
        Self { name, server: Server::shared() }
    }

    pub fn url(&self) -> String {
        self.server.url()
    }

    pub fn database(&self) -> Database {
        Database::Postgres(self.postgres())
    }

    pub fn postgres(&self) -> Postgres {
        Postgres { url: DatabaseUrl::from(self.url().as_str()), schema: self.name.clone() }
    }

    /// A connection that sees the schema's tables.
    pub fn connect(&self) -> PgConnection {
        let mut conn = PgConnection::establish(&self.postgres().url.conninfo()).unwrap();
        conn.batch_execute(&format!("SET search_path TO \"{}\"; SET client_min_messages = error", self.name))
            .unwrap();
        conn
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        // A test that failed may have left the server in any state.
        if let Ok(mut conn) = PgConnection::establish(&self.postgres().url.conninfo()) {
            let _ = conn.batch_execute(&format!(
                "SET client_min_messages = error; DROP SCHEMA IF EXISTS \"{}\" CASCADE",
                self.name
            ));
        }
    }
}
