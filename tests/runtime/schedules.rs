//! Schedules, on a moved clock: each due time is fired once, whatever happens around it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use callboard::config::ScheduleConfig;
use callboard::domain::schedule::{
    Misfire, Overlap, Owner, RunOutcome, ScheduleRun, ScheduleSpec, Timing, Trigger,
};
use callboard::domain::{JobFilter, Order, State, Unique};
use callboard::store::faults::{Faults, Point};
use callboard::store::schema::schedules;
use callboard::store::sql::Conn;
use callboard::store::verbs::schedules::Given;
use callboard::{Error, Job, NewJob, Timestamp};
use diesel::prelude::*;

use crate::house::{House, Plan};
use crate::puppet::puppet;

const NAME: &str = "often";

fn secs(s: u64) -> Duration {
    Duration::from_secs(s)
}

fn every(secs: f64, job: NewJob) -> ScheduleSpec {
    let timing = Timing::new(None, Some(secs), None).unwrap();
    ScheduleSpec { timing, misfire: Misfire::Once, overlap: Overlap::Allow, job }
}

/// The same folder, configuration and clock, for another start.
fn same(plan: &Plan) -> Plan {
    Plan { config: plan.config.clone(), clock: plan.clock.clone(), dir: plan.dir.clone(), ..Plan::new() }
}

impl House {
    async fn put(&self, spec: ScheduleSpec) {
        let given = Given { name: NAME.into(), spec, paused: None };
        self.board.put_schedule(given, false).await.unwrap();
    }

    /// The history, the oldest first.
    async fn history(&self) -> Vec<ScheduleRun> {
        let mut runs = self.board.schedule(NAME).await.unwrap().history;
        runs.reverse();
        runs
    }

    /// Waits until the history has so many entries. The clock stands.
    async fn runs(&self, n: usize) -> Vec<ScheduleRun> {
        let enough = || async { self.history().await.len() >= n };
        self.moving_until(Duration::ZERO, &format!("{n} runs"), enough).await;
        let history = self.history().await;
        assert_eq!(history.len(), n, "{history:?}");
        history
    }

    /// All jobs, the oldest first.
    async fn jobs(&self) -> Vec<Job> {
        self.board.list(JobFilter::default(), Order::Oldest, None, 500).await.unwrap().jobs
    }

    async fn next_run(&self) -> Option<Timestamp> {
        self.board.schedule(NAME).await.unwrap().schedule.next_runs.first().copied()
    }
}

/// Due times in seconds after a moment.
fn due(history: &[ScheduleRun], since: Timestamp) -> Vec<u64> {
    history.iter().map(|run| run.due_at.since(since).as_secs()).collect()
}

fn outcomes(history: &[ScheduleRun]) -> Vec<RunOutcome> {
    history.iter().map(|run| run.outcome).collect()
}

#[actix_rt::test]
async fn each_due_time_makes_one_job_and_nothing_runs_before_it() {
    let house = Plan::new().build().await;
    let start = house.clock.now();
    house.put(every(10.0, NewJob::new("noop").priority(2))).await;
    house.clock.advance(Duration::from_millis(9_999));
    // What comes after everything that the clock has woken.
    house.enqueue(NewJob::new("noop")).await;
    assert_eq!(house.history().await, []);
    house.clock.advance(Duration::from_millis(1));
    house.runs(1).await;
    house.clock.advance(secs(10));
    let history = house.runs(2).await;
    assert_eq!(due(&history, start), [10, 20]);
    assert_eq!(outcomes(&history), [RunOutcome::Enqueued, RunOutcome::Enqueued]);
    let jobs = house.jobs().await;
    assert_eq!(jobs.len(), 3);
    for (run, job) in history.iter().zip(&jobs[1..]) {
        assert_eq!((run.job_id, run.trigger, job.priority), (Some(job.id), Trigger::Time, 2));
        let metadata: serde_json::Value = job.metadata.parse().unwrap();
        assert_eq!(metadata, serde_json::json!({"schedule": NAME, "due_at": run.due_at.to_string()}));
    }
    assert_eq!(house.next_run().await, Some(start.plus(secs(30))));
}

