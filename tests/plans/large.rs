//! The same in a database that is full and knows its figures (`ANALYZE`): workflows, steps and signals
//! still go straight to their rows.

use callboard::domain::Node;
use callboard::store::verbs::workflows::{Adder, Addition};

use super::*;

/// Rows of each table.
const ROWS: usize = 100_000;

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Adds copies of the one row that a table has: `n` is the number of the copy, and a column has the
/// value of the copied row unless another is given.
fn copy(conn: &mut Conn, table: &str, columns: &[(&str, &str)]) {
    let all: Vec<Column> =
        diesel::sql_query(format!("SELECT name FROM pragma_table_info('{table}')")).load(conn).unwrap();
    let names: Vec<&str> = all.iter().map(|column| column.name.as_str()).collect();
    let mut values = names.clone();
    for (given, sql) in columns {
        let place = names.iter().position(|name| name == given);
        values[place.unwrap_or_else(|| panic!("{table} has no column {given}"))] = sql;
    }
    let copies = format!(
        "WITH RECURSIVE copies(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < {ROWS}) \
         INSERT INTO {table} ({}) SELECT {} FROM copies, (SELECT * FROM {table} LIMIT 1)",
        names.join(", "),
        values.join(", ")
    );
    diesel::sql_query(copies).execute(conn).unwrap_or_else(|e| panic!("{table}: {e}"));
}

impl Watched {
    /// A hundred thousand jobs in a hundred workflows, each with a parent, an attempt, a step and a
    /// signal.
    async fn full() -> Self {
        let mut w = Self::open();
        let workflow = prepared(
            Workflow::new("w").job("a", NewJob::new("old")).job("b", NewJob::new("old")).after(["a"]),
        );
        w.write(move |tx| workflows::start(tx, &workflow, now())).await;
        let by = Claimer { node: 1, worker_id: "1/old".into() };
        let (claimed, _) = w.write(move |tx| claim::claim(tx, "old", 1, &by, now())).await;
        let claim = Claim { job_id: claimed.jobs[0].id, attempt: 1, node: 1 };
        let value = Json::trusted("1");
        w.write(move |tx| steps::keep(tx, claim, "a", &value, 99, now())).await;
        w.end(claim, Verdict::Wait { signal: "go".into(), until: Timestamp::MAX }).await;
        let job = "n + 1000";
        copy(&mut w.explain, "attempts", &[("job_id", job)]);
        copy(&mut w.explain, "steps", &[("job_id", job)]);
        copy(&mut w.explain, "signals", &[("job_id", job)]);
        copy(&mut w.explain, "dependencies", &[("child_id", job), ("parent_id", "n + 999")]);
        copy(&mut w.explain, "workflows", &[("id", job)]);
        let states = State::ALL.map(|state| format!("'{state}'")).join(", ");
        let state = format!("json_array({states}) ->> (n % {})", State::ALL.len());
        let (name, workflow) = ("'n' || n", "1000 + n % 100");
        let parent = "n + 999";
        copy(
            &mut w.explain,
            "jobs",
            &[
                ("id", job),
                ("state", &state),
                ("name", name),
                ("workflow_id", workflow),
                ("parent_job_id", parent),
            ],
        );
        diesel::sql_query("ANALYZE").execute(&mut w.explain).unwrap();
        w
    }

    async fn end(&mut self, claim: Claim, verdict: Verdict) -> Vec<Line> {
        let ended = [Finished { claim, verdict, progress: None, backoff: Default::default(), luck: 0.5 }];
        self.write(move |tx| finish::finish(tx, &ended, now())).await.1
    }

    async fn claim_of(&mut self, job_type: &'static str) -> Claim {
        let by = Claimer { node: 1, worker_id: "1".into() };
        let (claimed, _) = self.write(move |tx| claim::claim(tx, job_type, 1, &by, now())).await;
        Claim { job_id: claimed.jobs[0].id, attempt: claimed.jobs[0].attempt, node: 1 }
    }
}

