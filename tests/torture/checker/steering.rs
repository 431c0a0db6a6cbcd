//! What limits, uniqueness, workflows and schedules promise. Who ran when is taken from the programs' own clocks;
//! a program that was ended before it could say so ran at most until its attempt was taken back.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use serde_json::Value;

use super::{Books, Findings};
use crate::ledger::Told;
use crate::server::{AT_ONCE, KEYED_AT_ONCE, RATED_A_SECOND};

#[derive(QueryableByName, Debug, Clone)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Text)]
    job_type: String,
    #[diesel(sql_type = Text)]
    args: String,
    #[diesel(sql_type = Nullable<Text>)]
    metadata: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    target_id: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    workflow_id: Option<i64>,
    #[diesel(sql_type = Text)]
    on_parent_failure: String,
}

#[derive(QueryableByName, Debug)]
struct Edge {
    #[diesel(sql_type = BigInt)]
    child_id: i64,
    #[diesel(sql_type = BigInt)]
    parent_id: i64,
}

#[derive(QueryableByName, Debug)]
struct Workflow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    state: String,
}

/// From when to when a program ran, in nanoseconds.
pub(super) type Span = (i64, i64);

impl Findings {
    pub(super) fn steering_held(&mut self, books: &mut Books, nodes: usize, told: &Told) {
        let rows: Vec<Row> = books.rows(
            "SELECT id, state, job_type, args, metadata, target_id, workflow_id, on_parent_failure FROM jobs",
        );
        self.no_more_ran_at_once_than_may(&rows, nodes);
        self.no_more_started_than_may(&rows);
        self.the_same_never_stood_side_by_side(&rows, told);
        self.workflows_kept_their_order(books, &rows, told);
        self.workflows_ended_once(books, &rows, told);
        self.schedules_fired_once(&rows);
    }

    /// When the programs of a job ran.
    pub(super) fn spans(&self, id: i64) -> Vec<Span> {
        let Some(effects) = self.effects.get(&id) else { return Vec::new() };
        let span = |(number, effect): (&i64, &super::Effect)| {
            let taken_back = || {
                let attempt = self.attempts_of(id).iter().find(|a| a.number == *number);
                attempt.map(|a| a.finished_at * 1_000_000)
            };
            let start = effect.start?;
            let end = effect.end.as_ref().map(|(at, _)| *at).or_else(taken_back)?;
            Some((start, end.max(start)))
        };
        effects.iter().filter_map(span).collect()
    }

    fn no_more_ran_at_once_than_may(&mut self, rows: &[Row], nodes: usize) {
        let mut groups: BTreeMap<(String, usize), Vec<Span>> = BTreeMap::new();
        for row in rows {
            let spans = self.spans(row.id);
            let most = if row.job_type == "keyed" { KEYED_AT_ONCE } else { AT_ONCE * nodes };
            groups.entry((row.job_type.clone(), most)).or_default().extend(&spans);
            if row.job_type == "keyed" {
                groups.entry((format!("keyed {}", row.args), 1)).or_default().extend(&spans);
            }
        }
        for ((of, most), spans) in groups {
            let found = at_once(&spans);
            assert!(found <= most, "{found} of {of} ran at once, {most} may");
            self.checks += u64::try_from(spans.len()).unwrap();
        }
    }

