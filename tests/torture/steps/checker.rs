//! Compares what the attempts wrote down with what is in the database and what the clients were told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use serde_json::Value;

use super::SLOTS;
use super::client::Told;
use super::diary::{self, Line};
use super::worker::{Book, DIARIES, Written, chapter_name};
use crate::checker::Attempt;

const ONE_MS: i64 = 1;

#[derive(QueryableByName, Debug)]
struct Job {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Nullable<Text>)]
    result: Option<String>,
}

#[derive(QueryableByName, Debug)]
struct Step {
    #[diesel(sql_type = BigInt)]
    job_id: i64,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    attempt: i64,
    #[diesel(sql_type = Text)]
    value: String,
}

#[derive(QueryableByName, Debug)]
struct Signal {
    #[diesel(sql_type = BigInt)]
    job_id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    until: Option<i64>,
    #[diesel(sql_type = Bool)]
    timed_out: bool,
    #[diesel(sql_type = Nullable<BigInt>)]
    at: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    payload: Option<String>,
}

/// All there is of one job.
struct Story<'a> {
    id: i64,
    book: &'a Book,
    given: Option<&'a Value>,
    written: Written,
    attempts: Vec<Attempt>,
    steps: BTreeMap<String, Step>,
    signal: Option<Signal>,
    diary: Vec<Line>,
}

/// Checks everything, and says how much that was.
pub fn check(dir: &Path, told: &Told, kills: u64) {
    let stories = read(dir, told);
    for story in &stories {
        story.each_attempt_is_on_record();
        story.no_finished_step_ran_again();
        story.the_signal_was_heard_once_for_all();
        story.it_was_parked_until_its_time();
    }
    no_more_ran_at_once_than_may(&stories);
    let all = |count: &dyn Fn(&Story<'_>) -> usize| stories.iter().map(count).sum::<usize>();
    let lost = all(&|story| story.ended_as("lost").count());
    let passed_over = all(&|story| story.passed_over());
    println!(
        "torture of steps: {kills} kills, {} jobs, {} attempts ({lost} lost, {} parked), {} steps, of which later \
         attempts passed over {passed_over}; {} signals heard, {} waited for in vain, {} calls without an answer; all well",
        stories.len(),
        all(&|story| story.attempts.len()),
        all(&|story| story.ended_as("snoozed").count()),
        all(&|story| story.steps.len()),
        all(&|story| usize::from(story.written.heard.is_some())),
        all(&|story| usize::from(story.signal.as_ref().is_some_and(|signal| signal.timed_out))),
        told.silence,
    );
    assert!(lost > 0 && passed_over > 0, "the test hurts nobody");
}

fn read<'a>(dir: &Path, told: &'a Told) -> Vec<Story<'a>> {
    let mut conn = SqliteConnection::establish(&dir.join("data/queue.db").to_string_lossy()).unwrap();
    let jobs: Vec<Job> = diesel::sql_query("SELECT id, state, result FROM jobs").load(&mut conn).unwrap();
    let mut jobs: BTreeMap<i64, Job> = jobs.into_iter().map(|job| (job.id, job)).collect();
    let attempts: Vec<Attempt> = diesel::sql_query(
        "SELECT job_id, number, started_at, finished_at, outcome FROM attempts ORDER BY job_id, number",
    )
    .load(&mut conn)
    .unwrap();
    let steps: Vec<Step> =
        diesel::sql_query("SELECT job_id, name, attempt, value FROM steps").load(&mut conn).unwrap();
    let signals: Vec<Signal> = diesel::sql_query("SELECT job_id, until, timed_out, at, payload FROM signals")
        .load(&mut conn)
        .unwrap();
    let mut signals: BTreeMap<i64, Signal> =
        signals.into_iter().map(|signal| (signal.job_id, signal)).collect();
    let (mut attempts, mut steps) = (by_job(attempts, |a| a.job_id), by_job(steps, |s| s.job_id));
    let stories = told.jobs.iter().map(|(id, book)| {
        let job = jobs.remove(id).unwrap_or_else(|| panic!("job {id} was acknowledged and is not there"));
        assert_eq!(job.state, "completed", "{job:?}");
        Story {
            id: *id,
            book,
            given: told.given.get(id),
            written: serde_json::from_str(job.result.as_deref().unwrap()).unwrap(),
            attempts: attempts.remove(id).unwrap_or_default(),
            steps: steps.remove(id).unwrap_or_default().into_iter().map(|s| (s.name.clone(), s)).collect(),
            signal: signals.remove(id),
            diary: diary::read(&dir.join(DIARIES), *id),
        }
    });
    stories.collect()
}

fn by_job<T>(rows: Vec<T>, job: impl Fn(&T) -> i64) -> BTreeMap<i64, Vec<T>> {
    let mut sorted: BTreeMap<i64, Vec<T>> = BTreeMap::new();
    for row in rows {
        sorted.entry(job(&row)).or_default().push(row);
    }
    sorted
}