#[actix_rt::test]
async fn runs_that_were_missed_follow_the_policy_after_a_restart() {
    for (misfire, wanted, missed) in [
        (Misfire::Skip, vec![], Some("3 runs were missed")),
        (Misfire::Once, vec![300], Some("2 runs were missed")),
        (Misfire::All, vec![100, 200, 300], None),
    ] {
        let plan = Plan::new();
        let again = same(&plan);
        let house = plan.build().await;
        let start = house.clock.now();
        house.put(ScheduleSpec { misfire, ..every(100.0, NewJob::new("noop")) }).await;
        house.board.shutdown().await;
        again.clock.advance(secs(365));
        let house = again.build().await;
        let mut history = house.runs(wanted.len() + usize::from(missed.is_some())).await;
        if let Some(reason) = missed {
            let run = history.remove(0);
            assert_eq!((run.outcome, run.reason.as_deref()), (RunOutcome::Missed, Some(reason)));
            assert_eq!(run.job_id, None);
        }
        assert_eq!(due(&history, start), wanted, "{misfire:?}");
        assert_eq!(house.jobs().await.len(), wanted.len());
        // The grid is kept.
        assert_eq!(house.next_run().await, Some(start.plus(secs(400))));
        house.clock.advance(secs(35));
        house.runs(history.len() + usize::from(missed.is_some()) + 1).await;
    }
}

#[actix_rt::test]
async fn missed_runs_are_made_up_for_by_a_hundred_at_most_and_the_history_is_bounded() {
    let plan = Plan::new();
    let again = same(&plan);
    let house = plan.build().await;
    let start = house.clock.now();
    house.put(ScheduleSpec { misfire: Misfire::All, ..every(1.0, NewJob::new("noop")) }).await;
    house.board.shutdown().await;
    again.clock.advance(secs(100_000));
    let house = again.build().await;
    let history = house.runs(100).await;
    assert_eq!(house.jobs().await.len(), 100);
    assert_eq!(due(&history, start), (99_901..=100_000).collect::<Vec<_>>());
    assert_eq!((history[0].number, history[99].number), (2, 101), "the missed ones came first");
}

#[actix_rt::test]
async fn a_run_is_left_out_while_a_job_of_the_schedule_is_unfinished() {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).build().await;
    house.put(ScheduleSpec { overlap: Overlap::Skip, ..every(10.0, NewJob::new("t")) }).await;
    house.clock.advance(secs(10));
    let act = acts.next().await;
    let first = act.id();
    house.clock.advance(secs(10));
    let history = house.runs(2).await;
    assert_eq!(outcomes(&history), [RunOutcome::Enqueued, RunOutcome::Skipped]);
    assert_eq!(history[1].job_id, Some(first));
    assert!(history[1].reason.as_ref().unwrap().contains("unfinished"), "{history:?}");
    let refused = house.board.run_schedule(NAME).await.unwrap_err();
    assert!(matches!(&refused, Error::Conflict(why) if why.contains("unfinished")), "{refused}");
    act.succeed();
    house.until(first, State::Completed).await;
    house.clock.advance(secs(10));
    let second = acts.next().await;
    second.succeed();
    house.until(house.runs(3).await[2].job_id.unwrap(), State::Completed).await;
    // A retry by hand brings a job back among the unfinished ones.
    house.board.retry(first).await.unwrap();
    let again = acts.next().await;
    assert_eq!(again.id(), first);
    house.clock.advance(secs(10));
    assert_eq!(house.runs(4).await[3].job_id, Some(first));
    again.succeed();
}

#[actix_rt::test]
async fn a_job_is_enqueued_beside_an_unfinished_one_if_that_is_allowed() {
    let (worker, mut acts) = puppet("t");
    let house = Plan::new().worker(worker).build().await;
    house.put(every(10.0, NewJob::new("t"))).await;
    house.clock.advance(secs(10));
    let first = acts.next().await;
    house.clock.advance(secs(10));
    let second = acts.next().await;
    assert_ne!(first.id(), second.id());
}

