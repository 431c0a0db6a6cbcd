//! How the database goes about the statements that the store really runs: by an index that only the
//! rows in question are in, and never through all jobs.
//!
//! No statement is written here a second time. Each is caught on its way to the database while a
//! verb or a view is at work, and then explained.

#[path = "plans/elsewhere.rs"]
mod elsewhere;
#[path = "plans/large.rs"]
mod large;
#[path = "postgres/mod.rs"]
mod postgres;
#[path = "plans/shared.rs"]
mod shared;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use callboard::domain::audit::{AuditFilter, Verb};
use callboard::domain::graph::Graph;
use callboard::domain::schedule::{Misfire, Overlap, ScheduleSpec, Timing};
use callboard::domain::{
    Claim, Fairness, Job, JobFilter, Json, Limits, NewJob, Order, PerKey, RateLimit, State, Timestamp,
    Unique, Verdict, Workflow,
};
use callboard::store::sql::Conn;
use callboard::store::verbs::claim::{self, Claimer};
use callboard::store::verbs::enqueue::{self, Prepared};
use callboard::store::verbs::finish::{self, Finished};
use callboard::store::verbs::schedules::Given;
use callboard::store::verbs::workflows::{self, From, Mark, PreparedNode, PreparedWorkflow};
use callboard::store::verbs::{
    audit, cancel, delete, fire, give_back, limits, patch, promote, rescue, retry, schedules, signals, steps,
};
use callboard::store::views::workflows::WorkflowFilter;
use callboard::store::{Store, StoreResult, Tx, connection, views};
use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use diesel::prelude::*;
use diesel::sql_types::Text;

/// What went to the database. One for all connections, so the tests take turns.
static CAUGHT: Mutex<Vec<String>> = Mutex::new(Vec::new());
static TURN: Mutex<()> = Mutex::new(());

#[expect(clippy::unnecessary_wraps, reason = "Diesel wants it so")]
fn catcher() -> Option<Box<dyn Instrumentation>> {
    let catch = |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let text = query.to_string();
            let sql = text.split(" -- binds:").next().unwrap_or_default().to_owned();
            CAUGHT.lock().unwrap().push(sql);
        }
    };
    Some(Box::new(catch))
}

const fn now() -> Timestamp {
    Timestamp::MIN
}

/// A store whose statements are caught, and a connection beside it to explain them on.
struct Watched {
    store: Store,
    explain: Conn,
    _home: tempfile::TempDir,
    _turn: MutexGuard<'static, ()>,
}

/// One line of a plan, and whose it is.
#[derive(Debug)]
struct Line {
    sql: String,
    step: String,
}

impl Watched {
    fn open() -> Self {
        let turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("queue.db");
        let explain = connection::open_writer(&path).unwrap();
        set_default_instrumentation(catcher).unwrap();
        let store = Store::open(&path, 1, Box::new(|_| {})).unwrap();
        Self { store, explain, _home: home, _turn: turn }
    }

    /// Does a write, and explains what it ran.
    async fn write<T: Send + 'static>(
        &mut self,
        verb: impl FnMut(&mut Tx<'_>) -> StoreResult<T> + Send + 'static,
    ) -> (T, Vec<Line>) {
        CAUGHT.lock().unwrap().clear();
        let value = self.store.write(verb).await.unwrap();
        (value, self.explained())
    }

