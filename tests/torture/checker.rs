//! Looks at what is left, without the program's own code: the database by SQL, the files of the
//! programs, and what the producers were told.

mod books;
mod steering;

pub use books::Books;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::ledger::{Ledger, Told};

#[derive(QueryableByName, Debug, Clone)]
struct Job {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    attempt: i64,
    #[diesel(sql_type = Nullable<Text>)]
    key: Option<String>,
}

#[derive(QueryableByName, Debug, Clone)]
pub struct Attempt {
    #[diesel(sql_type = BigInt)]
    pub job_id: i64,
    #[diesel(sql_type = BigInt)]
    pub number: i64,
    #[diesel(sql_type = BigInt)]
    pub started_at: i64,
    #[diesel(sql_type = BigInt)]
    pub finished_at: i64,
    #[diesel(sql_type = Text)]
    pub outcome: String,
}

#[derive(QueryableByName, Debug)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// What one attempt's program wrote.
#[derive(Clone, Debug, Default)]
struct Effect {
    start: Option<i64>,
    end: Option<(i64, String)>,
}

struct Findings {
    jobs: BTreeMap<i64, Job>,
    attempts: BTreeMap<i64, Vec<Attempt>>,
    effects: BTreeMap<i64, BTreeMap<i64, Effect>>,
    checks: u64,
}

/// Checks everything that `nodes` servers have left in a folder and a database, and says how much that was.
pub fn check(dir: &Path, mut books: Books, nodes: usize, ledger: &Ledger, faults: u64) {
    let told = ledger.with(|told| told.clone());
    let mut findings = Findings::read(&mut books, &dir.join("effects"));
    findings.nothing_acknowledged_is_missing(&told);
    findings.everything_is_final();
    findings.attempts_have_no_gaps();
    findings.effects_belong_to_attempts();
    findings.attempts_do_not_overlap();
    findings.cancels_were_kept(&told);
    findings.children_came_after_their_parents(&told);
    findings.steering_held(&mut books, nodes, &told);
    findings.counters_are_right(&mut books);
    findings.nothing_is_left_over(dir);
    let attempts: usize = findings.attempts.values().map(Vec::len).sum();
    let lost = findings.attempts.values().flatten().filter(|a| a.outcome == "lost").count();
    println!(
        "torture: {faults} faults, {} answers, {} calls without one, {} jobs ({} acknowledged), \
         {attempts} attempts ({lost} lost), {} cancels, {} workflows, {} duplicates; {} checks, all well",
        told.answers,
        told.silence,
        findings.jobs.len(),
        told.jobs.len(),
        told.cancelled.len(),
        told.workflows.len(),
        told.duplicates,
        findings.checks
    );
    assert!(lost > 0, "no attempt was lost: the test hurts nobody");
}

impl Findings {
    fn read(books: &mut Books, effects: &Path) -> Self {
        let jobs: Vec<Job> =
            books.rows("SELECT id, state, CAST(attempt AS BIGINT) AS attempt, key FROM jobs");
        let rows: Vec<Attempt> = books.rows(
            "SELECT job_id, CAST(number AS BIGINT) AS number, started_at, finished_at, outcome FROM attempts \
             ORDER BY job_id, number",
        );
        let mut attempts: BTreeMap<i64, Vec<Attempt>> = BTreeMap::new();
        for row in rows {
            attempts.entry(row.job_id).or_default().push(row);
        }
        let effects = fs::read_dir(effects).unwrap().map(|entry| {
            let path = entry.unwrap().path();
            let id: i64 = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
            let text = fs::read_to_string(&path).unwrap();
            let on_record = attempts.get(&id);
            (id, read_effects(&text, id).unwrap_or_else(|e| panic!("{e}\n{text}\non record: {on_record:#?}")))
        });
        let effects = effects.collect();
        Self { jobs: jobs.into_iter().map(|job| (job.id, job)).collect(), attempts, effects, checks: 0 }
    }

    fn attempts_of(&self, id: i64) -> &[Attempt] {
        self.attempts.get(&id).map_or(&[], Vec::as_slice)
    }

    fn nothing_acknowledged_is_missing(&mut self, told: &Told) {
        for id in told.jobs.keys() {
            assert!(self.jobs.contains_key(id), "job {id} was acknowledged and is not there");
            self.checks += 1;
        }
        for (key, id) in &told.keys {
            assert_eq!(self.jobs[id].key.as_deref(), Some(key.as_str()), "job {id}");
            self.checks += 1;
        }
    }

    fn everything_is_final(&mut self) {
        for job in self.jobs.values() {
            assert!(["completed", "failed", "cancelled"].contains(&job.state.as_str()), "{job:?}");
            self.checks += 1;
        }
    }

    fn attempts_have_no_gaps(&mut self) {
        for job in self.jobs.values() {
            let numbers: Vec<i64> = self.attempts_of(job.id).iter().map(|a| a.number).collect();
            assert_eq!(numbers, (1..=job.attempt).collect::<Vec<_>>(), "{job:?}");
            self.checks += 1;
        }
    }

