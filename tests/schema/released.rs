//! Databases of released versions, with their data, are brought up to date, and what waits in them runs.
//! `scripts/fixtures` has made them.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use callboard::config::Database;
use callboard::store::connection;
use callboard::store::sql::Conn;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde_json::{Value, json};

use crate::served::Served;
use crate::{Subject, pg, sqlite};

/// With job types of the same names that end well, and nothing that prunes what is old.
const CONFIG: &str = r#"
heartbeat_secs = 0.2
node_timeout_secs = 2
retention = { completed_days = 36500, cancelled_days = 36500, failed_days = 36500 }
[job_types]
long = { command = ["true"], concurrency = 1, concurrency_key = "target_id" }
broken = { command = ["true"] }
shaky = { command = ["true"] }
held = { command = ["true"] }
elsewhere = { command = ["true"] }
"#;

/// The versions there are fixtures of, oldest first: the name of each one's newest migration.
fn versions() -> Vec<String> {
    let folder = format!("{}/tests/fixtures/released", env!("CARGO_MANIFEST_DIR"));
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    assert!(names.len() >= 3, "{names:?}");
    names
}

fn load(conn: &mut Conn, version: &str) {
    let side = match conn {
        Conn::Sqlite(_) => "sqlite",
        Conn::Postgres(_) => "postgres",
    };
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join(format!("tests/fixtures/released/{version}/{side}.sql"));
    conn.batch_execute(&fs::read_to_string(file).unwrap()).unwrap();
}

fn count(conn: &mut Conn, table: &str) -> i64 {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    diesel::sql_query(format!("SELECT count(*) AS n FROM \"{table}\"")).get_result::<Count>(conn).unwrap().n
}

fn counts<H>(subject: &mut Subject<H>) -> BTreeMap<String, i64> {
    let names: Vec<String> = subject.tables().into_keys().collect();
    let is_there = |name: &&String| name.as_str() != "sequences" || matches!(subject.conn, Conn::Sqlite(_));
    let names: Vec<String> = names.iter().filter(is_there).cloned().collect();
    names.into_iter().map(|name| (name.clone(), count(&mut subject.conn, &name))).collect()
}

/// The tables become those of a new database, and no row is lost.
fn every_version_is_brought_up_to_date<H>(empty: fn() -> Subject<H>) {
    let mut new = empty();
    connection::migrate(&mut new.conn).unwrap();
    let newest = new.tables();
    for version in versions() {
        let mut old = empty();
        load(&mut old.conn, &version);
        let before = counts(&mut old);
        connection::migrate(&mut old.conn).unwrap();
        assert_eq!(old.tables(), newest, "{version}");
        let after = counts(&mut old);
        for (table, n) in &before {
            assert!(after[table] >= *n, "{version}: {table} had {n} rows and has {}", after[table]);
        }
        assert_eq!(after["jobs"], before["jobs"], "{version}");
    }
}

/// What the newest fixture lacks, no test looks at: whoever adds a table makes a fixture that has rows
/// in it.
fn the_newest_fixture_fills_every_table_of_its_time<H>(empty: fn() -> Subject<H>) {
    let mut subject = empty();
    load(&mut subject.conn, versions().last().unwrap());
    let bare: Vec<String> =
        counts(&mut subject).into_iter().filter(|(_, n)| *n == 0).map(|(name, _)| name).collect();
    assert!(bare.is_empty(), "{bare:?}");
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

/// Waits until nothing waits and nothing runs any more.
fn work_off(served: &Served) -> Value {
    let begun = Instant::now();
    loop {
        let counts = served.get("/api/queue-status")["counts"].clone();
        let open = ["scheduled", "blocked", "pending", "running", "retrying"];
        if open.iter().all(|state| number(&counts[state]) == 0) {
            return counts;
        }
        if begun.elapsed() > Duration::from_secs(90) {
            let jobs = served
                .get("/api/jobs?state=pending&state=running&state=blocked&state=retrying&state=scheduled");
            panic!("{counts}: {jobs}");
        }
    }
}

fn what_waits_runs(version: &str, served: &Served) {
    // What was set stays set.
    assert_eq!(served.get("/api/job-types/held")["paused"], true, "{version}");
    assert_eq!(served.get("/api/job-types/held")["concurrency"], 3, "{version}");
    let (status, body) = served.call("POST", "/api/job-types/held/resume", None);
    assert_eq!(status, 200, "{body}");
    let counts = work_off(served);
    // One that failed, one that was called off; all others have run by now.
    assert_eq!((number(&counts["failed"]), number(&counts["cancelled"])), (1, 1), "{version}: {counts}");
    assert_eq!(served.get("/api/schedules/yearly")["name"], "yearly", "{version}");
    let job = served.get("/api/jobs/1");
    assert_eq!(
        (&job["key"], &job["tags"], &job["metadata"]),
        (&json!("a-key"), &json!(["one", "two"]), &json!({"who": "me"}))
    );
    let (status, again) =
        served.call("POST", "/api/jobs", Some(&json!({"job_type": "noop", "key": "a-key"})));
    assert_eq!((status, &again["id"]), (200, &json!(1)), "{version}");
    let (status, new) = served.call("POST", "/api/jobs", Some(&json!({"job_type": "noop"})));
    assert!(status == 201 && number(&new["id"]) > number(&job["id"]) + 10, "{version}: {new}");
    assert_eq!(served.wait(number(&new["id"]))["state"], "completed");
    let dead = served.get("/api/dead-letters");
    assert!(dead["jobs"][0]["error"].as_str().unwrap().contains("no"), "{version}: {dead}");
}

mod on_sqlite {
    use super::*;

    #[test]
    fn every_version_is_brought_up_to_date() {
        super::every_version_is_brought_up_to_date(sqlite::empty_database);
    }

    #[test]
    fn the_newest_fixture_fills_every_table_of_its_time() {
        super::the_newest_fixture_fills_every_table_of_its_time(sqlite::empty_database);
    }

    #[test]
    fn what_waits_in_a_database_of_an_earlier_version_runs() {
        for version in versions() {
            let served = Served::start_on(CONFIG, |home| {
                let data = home.join("callboard-data");
                fs::create_dir(&data).unwrap();
                let mut conn = connection::open(&Database::Sqlite(data.join("queue.db"))).unwrap();
                load(&mut conn, &version);
            });
            what_waits_runs(&version, &served);
        }
    }
}

mod on_postgres {
    use super::*;
    use crate::postgres;

    #[test]
    fn every_version_is_brought_up_to_date() {
        if postgres::is_there() {
            super::every_version_is_brought_up_to_date(pg::empty_database);
        }
    }

    #[test]
    fn the_newest_fixture_fills_every_table_of_its_time() {
        if postgres::is_there() {
            super::the_newest_fixture_fills_every_table_of_its_time(pg::empty_database);
        }
    }

    #[test]
    fn what_waits_in_a_database_of_an_earlier_version_runs() {
        if !postgres::is_there() {
            return;
        }
        for version in versions() {
            let mut subject = pg::empty_database();
            load(&mut subject.conn, &version);
            let Database::Postgres(at) = &subject.database else { panic!("another database") };
            let place =
                format!("database_url = {:?}\npostgres.schema = {:?}\n{CONFIG}", at.url.secret(), at.schema);
            what_waits_runs(&version, &Served::start_on(&place, |_| {}));
        }
    }
}