    /// Reads, and explains what that ran.
    async fn read<T: Send + 'static>(
        &mut self,
        view: impl FnOnce(&mut Conn) -> QueryResult<T> + Send + 'static,
    ) -> Vec<Line> {
        CAUGHT.lock().unwrap().clear();
        self.store.read(view).await.unwrap();
        self.explained()
    }

    async fn enqueue(&mut self, job: NewJob) -> (i64, Vec<Line>) {
        let job = [Prepared::new(job, 3)];
        let (stored, plan) = self.write(move |tx| enqueue::enqueue(tx, &job, false, now())).await;
        (stored[0].id, plan)
    }

    async fn claim(&mut self) -> (Vec<Job>, Vec<Line>) {
        let by = Claimer { node: 1, worker_id: "1/t".into() };
        let (claimed, plan) = self.write(move |tx| claim::claim(tx, "t", 10, &by, now())).await;
        (claimed.jobs, plan)
    }

    async fn list(&mut self, filter: JobFilter, order: Order) -> Vec<Line> {
        self.read(move |conn| views::list::list(conn, &filter, order, None, 50)).await
    }

    fn explained(&mut self) -> Vec<Line> {
        let mut caught = std::mem::take(&mut *CAUGHT.lock().unwrap());
        caught.sort_unstable();
        caught.dedup();
        let about_data = |sql: &String| {
            ["SELECT", "UPDATE", "INSERT", "DELETE", "WITH"].iter().any(|verb| sql.starts_with(verb))
        };
        caught.into_iter().filter(about_data).flat_map(|sql| self.plan(sql)).collect()
    }

    fn plan(&mut self, sql: String) -> Vec<Line> {
        #[derive(QueryableByName)]
        struct Step {
            #[diesel(sql_type = Text)]
            detail: String,
        }
        let steps: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}"))
            .load(&mut self.explain)
            .unwrap_or_else(|e| panic!("{e}: {sql}"));
        steps.into_iter().map(|step| Line { sql: sql.clone(), step: step.detail }).collect()
    }
}

/// Whether a step reads jobs from one end to the other.
fn walks_all_jobs(line: &Line) -> bool {
    let words: Vec<&str> = line.step.split_whitespace().collect();
    matches!(words.as_slice(), ["SCAN", "jobs" | "j" | "c" | "p", ..] if names_jobs(line, words[1]))
}

/// Whether a name in a plan is the table of jobs, by itself or under a short name.
fn names_jobs(line: &Line, name: &str) -> bool {
    name == "jobs"
        || line.sql.contains(&format!("jobs {name} "))
        || line.sql.contains(&format!("jobs {name}\n"))
}

fn nobody_walks(plan: &[Line]) {
    assert!(!plan.is_empty(), "nothing was caught");
    for line in plan {
        assert!(!walks_all_jobs(line), "{} in: {}", line.step, line.sql);
    }
}

fn uses(plan: &[Line], index: &str) {
    nobody_walks(plan);
    let found = plan.iter().any(|line| line.step.split([' ', '(']).any(|word| word == index));
    assert!(found, "{index} is not used: {plan:#?}");
}

/// Jobs come out of the index in the order that is wanted; none are sorted.
fn sorts_nothing(plan: &[Line]) {
    for line in plan.iter().filter(|line| line.sql.contains("jobs")) {
        assert!(!line.step.contains("TEMP B-TREE FOR ORDER BY"), "{} in: {}", line.step, line.sql);
    }
}

#[actix_rt::test]
async fn claims_walk_the_pending_jobs_in_order() {
    let mut w = Watched::open();
    for queue in ["a", "b"] {
        w.enqueue(NewJob::new("t").queue(queue)).await;
    }
    let (jobs, plan) = w.claim().await;
    assert_eq!(jobs.len(), 2);
    uses(&plan, "jobs_claim");
    sorts_nothing(&plan);
}

#[actix_rt::test]
async fn a_claim_beside_the_enqueue_walks_the_same_way() {
    let mut w = Watched::open();
    let (claimed, plan) = w
        .write(|tx| {
            enqueue::enqueue(tx, &[Prepared::new(NewJob::new("t"), 3)], false, now())?;
            claim::claim(tx, "t", 10, &Claimer { node: 1, worker_id: "1/t".into() }, now())
        })
        .await;
    assert_eq!(claimed.jobs.len(), 1);
    uses(&plan, "jobs_claim");
    sorts_nothing(&plan);
}

