//! Random lives under random limits, against a model that looks at every job for every claim.

use std::collections::HashMap;
use std::time::Duration;

use callboard::domain::{Job, JobPatch, Json, Limits, NewJob, PerKey, RateLimit, State, Timestamp, Verdict};
use proptest::prelude::*;

use crate::bench::{Bench, TYPE};

const SPAN: Duration = Duration::from_secs(10);

#[derive(Clone, Debug)]
enum Step {
    Enqueue { priority: u8, target: Option<u8>, channel: Option<u8> },
    Claim { n: usize },
    End { pick: usize, verdict: Verdict },
    Cancel { pick: usize },
    Patch { pick: usize, priority: Option<u8>, channel: Option<u8> },
    Pass { ms: u64 },
    Crash { stale: usize },
    Limit { global: Option<u32>, per_key: Option<u32>, rate: Option<u32>, rate_by_key: bool },
}

fn step() -> impl Strategy<Value = Step> {
    let small = || proptest::option::weighted(0.8, 0..3_u8);
    let verdict = prop_oneof![
        4 => Just(Verdict::Success(None)),
        1 => Just(Verdict::Fatal("no".into())),
        1 => Just(Verdict::Released),
    ];
    let limit = || proptest::option::of(1..4_u32);
    prop_oneof![
        8 => (1..4_u8, small(), small())
            .prop_map(|(priority, target, channel)| Step::Enqueue { priority, target, channel }),
        6 => (1..4_usize).prop_map(|n| Step::Claim { n }),
        5 => (any::<usize>(), verdict).prop_map(|(pick, verdict)| Step::End { pick, verdict }),
        1 => any::<usize>().prop_map(|pick| Step::Cancel { pick }),
        1 => (any::<usize>(), proptest::option::of(1..4_u8), small())
            .prop_map(|(pick, priority, channel)| Step::Patch { pick, priority, channel }),
        1 => any::<usize>().prop_map(|stale| Step::Crash { stale }),
        3 => (1..6000_u64).prop_map(|ms| Step::Pass { ms }),
        1 => (limit(), limit(), limit(), any::<bool>())
            .prop_map(|(global, per_key, rate, rate_by_key)| Step::Limit { global, per_key, rate, rate_by_key }),
    ]
}

fn limits(global: Option<u32>, per_key: Option<u32>, rate: Option<u32>, rate_by_key: bool) -> Limits {
    Limits {
        global_concurrency: global,
        per_key: per_key.map(|limit| PerKey { key: "target_id".parse().unwrap(), limit }),
        rate_limit: rate.map(|limit| RateLimit {
            limit,
            per_secs: SPAN.as_secs_f64(),
            key: rate_by_key.then(|| "args.channel".parse().unwrap()),
        }),
        ..Limits::default()
    }
}

#[derive(Clone, Debug)]
struct Known {
    priority: u8,
    target: Option<u8>,
    channel: Option<u8>,
    state: State,
}

/// What is there, without any index.
#[derive(Default)]
struct Model {
    jobs: Vec<(i64, Known)>,
    limits: Limits,
    /// Starts that a rate limit counted, by its value.
    starts: Vec<(Option<u8>, Timestamp)>,
}

impl Model {
    fn ids(&self, states: &[State]) -> Vec<i64> {
        self.jobs.iter().filter(|(_, job)| states.contains(&job.state)).map(|(id, _)| *id).collect()
    }

    fn job(&mut self, id: i64) -> &mut Known {
        &mut self.jobs.iter_mut().find(|(known, _)| *known == id).unwrap().1
    }

    /// The jobs that the next claim of `n` takes.
    fn claim(&mut self, n: usize, now: Timestamp) -> Vec<i64> {
        let mut waiting = self.ids(&[State::Pending]);
        waiting.sort_by_key(|id| (self.jobs.iter().find(|(known, _)| known == id).unwrap().1.priority, *id));
        let mut taken = Vec::new();
        for id in waiting {
            let job = self.job(id).clone();
            if taken.len() < n && self.admits(&job, now) {
                self.start(id, now);
                taken.push(id);
            }
        }
        taken
    }

    fn start(&mut self, id: i64, now: Timestamp) {
        self.job(id).state = State::Running;
        let channel = self.job(id).channel;
        if let Some(limit) = &self.limits.rate_limit {
            let value = limit.key.is_some().then_some(channel).flatten();
            if limit.key.is_none() || value.is_some() {
                self.starts.push((value, now));
            }
        }
    }

