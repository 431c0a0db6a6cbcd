//! A queue moves from one database to another one and back, and nothing is lost on the way.

#[path = "../postgres/mod.rs"]
mod postgres;
mod queue;

use std::path::{Path, PathBuf};

use callboard::config::Database;
use callboard::store::copy::{self, Step};
use callboard::store::{Store, StoreResult};
use diesel::RunQueryDsl;
use postgres::Schema;
use queue::{Queue, dump};

fn go_on(_: Step<'_>) -> bool {
    true
}

fn open(database: &Database) -> StoreResult<Store> {
    Store::open(database, 1, Box::new(|_| ()))
}

fn sqlite(folder: &Path, name: &str) -> (PathBuf, Database) {
    let path = folder.join(name);
    let database = Database::from(path.as_path());
    (path, database)
}

fn same(left: &[String], right: &[String]) {
    let lacks = |all: &[String], other: &[String]| -> Vec<String> {
        all.iter().filter(|line| !other.contains(line)).cloned().collect()
    };
    assert_eq!(lacks(left, right), lacks(right, left));
    assert_eq!(left.len(), right.len());
}

#[actix_rt::test]
async fn there_and_back_again() {
    if !postgres::is_there() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let queue = Queue::fill(home.path()).await;
    let before = dump(&queue.path);
    let schema = Schema::new();
    let there = copy::copy(&queue.database(), &schema.database(), &mut go_on).unwrap().unwrap();
    let (path, back) = sqlite(home.path(), "back.db");
    let again = copy::copy(&schema.database(), &back, &mut go_on).unwrap().unwrap();
    assert_eq!(there, again, "the same rows, with the same checksums");
    assert!(there.tables.iter().all(|table| table.sha256.is_some()));
    let rows = |name: &str| there.tables.iter().find(|table| table.name == name).unwrap().rows;
    for (table, n) in [("jobs", queue.jobs), ("schedules", 1), ("workflows", 1)] {
        assert_eq!(rows(table), n, "{table}");
    }
    for table in ["attempts", "dependencies", "job_tags", "counters", "stats", "nodes"] {
        assert!(rows(table) > 0, "nothing in {table}: nothing is shown");
    }
    same(&dump(&path), &before);
    same(&dump(&queue.path), &before);
    // The waiting ones run there, and new ones get new numbers.
    queue.goes_on_with(&schema).await;
}

#[actix_rt::test]
async fn a_copy_that_was_cut_short_goes_on_where_it_stopped() {
    let home = tempfile::tempdir().unwrap();
    let queue = Queue::fill(home.path()).await;
    let (path, to) = sqlite(home.path(), "copy.db");
    let mut copied = Vec::new();
    let stopped = copy::copy(&queue.database(), &to, &mut |step| match step {
        Step::Copied(table, _) => {
            copied.push(table.to_owned());
            table != "jobs"
        }
        _ => true,
    });
    assert_eq!(stopped.unwrap(), None);
    let refused = open(&to).err().unwrap().to_string();
    assert!(refused.contains("a copy that was not finished"), "{refused}");
    let refused = copy::look(&to, &queue.database()).unwrap_err().to_string();
    assert!(refused.contains("a copy that was not finished"), "{refused}");
    let mut again = Vec::new();
    let done = copy::copy(&queue.database(), &to, &mut |step| {
        if let Step::Copied(table, _) = step {
            again.push(table.to_owned());
        }
        true
    });
    assert!(done.unwrap().is_some());
    assert!(copied.contains(&"counters".to_owned()) && !again.contains(&"counters".to_owned()), "{again:?}");
    same(&dump(&path), &dump(&queue.path));
    open(&to).unwrap().close().await;
}

#[actix_rt::test]
async fn what_would_be_wrong_is_refused_before_anything_is_written() {
    let home = tempfile::tempdir().unwrap();
    let queue = Queue::fill(home.path()).await;
    let (new, to) = sqlite(home.path(), "new.db");
    let refusal = |from: &Database, to: &Database| {
        let looked = copy::look(from, to).unwrap_err().to_string();
        assert_eq!(copy::copy(from, to, &mut go_on).unwrap_err().to_string(), looked);
        looked
    };
    let (_, nothing) = sqlite(home.path(), "nothing.db");
    assert!(refusal(&nothing, &to).contains("there is no database"));
    assert!(!new.exists());
    let counted = copy::look(&queue.database(), &to).unwrap();
    assert!(counted.tables.iter().any(|table| table.name == "jobs" && table.rows == queue.jobs));
    assert!(!new.exists(), "to look writes nothing");
    copy::copy(&queue.database(), &to, &mut go_on).unwrap().unwrap();
    assert!(refusal(&queue.database(), &to).contains("has rows"));
    let server = open(&queue.database()).unwrap();
    let in_use = refusal(&queue.database(), &to);
    assert!(in_use.contains(&format!("in use by process {}", std::process::id())), "{in_use}");
    server.close().await;
}

#[actix_rt::test]
async fn a_database_whose_servers_live_is_left_alone() {
    if !postgres::is_there() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let queue = Queue::fill(home.path()).await;
    let schema = Schema::new();
    let board = queue::start(&home.path().join("other"), Some(&schema)).await;
    for (from, to) in
        [(queue.database(), schema.database()), (schema.database(), sqlite(home.path(), "to.db").1)]
    {
        let refused = copy::look(&from, &to).unwrap_err().to_string();
        assert!(refused.contains(&format!("process id {}", std::process::id())), "{refused}");
    }
    board.shutdown().await;
}

#[actix_rt::test]
async fn a_difference_is_noticed() {
    let home = tempfile::tempdir().unwrap();
    let queue = Queue::fill(home.path()).await;
    let (path, to) = sqlite(home.path(), "copy.db");
    let mut spoiled = false;
    let done = copy::copy(&queue.database(), &to, &mut |step| {
        if let Step::Compared(..) = step
            && !std::mem::replace(&mut spoiled, true)
        {
            let spoil = "UPDATE jobs SET args = '{}' WHERE id = 3";
            let mut conn = callboard::store::connection::open(&Database::from(path.as_path())).unwrap();
            assert_eq!(diesel::sql_query(spoil).execute(&mut conn).unwrap(), 1);
        }
        true
    });
    let refused = done.unwrap_err().to_string();
    assert!(refused.starts_with("jobs is not the same in the copy, from the row [3] on"), "{refused}");
    assert!(open(&to).is_err(), "it is not taken for a whole one");
}