#[actix_rt::test]
async fn jobs_without_a_gap_between_them_are_claimed_and_ended_on_one_walk() {
    let mut w = Watched::open();
    for (types, way) in [(["t", "t", "t"], "(rowid>? AND rowid<?)"), (["t", "other", "t"], "(rowid=?)")] {
        for name in types {
            w.enqueue(NewJob::new(name)).await;
        }
        let (jobs, claimed) = w.claim().await;
        let ended = jobs.iter().map(|job| Finished {
            claim: Claim { job_id: job.id, attempt: 1, node: 1 },
            verdict: Verdict::Success(None),
            progress: None,
            backoff: Default::default(),
            luck: 0.5,
        });
        let ended: Vec<_> = ended.collect();
        let (states, ended) = w.write(move |tx| finish::finish(tx, &ended, now())).await;
        assert!(states.iter().all(|state| *state == Some(State::Completed)), "{states:?}");
        for plan in [claimed, ended] {
            let writes = plan.iter().filter(|line| line.sql.starts_with("UPDATE jobs"));
            let steps: Vec<_> =
                writes.map(|line| &line.step).filter(|step| step.contains(" jobs ")).collect();
            assert!(!steps.is_empty() && steps.iter().all(|step| step.ends_with(way)), "{steps:?}: {way}");
        }
    }
}

/// Why the state is written into the statements: with a value that comes later the planner cannot
/// know that the partial index holds all that is asked for.
#[actix_rt::test]
async fn a_state_that_is_bound_misses_the_partial_index() {
    let mut w = Watched::open();
    w.enqueue(NewJob::new("t")).await;
    let (_, plan) = w.claim().await;
    let literal = format!("state = '{}'", State::Pending);
    let claims: Vec<String> =
        plan.into_iter().filter(|l| l.step.contains("jobs_claim")).map(|l| l.sql).collect();
    assert!(!claims.is_empty());
    for sql in claims {
        assert!(sql.contains(&literal), "{sql}");
        let bound = w.plan(sql.replace(&literal, "state = ?"));
        assert!(bound.iter().all(|line| !line.step.contains("jobs_claim")), "{bound:#?}");
    }
}

#[actix_rt::test]
async fn what_is_due_is_found_by_its_time() {
    let mut w = Watched::open();
    w.enqueue(NewJob::new("t").run_at(Timestamp::MAX)).await;
    let (done, plan) = w.write(|tx| promote::promote(tx, 10, Timestamp::MAX)).await;
    assert_eq!(done.jobs, 1);
    uses(&plan, "jobs_due");
    sorts_nothing(&plan);
}

#[actix_rt::test]
async fn a_new_job_looks_up_its_key_its_equals_and_its_parents() {
    let mut w = Watched::open();
    let (parent, _) = w.enqueue(NewJob::new("p")).await;
    let (_, plan) = w.enqueue(NewJob::new("t").key("k").target_id("x").depends_on([parent])).await;
    uses(&plan, "jobs_key");
    uses(&plan, "jobs_unique");
}

#[actix_rt::test]
async fn the_end_of_a_parent_finds_its_children() {
    let mut w = Watched::open();
    for verdict in [Verdict::Success(None), Verdict::Fatal("no".into())] {
        let (parent, _) = w.enqueue(NewJob::new("t")).await;
        w.enqueue(NewJob::new("c").depends_on([parent])).await;
        let (jobs, _) = w.claim().await;
        let claim = Claim { job_id: parent, attempt: jobs[0].attempt, node: 1 };
        let done = [Finished { claim, verdict, progress: None, backoff: Default::default(), luck: 0.5 }];
        let (_, plan) = w.write(move |tx| finish::finish(tx, &done, now())).await;
        uses(&plan, "dependencies_parent");
    }
}