    fn no_more_started_than_may(&mut self, rows: &[Row]) {
        let mut starts: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.job_type == "rated") {
            let of = self.attempts_of(row.id).iter().map(|a| a.started_at);
            starts.entry(&row.args).or_default().extend(of);
        }
        let mut checks = 0;
        for (of, mut times) in starts {
            times.sort_unstable();
            for window in times.windows(RATED_A_SECOND + 1) {
                assert!(window[RATED_A_SECOND] - window[0] >= 1000, "{of} started too often: {window:?}");
                checks += 1;
            }
        }
        self.checks += checks;
    }

    /// One that has the target of another was made after that had ended, and so it ran after it. By
    /// when they began: of two nodes, the one that took the lower id may have stored its job later.
    fn the_same_never_stood_side_by_side(&mut self, rows: &[Row], told: &Told) {
        let mut last: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        let mut jobs: Vec<&Row> = rows.iter().filter(|row| row.job_type == "unique").collect();
        jobs.sort_by_cached_key(|row| self.spans(row.id).first().copied());
        for row in jobs.into_iter().filter(|row| !told.retried.contains(&row.id)) {
            let (target, spans) = (row.target_id.as_deref().unwrap(), self.spans(row.id));
            if let (Some((before, end)), Some((start, _))) = (last.get(target), spans.first()) {
                assert!(end <= start, "jobs {before} and {} of {target} stood side by side", row.id);
                self.checks += 1;
            }
            if let Some((_, end)) = spans.last() {
                last.insert(target, (row.id, *end));
            }
        }
    }

    fn workflows_kept_their_order(&mut self, books: &mut Books, rows: &[Row], told: &Told) {
        let by_id: BTreeMap<i64, &Row> = rows.iter().map(|row| (row.id, row)).collect();
        let edges: Vec<Edge> = books.rows(
            "SELECT d.child_id, d.parent_id FROM dependencies d JOIN jobs c ON c.id = d.child_id \
             WHERE c.workflow_id IS NOT NULL",
        );
        for Edge { child_id, parent_id } in edges {
            let (child, parent) = (by_id[&child_id], by_id[&parent_id]);
            if was_retried(rows, child.workflow_id.unwrap(), told) {
                continue;
            }
            let Some((start, _)) = self.spans(child_id).first().copied() else { continue };
            let fits = parent.state == "completed" || child.on_parent_failure == "run";
            assert!(fits, "job {child_id} ran although its parent {parent_id} is {}", parent.state);
            if let Some((_, end)) = self.spans(parent_id).last() {
                assert!(*end <= start, "job {child_id} began before its parent {parent_id} ended");
            }
            self.checks += 1;
        }
    }

    /// All or none of its jobs are there; it is final; and its callback was made once, and says how it
    /// ended.
    fn workflows_ended_once(&mut self, books: &mut Books, rows: &[Row], told: &Told) {
        let workflows: Vec<Workflow> = books.rows("SELECT id, state FROM workflows");
        let mut callbacks: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        for row in rows {
            let metadata: Value = serde_json::from_str(row.metadata.as_deref().unwrap_or("null")).unwrap();
            if let Some(id) = metadata["workflow"]["id"].as_i64() {
                let state = metadata["workflow"]["state"].as_str().unwrap().to_owned();
                callbacks.entry(id).or_default().push(state);
            }
        }
        for id in told.workflows.keys() {
            assert!(workflows.iter().any(|w| w.id == *id), "workflow {id} was acknowledged and is not there");
        }
        for Workflow { id, state } in workflows {
            let jobs = rows.iter().filter(|row| row.workflow_id == Some(id)).count();
            assert_eq!(jobs, 4, "jobs of workflow {id}");
            assert!(["completed", "failed", "cancelled"].contains(&&*state), "workflow {id} is {state}");
            let made = callbacks.get(&id).map(Vec::as_slice).unwrap_or_default();
            if was_retried(rows, id, told) {
                assert!(made.contains(&state), "workflow {id} is {state}; its callbacks: {made:?}");
            } else {
                assert_eq!(made, [state], "callbacks of workflow {id}");
            }
            self.checks += 3;
        }
    }
}

impl Findings {
    /// Each second from the first due time on has its job, whenever the server was killed.
    fn schedules_fired_once(&mut self, rows: &[Row]) {
        let due = |row: &Row| -> Option<jiff::Timestamp> {
            let metadata: Value = serde_json::from_str(row.metadata.as_deref()?).unwrap();
            (metadata["schedule"] == "tick").then(|| metadata["due_at"].as_str().unwrap().parse().unwrap())
        };
        let mut times: Vec<i64> = rows.iter().filter_map(due).map(jiff::Timestamp::as_millisecond).collect();
        times.sort_unstable();
        assert!(times.len() > 1, "the schedule did not fire");
        for pair in times.windows(2) {
            assert_eq!(pair[1] - pair[0], 1000, "due times of the schedule: {pair:?}");
            self.checks += 1;
        }
    }
}

fn was_retried(rows: &[Row], workflow: i64, told: &Told) -> bool {
    let one_of_it = |row: &Row| row.workflow_id == Some(workflow) && told.retried.contains(&row.id);
    told.retried_workflows.contains(&workflow) || rows.iter().any(one_of_it)
}

/// The most that ran at one instant. What ends at the instant at which another begins is over.
fn at_once(spans: &[Span]) -> usize {
    let ends = spans.iter().map(|(_, end)| (*end, -1));
    let mut changes: Vec<(i64, i64)> = spans.iter().map(|(start, _)| (*start, 1)).chain(ends).collect();
    changes.sort_unstable();
    let (mut now, mut most) = (0, 0);
    for (_, change) in changes {
        now += change;
        most = most.max(now);
    }
    usize::try_from(most).unwrap()
}

#[test]
fn what_overlaps_is_counted() {
    assert_eq!(at_once(&[]), 0);
    assert_eq!(at_once(&[(0, 10), (10, 20)]), 1);
    assert_eq!(at_once(&[(0, 10), (5, 15), (9, 12), (10, 20)]), 3);
}