fn prepared(new: Workflow) -> PreparedWorkflow {
    let graph = Graph::of(&new.nodes, true).unwrap();
    let node = |node: Node| PreparedNode {
        name: node.name,
        job: Prepared::new(node.job, 3),
        inner: node.inner.map(|inner| Box::new(prepared(*inner))),
    };
    PreparedWorkflow {
        name: new.name,
        nodes: new.nodes.into_iter().map(node).collect(),
        graph,
        callback: None,
    }
}

/// Each table is searched, whatever it is called in the statement.
fn searches(plan: &[Line]) {
    nobody_walks(plan);
    for line in plan {
        // Lists of ids that the statement was given are no tables.
        let given = ["SCAN CONSTANT ROW", "SCAN json_each"].iter().any(|given| line.step.starts_with(given));
        assert!(given || !line.step.starts_with("SCAN"), "{} in: {}", line.step, line.sql);
    }
}

#[actix_rt::test]
async fn jobs_that_a_job_adds() {
    let mut w = Watched::full().await;
    let new = prepared(
        Workflow::new("x")
            .job("split", NewJob::new("split"))
            .job("join", NewJob::new("join"))
            .after(["split"]),
    );
    w.write(move |tx| workflows::start(tx, &new, now())).await;
    let claim = w.claim_of("split").await;
    let parts = prepared(Workflow::new("parts").job("1", NewJob::new("part")).job("2", NewJob::new("part")));
    let graph = Graph::of(&[Node::new("1", NewJob::new("part")), Node::new("2", NewJob::new("part"))], false)
        .unwrap();
    let addition = Addition { nodes: parts.nodes, graph, join: true };
    let ((ids, _), plan) =
        w.write(move |tx| workflows::add(tx, &addition, &Adder::Claim(claim), now())).await;
    assert_eq!(ids.len(), 2);
    searches(&plan);
    searches(&w.end(claim, Verdict::Success(None)).await);
    let part = w.claim_of("part").await;
    searches(&w.end(part, Verdict::Success(None)).await);
}

#[actix_rt::test]
async fn workflows_in_workflows() {
    let mut w = Watched::full().await;
    let inner = Workflow::new("inner").job("deep", NewJob::new("deep"));
    let new = prepared(
        Workflow::new("outer").job("first", NewJob::new("first")).workflow("inner", inner).after(["first"]),
    );
    let (id, started) = w.write(move |tx| workflows::start(tx, &new, now())).await;
    searches(&started);
    let first = w.claim_of("first").await;
    searches(&w.end(first, Verdict::Success(None)).await);
    let deep = w.claim_of("deep").await;
    searches(&w.end(deep, Verdict::Fatal("no".into())).await);
    let (_, again) = w.write(move |tx| workflows::retry(tx, id, &From::Failures, now())).await;
    searches(&again);
    searches(&w.write(move |tx| workflows::cancel(tx, id, now())).await.1);
    searches(&w.read(move |conn| views::workflows::nodes(conn, id)).await);
}

#[actix_rt::test]
async fn steps_and_signals() {
    let mut w = Watched::full().await;
    let (id, _) = w.enqueue(NewJob::new("t")).await;
    let claim = w.claim_of("t").await;
    let value = Json::trusted("1");
    searches(&w.write(move |tx| steps::keep(tx, claim, "a", &value, 99, now())).await.1);
    searches(&w.read(move |conn| views::steps::steps(conn, id)).await);
    searches(&w.end(claim, Verdict::Wait { signal: "go".into(), until: Timestamp::MAX }).await);
    searches(&w.write(move |tx| signals::give(tx, id, "go", &Json::trusted("1"), 99, now())).await.1);
    let claim = w.claim_of("t").await;
    searches(&w.write(move |tx| signals::time_out(tx, claim, "late", now())).await.1);
    searches(&w.read(move |conn| views::signals::signals(conn, id)).await);
    searches(&w.end(claim, Verdict::Fatal("no".into())).await);
    searches(&w.write(move |tx| retry::retry_fresh(tx, id, now())).await.1);
    w.write(move |tx| cancel::cancel(tx, id, now())).await;
    searches(&w.write(move |tx| delete::delete(tx, &[id])).await.1);
}