#[actix_rt::test]
async fn every_other_verb_goes_straight_to_its_jobs() {
    let mut w = Watched::open();
    let (parent, _) = w.enqueue(NewJob::new("p")).await;
    let (id, _) = w.enqueue(NewJob::new("c").target_id("x").depends_on([parent])).await;
    let change = callboard::domain::JobPatch { queue: Some("q".into()), ..Default::default() };
    nobody_walks(&w.write(move |tx| patch::patch(tx, id, &change, now())).await.1);
    nobody_walks(&w.write(move |tx| cancel::cancel(tx, id, now())).await.1);
    nobody_walks(&w.write(move |tx| retry::retry(tx, id, now())).await.1);
    nobody_walks(&w.write(move |tx| cancel::cancel(tx, parent, now())).await.1);
    nobody_walks(&w.write(move |tx| delete::delete(tx, &[id, parent])).await.1);
    w.enqueue(NewJob::new("t")).await;
    let (jobs, _) = w.claim().await;
    let claim = Claim { job_id: jobs[0].id, attempt: 1, node: 1 };
    uses(&w.write(|tx| rescue::claims(tx, 0, 0, 10)).await.1, "jobs_list");
    uses(&w.write(|tx| give_back::give_back(tx, "t", 1, |_| true, now())).await.1, "jobs_list");
    nobody_walks(&w.write(move |tx| rescue::lose(tx, claim, 3, now())).await.1);
}

#[actix_rt::test]
async fn steps_are_found_by_their_job() {
    let mut w = Watched::open();
    let (id, _) = w.enqueue(NewJob::new("t")).await;
    let (jobs, _) = w.claim().await;
    let claim = Claim { job_id: id, attempt: jobs[0].attempt, node: 1 };
    let value = Json::trusted("1");
    let ((), kept) = w.write(move |tx| steps::keep(tx, claim, "a", &value, 99, now())).await;
    let listed = w.read(move |conn| views::steps::steps(conn, id)).await;
    let found = w.read(move |conn| views::steps::step(conn, id, "a")).await;
    let ended = [Finished {
        claim,
        verdict: Verdict::Success(None),
        progress: None,
        backoff: Default::default(),
        luck: 0.5,
    }];
    w.write(move |tx| finish::finish(tx, &ended, now())).await;
    let (_, again) = w.write(move |tx| retry::retry(tx, id, now())).await;
    w.write(move |tx| cancel::cancel(tx, id, now())).await;
    let (_, deleted) = w.write(move |tx| delete::delete(tx, &[id])).await;
    for plan in [kept, listed, found, again, deleted] {
        nobody_walks(&plan);
        let about: Vec<_> = plan.iter().filter(|line| line.step.contains("steps")).collect();
        assert!(!about.is_empty(), "{plan:#?}");
        assert!(
            about.iter().all(|line| line.step.starts_with("SEARCH steps USING PRIMARY KEY")),
            "{about:#?}"
        );
    }
}

#[actix_rt::test]
async fn signals_are_found_by_their_job() {
    let mut w = Watched::open();
    let (id, _) = w.enqueue(NewJob::new("t")).await;
    let (jobs, _) = w.claim().await;
    let claim = Claim { job_id: id, attempt: 1, node: 1 };
    let verdict = Verdict::Wait { signal: "go".into(), until: Timestamp::MAX };
    let ended = [Finished { claim, verdict, progress: None, backoff: Default::default(), luck: 0.5 }];
    let (_, parked) = w.write(move |tx| finish::finish(tx, &ended, now())).await;
    let waiting = Job { attempt: 1, ..jobs[0].clone() };
    let awaited = w.read(move |conn| views::signals::awaited(conn, &waiting)).await;
    let (_, given) = w.write(move |tx| signals::give(tx, id, "go", &Json::trusted("1"), 99, now())).await;
    w.claim().await;
    let second = Claim { attempt: 2, ..claim };
    let (_, late) = w.write(move |tx| signals::time_out(tx, second, "late", now())).await;
    let listed = w.read(move |conn| views::signals::signals(conn, id)).await;
    let found = w.read(move |conn| views::signals::signal(conn, id, "go")).await;
    let verdict = Verdict::Fatal("no".into());
    let ended = [Finished { claim: second, verdict, progress: None, backoff: Default::default(), luck: 0.5 }];
    w.write(move |tx| finish::finish(tx, &ended, now())).await;
    let (_, again) = w.write(move |tx| retry::retry(tx, id, now())).await;
    for plan in [parked, awaited, given, late, listed, found, again] {
        nobody_walks(&plan);
        let about: Vec<_> = plan.iter().filter(|line| line.step.contains("signals")).collect();
        assert!(!about.is_empty(), "{plan:#?}");
        assert!(
            about.iter().all(|line| line.step.starts_with("SEARCH signals USING PRIMARY KEY")),
            "{about:#?}"
        );
    }
}