    /// What a claim of `n` took is what it should have taken.
    fn agree(&mut self, found: &[i64], n: usize, now: Timestamp) {
        let mut wanted = self.claim(n, now);
        wanted.sort_unstable();
        assert_eq!(found, wanted, "limits {:?}, jobs {:?}", self.limits, self.jobs);
    }

    fn admits(&self, job: &Known, now: Timestamp) -> bool {
        let running = |of: &dyn Fn(&Known) -> bool| {
            self.jobs.iter().filter(|(_, j)| j.state == State::Running && of(j)).count()
        };
        if self.limits.global_concurrency.is_some_and(|most| running(&|_| true) >= most as usize) {
            return false;
        }
        if let (Some(per_key), Some(_)) = (&self.limits.per_key, job.target)
            && running(&|other| other.target == job.target) >= per_key.limit as usize
        {
            return false;
        }
        let Some(limit) = &self.limits.rate_limit else { return true };
        let value = limit.key.is_some().then_some(job.channel).flatten();
        if limit.key.is_some() && value.is_none() {
            return true;
        }
        let in_span = |(of, at): &&(Option<u8>, Timestamp)| *of == value && *at > now.minus(SPAN);
        self.starts.iter().filter(in_span).count() < limit.limit as usize
    }
}

fn new_job(priority: u8, target: Option<u8>, channel: Option<u8>) -> NewJob {
    let mut job = NewJob::new(TYPE).priority(priority);
    job.target_id = target.map(|t| t.to_string());
    job.unique = Some(callboard::domain::Unique::Plain(false));
    job.args = args(channel);
    job
}

fn args(channel: Option<u8>) -> Json {
    let text = channel.map_or_else(|| "{}".to_owned(), |c| format!(r#"{{"channel":{c}}}"#));
    Json::checked(&text).unwrap()
}

fn pick(ids: &[i64], pick: usize) -> Option<i64> {
    ids.get(pick.checked_rem(ids.len())?).copied()
}

async fn live(steps: Vec<Step>) {
    let mut bench = Bench::open(Limits::default());
    let mut model = Model::default();
    let mut running: HashMap<i64, Job> = HashMap::new();
    for step in steps {
        match step {
            Step::Enqueue { priority, target, channel } => {
                let id = bench.enqueue(vec![new_job(priority, target, channel)]).await[0];
                model.jobs.push((id, Known { priority, target, channel, state: State::Pending }));
            }
            Step::Claim { n } => {
                let (jobs, next) = bench.claim(n).await;
                let mut found: Vec<i64> = jobs.iter().map(|job| job.id).collect();
                // More than one claim may have been needed, each in its own order.
                found.sort_unstable();
                model.agree(&found, n, bench.now);
                assert!(next.is_none_or(|next| next > bench.now), "to be woken in the past");
                running.extend(jobs.into_iter().map(|job| (job.id, job)));
            }
            Step::End { pick: n, verdict } => {
                let mut ids: Vec<i64> = running.keys().copied().collect();
                ids.sort_unstable();
                let Some(id) = pick(&ids, n) else { continue };
                let job = running.remove(&id).unwrap();
                model.job(id).state = bench.finish(bench.claim_of(&job), verdict).await.unwrap();
            }
            Step::Cancel { pick: n } => {
                let Some(id) = pick(&model.ids(&[State::Pending]), n) else { continue };
                bench.cancel(id).await;
                model.job(id).state = State::Cancelled;
            }
            Step::Patch { pick: n, priority, channel } => {
                let Some(id) = pick(&model.ids(&[State::Pending]), n) else { continue };
                let change = JobPatch { priority, args: Some(args(channel)), ..JobPatch::default() };
                bench.patch(id, change).await;
                let job = model.job(id);
                job.priority = priority.unwrap_or(job.priority);
                job.channel = channel;
            }
            Step::Crash { stale } => {
                let mut lost: Vec<_> = running.drain().map(|(_, job)| bench.claim_of(&job)).collect();
                lost.sort_unstable_by_key(|claim| claim.job_id);
                bench.crash(model.limits.clone()).await;
                for claim in &lost {
                    model.job(claim.job_id).state = State::Pending;
                }
                if let Some(n) = stale.checked_rem(lost.len()) {
                    assert_eq!(bench.finish(lost[n], Verdict::Success(None)).await, None);
                }
            }
            Step::Pass { ms } => bench.pass(Duration::from_millis(ms)),
            Step::Limit { global, per_key, rate, rate_by_key } => {
                model.limits = limits(global, per_key, rate, rate_by_key);
                bench.limit(model.limits.clone()).await;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn every_claim_takes_what_the_limits_allow_and_no_less(steps in proptest::collection::vec(step(), 1..80)) {
        actix_rt::System::new().block_on(live(steps));
    }
}
