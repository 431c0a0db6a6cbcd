//! Looks at the books: what must hold in every store at any time, whatever was done to it.

use std::collections::{BTreeMap, BTreeSet};

use callboard::domain::State;
use callboard::domain::ident::WORKFLOW_NODE;
use callboard::store::row::JobRow;

use super::TestStore;
use super::picture::Picture;

impl TestStore {
    /// Fails when the store contradicts itself.
    pub async fn audit(&self) {
        self.picture().await.audit();
    }
}

impl Picture {
    pub fn audit(&self) {
        self.counters_equal_a_recount();
        let states: BTreeMap<i64, State> = self.jobs.iter().map(|job| (job.id, job.state())).collect();
        for job in &self.jobs {
            self.attempts_have_no_gaps(job);
            self.times_fit_the_state(job);
            self.parents_are_counted(job, &states);
            self.tags_are_listed(job);
        }
        self.nothing_is_left_of_deleted_jobs(&states);
        self.workflows_are_counted();
    }

    fn workflows_are_counted(&self) {
        for row in &self.workflows {
            let is = format!("workflow {} ({})", row.id, row.state);
            let of =
                |state| self.jobs.iter().filter(move |j| j.workflow_id == Some(row.id) && j.state() == state);
            for state in State::ALL {
                let recount = i64::try_from(of(state).count()).unwrap();
                assert_eq!(row.count(state), recount, "{state} jobs of {is}");
            }
            let open = State::UNFINISHED.iter().any(|state| row.count(*state) > 0) || row.is_open();
            assert_eq!(open, row.state() == State::Running, "{is}");
            assert_eq!(open, row.completed_at.is_none(), "completed_at of {is}");
            // To a batch jobs are added later, or never.
            let may_be_empty = row.is_batch;
            assert!(may_be_empty || State::ALL.iter().any(|state| row.count(*state) > 0), "{is} is empty");
        }
        let known: BTreeSet<i64> = self.workflows.iter().map(|row| row.id).collect();
        for job in self.jobs.iter().filter(|job| job.workflow_id.is_some()) {
            assert!(known.contains(&job.workflow_id.unwrap()), "job {} is of no workflow", job.id);
        }
    }

    fn counters_equal_a_recount(&self) {
        let mut recount: BTreeMap<(String, String, String), i64> = BTreeMap::new();
        for job in &self.jobs {
            *recount.entry((job.job_type.clone(), job.queue.clone(), job.state.clone())).or_default() += 1;
        }
        let kept: BTreeMap<_, _> =
            self.counters.iter().map(|(t, q, s, n)| ((t.clone(), q.clone(), s.clone()), *n)).collect();
        assert_eq!(kept, recount, "the kept counters differ from a recount");
    }

    fn attempts_have_no_gaps(&self, job: &JobRow) {
        let ended: Vec<i32> = self.attempts.iter().filter(|a| a.0 == job.id).map(|a| a.1).collect();
        let running = i32::from(job.state() == State::Running);
        let expected: Vec<i32> = (1..=job.attempt - running).collect();
        assert_eq!(ended, expected, "attempts of job {} ({})", job.id, job.state);
    }

    fn times_fit_the_state(&self, job: &JobRow) {
        let state = job.state();
        let is = format!("job {} ({state})", job.id);
        let runs_here = state == State::Running && job.job_type != WORKFLOW_NODE;
        assert_eq!(job.node.is_some(), runs_here, "node of {is}");
        assert_eq!(job.completed_at.is_some(), state.is_final(), "completed_at of {is}");
        assert!(job.run_at.is_some() || !State::TIMED.contains(&state), "run_at of {is}");
        assert_eq!(job.started_at.is_some(), job.attempt > 0, "started_at of {is}");
        assert!(job.crash_count >= 0 && job.retry_count >= 0, "counts of {is}");
    }

    fn parents_are_counted(&self, job: &JobRow, states: &BTreeMap<i64, State>) {
        let parents: Vec<i64> = self.dependencies.iter().filter(|d| d.0 == job.id).map(|d| d.1).collect();
        assert_eq!(job.has_parents, !parents.is_empty(), "has_parents of job {}", job.id);
        if job.state() == State::Blocked {
            let open = parents.iter().filter(|p| states.get(p).is_some_and(|s| !s.is_final())).count();
            assert_eq!(usize::try_from(job.parents_left).unwrap(), open, "parents_left of job {}", job.id);
            assert!(open > 0 || self.is_held(job, states), "job {} is blocked by nothing", job.id);
        }
        for parent in parents {
            if let Some(row) = self.jobs.iter().find(|row| row.id == parent) {
                assert!(row.has_children, "job {parent} does not know its child {}", job.id);
            }
        }
    }

    /// Whether its workflow is part of another one and has not begun there.
    fn is_held(&self, job: &JobRow, states: &BTreeMap<i64, State>) -> bool {
        let of = self.workflows.iter().find(|row| Some(row.id) == job.workflow_id);
        let node = of.and_then(|row| row.parent_job_id).and_then(|node| states.get(&node));
        node.is_some_and(|state| *state == State::Blocked)
    }

    fn tags_are_listed(&self, job: &JobRow) {
        let listed: BTreeSet<&str> =
            self.tags.iter().filter(|(_, id)| *id == job.id).map(|(tag, _)| tag.as_str()).collect();
        let own: Vec<String> =
            job.tags.as_deref().map(|t| serde_json::from_str(t).unwrap()).unwrap_or_default();
        assert_eq!(listed, own.iter().map(String::as_str).collect(), "tags of job {}", job.id);
    }

    fn nothing_is_left_of_deleted_jobs(&self, states: &BTreeMap<i64, State>) {
        let left = self.attempts.iter().map(|a| a.0);
        let left = left.chain(self.dependencies.iter().map(|d| d.0)).chain(self.tags.iter().map(|t| t.1));
        let left = left.chain(self.steps.iter().map(|s| s.0)).chain(self.signals.iter().map(|s| s.0));
        for id in left {
            assert!(states.contains_key(&id), "something is left of job {id}, which is gone");
        }
    }
}