#[actix_rt::test]
async fn what_is_old_is_found_by_its_age() {
    let mut w = Watched::open();
    for state in State::FINAL {
        let (_, plan) = w.write(move |tx| delete::old(tx, state, now(), None, 100)).await;
        uses(&plan, "jobs_finished");
        sorts_nothing(&plan);
    }
}

#[actix_rt::test]
async fn counts_look_at_the_heads_of_queues_only() {
    let mut w = Watched::open();
    let (id, _) = w.enqueue(NewJob::new("t")).await;
    uses(&w.read(|conn| views::status::status(conn, now())).await, "jobs_list");
    uses(&w.read(|conn| views::queues::queues(conn, now())).await, "jobs_list");
    let job = w.store.read(move |conn| views::job::job(conn, id)).await.unwrap().unwrap();
    uses(&w.read(move |conn| views::job::jobs_before(conn, &job, 100)).await, "jobs_claim");
}

/// `b` waits for `a`.
fn chain() -> PreparedWorkflow {
    let new = Workflow::new("w").job("a", NewJob::new("a")).job("b", NewJob::new("b")).after(["a"]);
    let graph = Graph::of(&new.nodes, true).unwrap();
    let node = |node: callboard::domain::Node| PreparedNode {
        name: node.name,
        job: Prepared::new(node.job, 3),
        inner: None,
    };
    PreparedWorkflow {
        name: new.name,
        nodes: new.nodes.into_iter().map(node).collect(),
        graph,
        callback: None,
    }
}

#[actix_rt::test]
async fn workflows_go_straight_to_their_jobs() {
    let mut w = Watched::open();
    let new = chain();
    let (id, plan) = w.write(move |tx| workflows::start(tx, &new, now())).await;
    nobody_walks(&plan);
    uses(&w.write(move |tx| workflows::cancel(tx, id, now())).await.1, "jobs_workflow");
    for from in [From::Failures, From::Node("b".into())] {
        if from != From::Failures {
            w.write(move |tx| workflows::cancel(tx, id, now())).await;
        }
        let (_, plan) = w.write(move |tx| workflows::retry(tx, id, &from, now())).await;
        uses(&plan, "jobs_workflow");
        sorts_nothing(&plan);
    }
    let plan = w.read(move |conn| views::workflows::nodes(conn, id)).await;
    uses(&plan, "jobs_workflow");
    sorts_nothing(&plan);
}

#[actix_rt::test]
async fn old_workflows_are_found_by_their_end() {
    let mut w = Watched::open();
    let new = chain();
    let (id, _) = w.write(move |tx| workflows::start(tx, &new, now())).await;
    w.write(move |tx| workflows::cancel(tx, id, now())).await;
    let (done, plan) =
        w.write(|tx| workflows::expire(tx, State::Cancelled, Timestamp::MAX, Mark::default(), 1)).await;
    assert_eq!(done.gone.len(), 1);
    uses(&plan, "workflows_finished");
    sorts_nothing(&plan);
}