    /// What ran is on record; and what is on record as done was done.
    fn effects_belong_to_attempts(&mut self) {
        for (id, effects) in &self.effects {
            for number in effects.keys() {
                let known = self.attempts_of(*id).iter().any(|a| a.number == *number);
                assert!(known, "attempt {number} of job {id} ran and is not on record");
                self.checks += 1;
            }
        }
        for attempt in self.attempts.values().flatten().filter(|a| a.outcome == "success") {
            let effect = self.effects.get(&attempt.job_id).and_then(|e| e.get(&attempt.number));
            let done = effect.and_then(|e| e.end.as_ref()).is_some_and(|(_, how)| how == "done");
            assert!(done, "{attempt:?} is on record as done, and was not: {effect:?}");
            self.checks += 1;
        }
        for job in self.jobs.values().filter(|job| job.state == "completed") {
            let success = self.attempts_of(job.id).last().is_some_and(|a| a.outcome == "success");
            assert!(success, "{job:?}");
            self.checks += 1;
        }
    }

    fn attempts_do_not_overlap(&mut self) {
        for (id, effects) in &self.effects {
            let mut before: Option<i64> = None;
            for (number, effect) in effects {
                let Some(start) = effect.start else { continue };
                if let Some(end) = before {
                    assert!(end <= start, "attempt {number} of job {id} began before the last one ended");
                    self.checks += 1;
                }
                before = effect.end.as_ref().map(|(at, _)| *at).or(before);
            }
        }
    }

    /// A cancel that was acknowledged stands, unless somebody asked for another go.
    fn cancels_were_kept(&mut self, told: &Told) {
        for id in told.cancelled.difference(&told.retried) {
            assert_eq!(
                self.jobs[id].state,
                "cancelled",
                "job {id} was called off; {:?}",
                self.attempts_of(*id)
            );
            self.checks += 1;
        }
    }

    fn children_came_after_their_parents(&mut self, told: &Told) {
        for (child, parent) in told.jobs.iter().filter_map(|(c, p)| Some((*c, (*p)?))) {
            if self.attempts_of(child).is_empty() {
                continue;
            }
            if told.retried.contains(&child) || told.retried.contains(&parent) {
                continue;
            }
            assert_eq!(
                self.jobs[&parent].state, "completed",
                "job {child} ran before its parent, job {parent}"
            );
            // By the programs' own clock: what a claim notes as its time is from before it saw the job, and of
            // two nodes that may be before the other one noted the end.
            let (before, after) = (self.spans(parent), self.spans(child));
            if let (Some((_, end)), Some((start, _))) = (before.last(), after.first()) {
                assert!(end <= start, "job {child} began before its parent {parent} ended");
            }
            self.checks += 1;
        }
    }

    fn counters_are_right(&mut self, books: &mut Books) {
        let wrong: Vec<Number> = books.rows(
            "SELECT count(*) AS n FROM (
                 SELECT job_type, queue, state FROM (
                     SELECT job_type, queue, state, n FROM counters
                     UNION ALL SELECT job_type, queue, state, -1 FROM jobs) AS kept
                 GROUP BY 1, 2, 3 HAVING sum(n) <> 0) AS wrong",
        );
        assert_eq!(wrong[0].n, 0, "{} counters differ from a recount", wrong[0].n);
        self.checks += 1;
    }

    fn nothing_is_left_over(&mut self, dir: &Path) {
        let mark = dir.to_string_lossy().into_owned();
        for entry in fs::read_dir("/proc").unwrap().filter_map(Result::ok) {
            let environ = fs::read(entry.path().join("environ")).unwrap_or_default();
            let ours = String::from_utf8_lossy(&environ)
                .split('\0')
                .any(|v| v.strip_prefix("CALLBOARD_JOB_FILE=").is_some_and(|file| file.starts_with(&mark)));
            assert!(!ours, "the program {} is left over", entry.path().display());
        }
        self.checks += 1;
    }
}

fn read_effects(text: &str, id: i64) -> Result<BTreeMap<i64, Effect>, String> {
    let mut effects: BTreeMap<i64, Effect> = BTreeMap::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |i: usize| words[i].parse::<i64>().map_err(|_| format!("job {id}: {line:?}"));
        match words[0] {
            "start" => {
                let start = effects.entry(number(1)?).or_default().start.replace(number(3)?);
                if start.is_some() {
                    return Err(format!("attempt {} of job {id} ran twice", number(1)?));
                }
            }
            "end" => effects.entry(number(1)?).or_default().end = Some((number(2)?, words[3].to_owned())),
            "overlap" => {
                let (before, this) = (number(1)?, number(2)?);
                return Err(format!("attempt {this} of job {id} began while attempt {before} was alive"));
            }
            _ => return Err(format!("job {id}: {line:?}")),
        }
    }
    Ok(effects)
}
