//! A job that comes true with the caller's own transaction: an order and the job that ships it are
//! stored together or not at all.
//!
//! ```sh
//! cargo run --example transactional
//! ```

use std::path::Path;
use std::sync::Arc;

use callboard::config::Config;
use callboard::domain::JobFilter;
use callboard::{Callboard, Error, NewJob};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

/// Stores an order, and the job that ships it.
fn order(callboard: &Callboard, conn: &mut SqliteConnection, what: &str) -> Result<i64, Error> {
    conn.immediate_transaction(|conn| {
        let insert = diesel::sql_query("INSERT INTO orders (what) VALUES (?)");
        insert.bind::<Text, _>(what).execute(conn)?;
        let job = NewJob::new("sleep");
        let job =
            job.args(&serde_json::json!({"secs": 0.1})).map_err(|e| Error::invalid("args", e.to_string()))?;
        let shipping = callboard.enqueue_on(conn, job)?.job.id;
        if what.is_empty() {
            // Both are gone with it.
            return Err(Error::invalid("what", "must not be empty"));
        }
        Ok(shipping)
    })
}

/// Places two orders, one of which is none.
pub async fn run(data_dir: &Path) -> Result<Vec<String>, Error> {
    let config = Config { data_dir: data_dir.to_owned(), ..Config::default() };
    let callboard = Arc::new(Callboard::builder(config).start().await?);
    let mut conn = SqliteConnection::establish(&data_dir.join("queue.db").to_string_lossy())
        .map_err(|e| Error::Unavailable(e.to_string()))?;
    conn.batch_execute(
        "PRAGMA busy_timeout = 5000; CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, what TEXT NOT NULL)",
    )?;
    let mut told = Vec::new();
    for what in ["a lamp", ""] {
        told.push(match order(&callboard, &mut conn, what) {
            Ok(job) => format!("{what:?} is ordered; job {job} ships it"),
            Err(e) => format!("{what:?} is not ordered: {e}"),
        });
    }
    let orders: i64 =
        diesel::select(diesel::dsl::sql::<BigInt>("(SELECT count(*) FROM orders)")).first(&mut conn)?;
    let jobs = callboard.count(JobFilter::default(), 10).await?;
    told.push(format!("{orders} order, {jobs} job"));
    callboard.shutdown().await;
    Ok(told)
}

#[allow(dead_code)] // A test calls `run`.
fn main() -> Result<(), Error> {
    let home = std::env::temp_dir().join(format!("callboard-transactional-{}", std::process::id()));
    for line in actix_rt::System::new().block_on(run(&home))? {
        println!("{line}");
    }
    let _ = std::fs::remove_dir_all(home);
    Ok(())
}