impl Story<'_> {
    fn lines(&self, what: &str) -> impl Iterator<Item = &Line> {
        self.diary.iter().filter(move |line| line.what == what)
    }

    fn ended_as(&self, outcome: &str) -> impl Iterator<Item = &Attempt> {
        self.attempts.iter().filter(move |attempt| attempt.outcome == outcome)
    }

    fn each_attempt_is_on_record(&self) {
        let numbers: Vec<i64> = self.attempts.iter().map(|attempt| attempt.number).collect();
        assert_eq!(numbers, (1..).take(numbers.len()).collect::<Vec<_>>(), "job {}", self.id);
        let mut begun = BTreeSet::new();
        for line in self.lines("start") {
            assert!(begun.insert(line.attempt), "job {}: attempt {} ran twice", self.id, line.attempt);
            assert!(numbers.contains(&line.attempt), "job {}: attempt {} is unknown", self.id, line.attempt);
        }
    }

    /// The value on disk is what the attempt gave that is named with it, and no later one did that step.
    fn no_finished_step_ran_again(&self) {
        let names: Vec<String> = (0..self.book.chapters).map(chapter_name).collect();
        assert_eq!(self.steps.keys().cloned().collect::<Vec<_>>(), names, "job {}", self.id);
        for (name, text) in names.iter().zip(&self.written.chapters) {
            let step = &self.steps[name];
            assert_eq!(serde_json::from_str::<String>(&step.value).unwrap(), *text, "job {}", self.id);
            let did = format!("{name} {text}");
            let done: Vec<i64> = self.lines("did").filter(|l| l.detail == did).map(|l| l.attempt).collect();
            assert_eq!(done, [step.attempt], "job {}: {step:?}", self.id);
            let again = self.lines("begins").find(|line| line.detail == *name && line.attempt > step.attempt);
            assert!(again.is_none(), "job {}: {step:?} was done again: {again:?}", self.id);
        }
    }

    /// The steps that an attempt came by after another one had finished them.
    fn passed_over(&self) -> usize {
        let last = self.attempts.last().map_or(0, |attempt| attempt.number);
        self.steps.values().filter(|step| step.attempt < last).count()
    }

    /// Whatever an attempt heard, all of them heard, and it is what was given.
    fn the_signal_was_heard_once_for_all(&self) {
        let heard: BTreeSet<&str> = self.lines("heard").map(|line| line.detail.as_str()).collect();
        let Some(patience) = self.book.patience_secs else {
            assert!(heard.is_empty() && self.signal.is_none(), "job {} heard {heard:?}", self.id);
            return;
        };
        let answer = serde_json::to_string(&self.written.heard).unwrap();
        assert_eq!(heard, BTreeSet::from([answer.as_str()]), "job {}", self.id);
        let signal = self.signal.as_ref().unwrap_or_else(|| panic!("job {} has no signal", self.id));
        let kept: Option<Value> = signal.payload.as_deref().map(|text| serde_json::from_str(text).unwrap());
        assert!(self.given.is_none_or(|given| kept.as_ref() == Some(given)), "job {}: {signal:?}", self.id);
        match &self.written.heard {
            Some(heard) => assert_eq!(Some(heard), kept.as_ref(), "job {}", self.id),
            None => assert!(patience < 1.0 && signal.timed_out, "job {}: {signal:?}", self.id),
        }
    }

    /// One attempt at most ended to wait, and the next one began when the wait was over.
    fn it_was_parked_until_its_time(&self) {
        let parked: Vec<&Attempt> = self.ended_as("snoozed").collect();
        assert!(parked.len() <= 1, "job {} was parked again and again: {parked:?}", self.id);
        let Some(parked) = parked.first() else { return };
        let signal = self.signal.as_ref().unwrap();
        // A signal may come when the job was woken because its time is up, and is heard all the same.
        let over = signal.until.into_iter().chain(signal.at).min();
        let next = self.attempts.iter().find(|attempt| attempt.number == parked.number + 1).unwrap();
        assert!(over.unwrap() <= next.started_at, "job {}: {signal:?}, {next:?}", self.id);
    }

    /// From when to when attempts ran, in milliseconds. One that was killed ran until it was taken back at most.
    fn spans(&self) -> impl Iterator<Item = (i64, i64)> {
        let of = |what: &'static str, number: i64| {
            let line = self.lines(what).find(move |line| line.attempt == number)?;
            Some(i64::try_from(line.at / 1_000_000).unwrap())
        };
        self.attempts.iter().filter_map(move |attempt| {
            let begun = of("start", attempt.number)?;
            Some((begun, of("end", attempt.number).unwrap_or(attempt.finished_at - ONE_MS)))
        })
    }
}

fn no_more_ran_at_once_than_may(stories: &[Story<'_>]) {
    let spans = stories.iter().flat_map(Story::spans);
    let mut moments: Vec<(i64, i64)> =
        spans.filter(|(from, to)| from < to).flat_map(|(from, to)| [(from, 1), (to, -1)]).collect();
    // At one moment what ends goes before what begins.
    moments.sort_unstable();
    let (mut running, mut most) = (0, 0);
    for (_, change) in moments {
        running += change;
        most = most.max(running);
    }
    assert!(most <= i64::from(SLOTS), "{most} ran at once");
}