#[actix_rt::test]
async fn the_audit_log_is_read_along_an_index() {
    let mut w = Watched::open();
    let text = |text: &str| Some(text.to_owned());
    for (filter, index) in [
        (AuditFilter::default(), "audit_at"),
        (AuditFilter { who: text("alice"), ..AuditFilter::default() }, "audit_who"),
        (AuditFilter { what: Some(Verb::JobRetry), ..AuditFilter::default() }, "audit_verb"),
        (AuditFilter { object: text("jobs/1"), ..AuditFilter::default() }, "audit_object"),
    ] {
        let between = AuditFilter { since: Some(now()), until: Some(Timestamp::MAX), ..filter.clone() };
        for (filter, after) in [(filter, None), (between, Some((Timestamp::MAX, 7)))] {
            let plan = w.read(move |conn| views::audit::audit(conn, &filter, after, 50)).await;
            uses(&plan, index);
            assert!(plan.iter().all(|line| !line.step.contains("TEMP B-TREE")), "{plan:#?}");
        }
    }
    let (_, plan) = w.write(|tx| audit::forget(tx, Timestamp::MAX, 10)).await;
    uses(&plan, "audit_at");
    assert!(plan.iter().all(|line| !line.step.contains("TEMP B-TREE")), "{plan:#?}");
    nobody_walks(&w.read(|conn| views::sessions::session(conn, "x")).await);
}

#[actix_rt::test]
async fn lists_of_workflows_walk_an_index() {
    let mut w = Watched::open();
    for (state, name, index) in [
        (vec![], None, "workflows_list"),
        (vec![State::Failed], None, "workflows_list"),
        (vec![State::Failed], Some("w"), "workflows_name"),
    ] {
        let filter = WorkflowFilter { state, name: name.map(Into::into) };
        let plan = w.read(move |conn| views::workflows::list(conn, &filter, Some(7), 50)).await;
        uses(&plan, index);
        assert!(plan.iter().all(|line| !line.step.contains("TEMP B-TREE")), "{plan:#?}");
    }
}

#[actix_rt::test]
async fn schedules_are_found_by_their_time_and_their_unfinished_jobs_by_their_name() {
    let mut w = Watched::open();
    let timing = Timing::new(None, Some(10.0), None).unwrap();
    let (misfire, overlap) = (Misfire::Once, Overlap::Skip);
    let spec = ScheduleSpec { timing, misfire, overlap, job: NewJob::new("t") };
    let given = Given { name: "s".into(), spec, paused: None };
    w.write(move |tx| schedules::put(tx, &given, true, now())).await;
    uses(&w.read(|conn| views::schedules::due(conn, Timestamp::MAX, 10)).await, "schedules_due");
    uses(&w.read(views::schedules::next_due).await, "schedules_due");
    nobody_walks(&w.read(|conn| views::schedules::schedules(conn, "", 10)).await);
    nobody_walks(&w.read(|conn| views::schedules::runs(conn, "s", 10)).await);
    nobody_walks(&w.read(|conn| views::schedules::histories(conn, "", 10, 30)).await);
    let job = Prepared::new(NewJob::new("t"), 3);
    let (_, plan) = w.write(move |tx| fire::run_now(tx, "s", &job, now())).await;
    uses(&plan, "jobs_schedule");
}

