//! A queue with something of everything in it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use callboard::config::{Config, Database, DatabaseUrl};
use callboard::domain::schedule::{Misfire, Overlap, ScheduleSpec, Timing};
use callboard::domain::{JobFilter, State, Workflow};
use callboard::runtime::hub::Wish;
use callboard::store::connection;
use callboard::store::verbs::schedules::Given;
use callboard::workers::Failure;
use callboard::workers::worker::from_fn;
use callboard::{Callboard, NewJob, Timestamp};
use diesel::prelude::*;
use diesel::sql_types::Text;
use futures_util::StreamExt;

use crate::postgres::Schema;

/// See the module.
pub struct Queue {
    pub path: PathBuf,
    pub jobs: u64,
    /// One that waits for its time.
    later: i64,
}

/// A server in a folder, on its own file or on PostgreSQL.
pub async fn start(folder: &Path, schema: Option<&Schema>) -> Callboard {
    let mut config = Config { data_dir: folder.to_owned(), ..Config::default() };
    if let Some(schema) = schema {
        config.database_url = Some(DatabaseUrl::from(schema.url().as_str()));
        config.postgres_schema.clone_from(&schema.name);
    }
    let worker = from_fn("tries", |ctx: callboard::workers::Context, fail: Vec<bool>| async move {
        ctx.progress(1, Some(2), Some("half"));
        if fail[0] { Err(Failure::fatal("asked to: \"ä\" \\ \u{1f600} ' \n\t")) } else { Ok(1.0 / 3.0) }
    });
    Callboard::builder(config).worker(worker).start().await.unwrap()
}

/// Waits until a job is told to be final.
async fn run(board: &Callboard, job: NewJob) -> i64 {
    let mut events = board.hub().subscribe(Wish::all(JobFilter::default())).await.unwrap();
    let id = board.enqueue(job).await.unwrap().job.id;
    while !board.job(id).await.unwrap().state.is_final() {
        tokio::time::timeout(Duration::from_secs(30), events.next()).await.unwrap();
    }
    id
}

impl Queue {
    /// Fills a queue on SQLite.
    pub async fn fill(home: &Path) -> Self {
        let folder = home.join("data");
        let board = start(&folder, None).await;
        let tries = |fail: bool| NewJob::new("tries").args(&[fail]).unwrap();
        let tags = ["a", "é", "'"].map(String::from).to_vec();
        let done = run(&board, NewJob { tags, ..tries(false) }).await;
        run(&board, tries(true).key("k\u{1f600}")).await;
        let far = Timestamp::from_millis(board.clock().now().as_millis() + 86_400_000);
        let later = tries(false).run_at(far).priority(2).target_id("t 1");
        let later = NewJob { timeout_secs: Some(Some(0.1 + 0.2)), ..later };
        let later = board.enqueue(later).await.unwrap().job.id;
        board.enqueue(NewJob::new("noop").depends_on([done, later])).await.unwrap();
        let many = board.enqueue_many(vec![NewJob::new("noop").run_at(far); 2_500]).await.unwrap();
        let one = NewJob::new("noop").run_at(far);
        let flow =
            Workflow::new("flow").job("first", one).job("second", NewJob::new("noop")).after(["first"]);
        board.start_workflow(flow).await.unwrap();
        let spec = ScheduleSpec {
            timing: Timing::new(None, Some(3600.0), None).unwrap(),
            misfire: Misfire::Skip,
            overlap: Overlap::Allow,
            job: NewJob::new("noop"),
        };
        let given = Given { name: "hourly".into(), spec, paused: Some(false) };
        board.put_schedule(given, true).await.unwrap();
        let jobs = board.queue_status().await.unwrap().total;
        assert!(jobs > 2_500 && many.duplicates == 0);
        board.shutdown().await;
        Self { path: folder.join("queue.db"), jobs: jobs.try_into().unwrap(), later }
    }

    pub fn database(&self) -> Database {
        Database::from(self.path.as_path())
    }

    /// A server on the copy works on.
    pub async fn goes_on_with(&self, schema: &Schema) {
        let folder = self.path.parent().unwrap();
        let board = start(folder, Some(schema)).await;
        let id = run(&board, NewJob::new("noop")).await;
        assert!(id > i64::try_from(self.jobs).unwrap(), "{id}");
        let waiting = board.job(self.later).await.unwrap();
        assert_eq!((waiting.state, waiting.priority), (State::Scheduled, 2));
        board.shutdown().await;
    }
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// All that is in an SQLite file and belongs to the queue, as SQL writes it.
pub fn dump(path: &Path) -> Vec<String> {
    let mut conn = connection::open(&Database::from(path)).unwrap();
    let mut lines = |sql: String| {
        let lines: Vec<Line> = diesel::sql_query(sql).load(&mut conn).unwrap();
        lines.into_iter().map(|line| line.line).collect::<Vec<_>>()
    };
    let tables = lines(
        "SELECT name AS line FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' \
         AND name NOT LIKE '\\_\\_%' ESCAPE '\\' AND name <> 'meta' ORDER BY name"
            .into(),
    );
    let mut all = Vec::new();
    for table in tables {
        let columns = lines(format!(
            "SELECT 'quote(\"' || name || '\")' AS line FROM pragma_table_info('{table}') ORDER BY name"
        ));
        // How many commits there were is the file's own.
        let own = if table == "sequences" { "WHERE name <> 'commits'" } else { "" };
        let rows = lines(format!(
            "SELECT {} AS line FROM \"{table}\" {own} ORDER BY 1",
            columns.join(" || ', ' || ")
        ));
        all.extend(rows.into_iter().map(|row| format!("{table}: {row}")));
    }
    all
}