#[actix_rt::test]
async fn times_during_a_pause_are_not_missed_and_a_pause_outlives_a_restart() {
    let plan = Plan::new();
    let again = same(&plan);
    let house = plan.build().await;
    let start = house.clock.now();
    house.put(ScheduleSpec { misfire: Misfire::All, ..every(100.0, NewJob::new("noop")) }).await;
    assert!(house.board.pause_schedule(NAME, true).await.unwrap().next_runs.is_empty());
    house.board.shutdown().await;
    again.clock.advance(secs(450));
    let house = again.build().await;
    assert!(house.board.schedule(NAME).await.unwrap().schedule.paused);
    // By hand it runs all the same.
    let by_hand = house.board.run_schedule(NAME).await.unwrap();
    let resumed = house.board.pause_schedule(NAME, false).await.unwrap();
    assert_eq!(resumed.next_runs[0], start.plus(secs(500)));
    house.clock.advance(secs(50));
    let history = house.runs(2).await;
    assert_eq!(due(&history, start), [450, 500]);
    assert_eq!((history[0].trigger, history[0].job_id), (Trigger::Manual, Some(by_hand.job.id)));
}

#[actix_rt::test]
async fn a_run_that_meets_a_duplicate_says_so() {
    let (worker, mut acts) = puppet("t");
    let house = Plan::new().worker(worker).build().await;
    let job = NewJob { unique: Some(Unique::Plain(true)), ..NewJob::new("t") };
    house.put(every(10.0, job)).await;
    house.clock.advance(secs(10));
    let act = acts.next().await;
    house.clock.advance(secs(10));
    let history = house.runs(2).await;
    assert_eq!((history[1].outcome, history[1].job_id), (RunOutcome::Skipped, Some(act.id())));
    assert!(history[1].reason.as_ref().unwrap().starts_with("duplicate"), "{history:?}");
    let by_hand = house.board.run_schedule(NAME).await.unwrap();
    assert!(by_hand.duplicate && by_hand.job.id == act.id());
    assert_eq!(house.runs(3).await[2].outcome, RunOutcome::Skipped);
}

#[actix_rt::test]
async fn a_run_whose_job_is_refused_says_why_and_the_next_one_comes() {
    let (worker, _acts) = puppet("t");
    let plan = Plan::new();
    let again = same(&plan);
    let house = plan.worker(worker).build().await;
    house.put(every(10.0, NewJob::new("t"))).await;
    house.board.shutdown().await;
    // This time nobody runs that type.
    let house = again.build().await;
    for n in 1..=2 {
        house.clock.advance(secs(10));
        let history = house.runs(n).await;
        assert_eq!(history[n - 1].outcome, RunOutcome::Skipped);
        let reason = history[n - 1].reason.clone().unwrap();
        assert!(reason.contains("no worker here runs \"t\""), "{reason}");
    }
}

#[actix_rt::test]
async fn an_edit_keeps_the_grid_unless_it_changes_the_time() {
    let house = Plan::new().build().await;
    let start = house.clock.now();
    house.put(every(100.0, NewJob::new("noop"))).await;
    house.clock.advance(secs(30));
    house.put(every(100.0, NewJob::new("noop").priority(9))).await;
    assert_eq!(house.next_run().await, Some(start.plus(secs(100))));
    house.put(every(50.0, NewJob::new("noop"))).await;
    assert_eq!(house.next_run().await, Some(start.plus(secs(80))));
    house.clock.advance(secs(50));
    assert_eq!(due(&house.runs(1).await, start), [80]);
}

#[actix_rt::test]
async fn the_actor_is_rebuilt_after_a_panic_and_goes_on() {
    let house = Plan::new().build().await;
    let start = house.clock.now();
    house.put(every(10.0, NewJob::new("noop"))).await;
    house.clock.advance(secs(10));
    house.runs(1).await;
    house.board.crash_actor("cron scheduler");
    house.clock.advance(secs(10));
    let history = house.runs(2).await;
    assert_eq!(due(&history, start), [10, 20]);
    assert_eq!(house.jobs().await.len(), 2);
    let parts = house.board.readiness().await.parts;
    assert_eq!(parts["cron scheduler"], "ok");
}