#[actix_rt::test]
async fn limits_look_at_what_runs_and_what_is_held() {
    let mut w = Watched::open();
    let limits = Limits {
        global_concurrency: Some(5),
        per_key: Some(PerKey { key: "target_id".parse().unwrap(), limit: 1 }),
        rate_limit: Some(RateLimit { limit: 9, per_secs: 1.0, key: Some("args.x".parse().unwrap()) }),
        fairness: Some(Fairness { key: "metadata.x".parse().unwrap(), weights: BTreeMap::new() }),
        aging: Some(Duration::from_secs(9)),
    };
    w.store.limits().set("t", limits.clone());
    let job = || NewJob { unique: Some(Unique::Plain(false)), ..NewJob::new("t").target_id("x") };
    w.enqueue(job()).await;
    w.enqueue(job()).await;
    let (jobs, plan) = w.claim().await;
    assert_eq!(jobs.len(), 1, "the other one is held");
    for index in ["jobs_claim", "jobs_counted", "rate_waits_until"] {
        uses(&plan, index);
    }
    sorts_nothing(&plan);
    let (third, plan) = w.enqueue(job()).await;
    uses(&plan, "jobs_held");
    let met = w.read(move |conn| views::limits::met(conn, third, "t", &limits, now())).await;
    uses(&met, "jobs_counted");
    let (_, plan) = w.write(|tx| limits::sweep(tx, "t", None, now())).await;
    uses(&plan, "jobs_held");
    let claim = Claim { job_id: jobs[0].id, attempt: jobs[0].attempt, node: 1 };
    let verdict = Verdict::Success(None);
    let ended = [Finished { claim, verdict, progress: None, backoff: Default::default(), luck: 0.5 }];
    let (_, plan) = w.write(move |tx| finish::finish(tx, &ended, now())).await;
    uses(&plan, "jobs_held");
    sorts_nothing(&plan);
    let (_, plan) = w.write(|tx| limits::keys::rekey(tx, "t", &Limits::default(), 0)).await;
    uses(&plan, "jobs_list");
}

/// Every kind of list, and the index that it walks.
fn lists() -> Vec<(JobFilter, &'static str)> {
    let none = JobFilter::default;
    let x = || vec!["x".to_owned()];
    vec![
        (JobFilter { state: vec![State::Failed], ..none() }, "jobs_list"),
        (JobFilter { state: State::FINAL.to_vec(), ..none() }, "jobs_list"),
        (JobFilter { job_type: vec!["t".into()], ..none() }, "jobs_list"),
        (JobFilter { queue: vec!["default".into()], state: vec![State::Completed], ..none() }, "jobs_list"),
        (JobFilter { target_id: x(), ..none() }, "jobs_target"),
        (JobFilter { parent_job_id: vec![1], ..none() }, "jobs_parent"),
        (JobFilter { workflow_id: vec![1], ..none() }, "jobs_workflow"),
        (JobFilter { key: x(), ..none() }, "jobs_key"),
        (
            JobFilter { target_id: x(), state: vec![State::Failed], job_type: x(), queue: x(), ..none() },
            "jobs_target",
        ),
    ]
}

#[actix_rt::test]
async fn lists_walk_the_index_that_their_filter_names() {
    let mut w = Watched::open();
    for state in State::FINAL {
        w.enqueue(NewJob::new("t")).await;
        let (jobs, _) = w.claim().await;
        let id = jobs[0].id;
        let verdict = match state {
            State::Completed => Verdict::Success(None),
            State::Failed => Verdict::Fatal("no".into()),
            _ => Verdict::Cancelled,
        };
        let claim = Claim { job_id: id, attempt: 1, node: 1 };
        let done = [Finished { claim, verdict, progress: None, backoff: Default::default(), luck: 0.5 }];
        w.write(move |tx| finish::finish(tx, &done, now())).await;
    }
    w.enqueue(NewJob::new("t")).await;
    for (filter, index) in lists() {
        for order in [Order::Newest, Order::Oldest, Order::Priority] {
            let plan = w.list(filter.clone(), order).await;
            uses(&plan, index);
        }
    }
    let tagged = JobFilter { tag: vec!["x".into()], ..JobFilter::default() };
    nobody_walks(&w.list(tagged, Order::Newest).await);
}

#[actix_rt::test]
async fn charts_read_a_range_of_time() {
    let mut w = Watched::open();
    w.enqueue(NewJob::new("t")).await;
    for (step_ms, table) in [(10_000, "stats"), (60_000, "stats"), (900_000, "stats_quarters")] {
        let plan = w.read(move |conn| views::throughput::throughputs(conn, now(), step_ms)).await;
        let wanted = format!("SEARCH {table} USING PRIMARY KEY (at>?)");
        assert!(plan.iter().any(|line| line.step == wanted), "{step_ms}: {plan:#?}");
    }
}