#[actix_rt::test]
async fn the_configuration_has_the_say_over_its_own() {
    let scheduled = |secs, paused| ScheduleConfig { spec: every(secs, NewJob::new("noop")), paused };
    let plan = Plan::new().with(|c| drop(c.schedules.insert(NAME.into(), scheduled(100.0, true))));
    let (mut changed, mut gone) = (same(&plan), same(&plan));
    changed.config.schedules.insert(NAME.into(), scheduled(50.0, true));
    gone.config.schedules.clear();
    let house = plan.build().await;
    let view = house.board.schedule(NAME).await.unwrap().schedule;
    assert!(view.paused && view.owner == Owner::Config);
    let given = Given { name: NAME.into(), spec: every(5.0, NewJob::new("noop")), paused: None };
    assert!(matches!(house.board.put_schedule(given, false).await, Err(Error::Conflict(_))));
    assert!(matches!(house.board.delete_schedule(NAME).await, Err(Error::Conflict(_))));
    house.board.pause_schedule(NAME, false).await.unwrap();
    house.board.shutdown().await;
    let house = changed.build().await;
    let view = house.board.schedule(NAME).await.unwrap().schedule;
    assert_eq!((view.paused, view.every_secs), (false, Some(50.0)), "resumed by hand, changed by the file");
    house.clock.advance(secs(50));
    house.runs(1).await;
    house.board.shutdown().await;
    let house = gone.build().await;
    assert!(matches!(house.board.schedule(NAME).await, Err(Error::NotFound(_))));
    assert_eq!(house.jobs().await.len(), 1, "its job stays");
}

/// Fails at the points of a list, one after the other, the last of them first. Commits that fail are
/// those in which a schedule fires.
#[derive(Default)]
struct Trouble {
    points: Mutex<Vec<Point>>,
    met: AtomicU32,
}

impl Faults for Trouble {
    fn at(&self, point: Point, conn: &mut Conn) -> Result<(), String> {
        let mut points = self.points.lock().unwrap();
        let is_commit = matches!(point, Point::Commit | Point::Committed);
        if points.last() != Some(&point) || (is_commit && !fires(conn)) {
            return Ok(());
        }
        points.pop();
        self.met.fetch_add(1, Ordering::Relaxed);
        Err(format!("trouble at {point:?}"))
    }
}

/// Whether the transaction has fired a schedule.
fn fires(conn: &mut Conn) -> bool {
    let last: Option<i64> =
        schedules::table.select(diesel::dsl::max(schedules::last_number)).first(conn).unwrap();
    last.is_some_and(|number| number > 0)
}

#[actix_rt::test]
async fn a_commit_that_fails_or_is_in_doubt_fires_nothing_twice_and_loses_nothing() {
    // From the last to the first: a commit whose answer is lost and cannot be looked up is in doubt.
    for points in [
        vec![Point::Begin],
        vec![Point::Statement],
        vec![Point::Commit],
        vec![Point::Committed],
        vec![Point::Look, Point::Committed],
        vec![Point::Look, Point::Commit],
        vec![Point::Look, Point::Committed, Point::Commit, Point::Statement, Point::Begin],
    ] {
        let trouble = Arc::new(Trouble::default());
        let house = Plan::new().faults(trouble.clone()).build().await;
        let start = house.clock.now();
        house.put(every(10.0, NewJob::new("noop"))).await;
        let n = u32::try_from(points.len()).unwrap();
        *trouble.points.lock().unwrap() = points.clone();
        house.clock.advance(secs(10));
        let over = || async { trouble.met.load(Ordering::Relaxed) == n && !house.history().await.is_empty() };
        house.moving_until(Duration::from_millis(250), "the trouble is over", over).await;
        // Two more due times, so that what was repeated wrongly would show.
        for n in [2, 3] {
            let next = house.next_run().await.unwrap();
            house.clock.advance(next.since(house.clock.now()));
            house.runs(n).await;
        }
        let history = house.history().await;
        let times = due(&history, start);
        assert!(times.is_sorted_by(|a, b| a < b) && times[0] == 10, "{points:?}: {times:?}");
        let ids: Vec<i64> = history.iter().filter_map(|run| run.job_id).collect();
        let jobs: Vec<i64> = house.jobs().await.iter().map(|job| job.id).collect();
        assert_eq!(ids, jobs, "{points:?}");
    }
}
