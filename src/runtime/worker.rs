//! The worker actor of a job type: fills its free slots with what is pending, and hands in what has
//! ended. User code never runs in here but in tasks of its own.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, AsyncContext, Context, Handler, Message, SpawnHandle};

use super::execute::Execution;
use super::guard::Guard;
use super::shared::Shared;
use super::slots::{Attempt, Slots};
use crate::domain::{Claim, Job};
use crate::store::verbs::claim::{self, Claimer};
use crate::store::verbs::finish::{self, Finished};
use crate::store::verbs::give_back;
use crate::store::{StoreError, StoreResult};
use crate::workers::AnyWorker;

/// The most jobs taken in one claim.
const MAX_CLAIM: usize = 256;
/// How long to wait before a write is tried again that the store did not take.
const STORE_PAUSE: Duration = Duration::from_millis(250);
/// The longest such wait: it doubles each time.
const MAX_STORE_PAUSE: Duration = Duration::from_secs(2);

/// There may be something new to start.
#[derive(Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct JobReady;

/// Attempts have ended.
#[derive(Clone, Copy, Message)]
#[rtype(result = "()")]
struct Ended;

/// A claim is over; whether it took all that was asked for.
#[derive(Clone, Copy, Message)]
#[rtype(result = "()")]
struct Claimed {
    all: bool,
}

/// An attempt should stop.
#[derive(Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct CancelRunning(pub Claim);

/// Start nothing more.
#[derive(Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Drain;

/// Prove that you make progress.
#[derive(Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Ping;

/// Panic, for the test that an actor that panics is rebuilt.
#[derive(Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Crash;

/// See the module.
pub struct Worker {
    job_type: Arc<str>,
    worker: Arc<dyn AnyWorker>,
    slots: Arc<Slots>,
    shared: Arc<Shared>,
    /// Whether there may be pending jobs that were not seen yet.
    more: bool,
    draining: bool,
    /// Wakes it when the rate limit allows the next start.
    alarm: Option<SpawnHandle>,
    _guard: Guard,
}

impl Worker {
    /// One for a job type. `guard` tells the supervisor when it is gone.
    #[must_use]
    pub fn new(job_type: &str, shared: Arc<Shared>, guard: Guard) -> Option<Self> {
        let worker = shared.types.get(job_type)?.worker.clone();
        let slots = shared.slots.get(job_type)?.clone();
        let draining = shared.is_draining();
        Some(Self {
            job_type: job_type.into(),
            worker,
            slots,
            shared,
            more: true,
            draining,
            alarm: None,
            _guard: guard,
        })
    }

    /// Claims as many jobs as there are free slots, unless nothing is there or nothing may start.
    fn fill(&mut self, ctx: &mut Context<Self>) {
        let options = self.shared.type_options(&self.job_type);
        let concurrency = options.concurrency as usize;
        for execution in self.slots.set_concurrency(concurrency) {
            self.starter().occupy(execution);
        }
        if self.draining || !self.more || self.shared.is_paused(&self.job_type) {
            return;
        }
        let mut free = concurrency.saturating_sub(self.slots.taken()).min(MAX_CLAIM);
        match &options.rate_limit {
            Some(limit) if free > 0 => {
                let per = Duration::try_from_secs_f64(limit.per_secs).unwrap_or_default();
                let (allowed, next) = self.slots.allowance(limit.limit, per, self.shared.clock.now());
                free = free.min(allowed);
                if let Some(next) = next {
                    self.wake_at(next, ctx);
                }
            }
            Some(_) => {}
            None => {
                self.slots.forget_starts();
                free = (free + self.slots.ahead()).min(MAX_CLAIM);
            }
        }
        if free == 0 || !self.slots.begin_claim() {
            return;
        }
        self.more = false;
        // Not in the actor's context: were the actor to panic, the jobs would be claimed and never
        // started.
        actix_rt::spawn(claim_and_start(self.job_type.clone(), self.starter(), free));
    }

    fn wake_at(&mut self, at: crate::domain::Timestamp, ctx: &mut Context<Self>) {
        if let Some(old) = self.alarm.take() {
            ctx.cancel_future(old);
        }
        let (clock, me) = (self.shared.clock.clone(), ctx.address());
        let alarm = async move {
            clock.sleep_until(at).await;
            me.do_send(JobReady);
        };
        self.alarm = Some(ctx.spawn(actix::fut::wrap_future(alarm)));
    }

    fn starter(&self) -> Starter {
        Starter { worker: self.worker.clone(), slots: self.slots.clone(), shared: self.shared.clone() }
    }

    fn hand_in(&self) {
        let ended = self.slots.take_ended();
        if !ended.is_empty() {
            // For the same reason as in `fill`, not in the actor's context.
            let ends = Ends {
                job_type: self.job_type.clone(),
                slots: self.slots.clone(),
                shared: self.shared.clone(),
            };
            actix_rt::spawn(ends.write(ended));
        }
    }
}

impl Actor for Worker {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        // A mailbox holds wake-ups only; each stands for all before it.
        ctx.set_mailbox_capacity(1024);
        self.hand_in();
        self.fill(ctx);
    }
}

impl Handler<JobReady> for Worker {
    type Result = ();

    fn handle(&mut self, _: JobReady, ctx: &mut Context<Self>) {
        self.more = true;
        self.fill(ctx);
    }
}

impl Handler<Ended> for Worker {
    type Result = ();

    fn handle(&mut self, _: Ended, ctx: &mut Context<Self>) {
        // First the ends, then the next claim: they share a commit, in this order.
        self.hand_in();
        self.fill(ctx);
    }
}

impl Handler<Claimed> for Worker {
    type Result = ();

    fn handle(&mut self, claimed: Claimed, ctx: &mut Context<Self>) {
        self.more |= claimed.all;
        self.hand_in();
        self.fill(ctx);
    }
}

impl Handler<CancelRunning> for Worker {
    type Result = ();

    fn handle(&mut self, CancelRunning(claim): CancelRunning, _: &mut Context<Self>) {
        self.slots.cancel(claim);
        self.hand_in();
    }
}

impl Handler<Drain> for Worker {
    type Result = ();

    fn handle(&mut self, _: Drain, _: &mut Context<Self>) {
        self.draining = true;
        self.slots.turn_back();
        self.hand_in();
    }
}

impl Handler<Ping> for Worker {
    type Result = ();

    fn handle(&mut self, _: Ping, ctx: &mut Context<Self>) {
        self.shared.watchdog.beat(&format!("worker {}", self.job_type));
        // The slow poll that covers a wake-up that was lost.
        self.more = true;
        self.slots.turn_back_if_stuck();
        self.hand_in();
        self.fill(ctx);
    }
}

impl Handler<Crash> for Worker {
    type Result = ();

    #[allow(clippy::panic)]
    fn handle(&mut self, _: Crash, _: &mut Context<Self>) {
        panic!("told to");
    }
}

/// What starting an attempt takes.
struct Starter {
    worker: Arc<dyn AnyWorker>,
    slots: Arc<Slots>,
    shared: Arc<Shared>,
}

impl Starter {
    /// After a claim that failed: it may be on disk, and its jobs would then run nowhere for ever.
    /// Gives them back, as soon as the store takes that.
    async fn give_back(&self, job_type: &Arc<str>) {
        let mut pause = Pause::default();
        loop {
            pause.wait(&self.shared.clock).await;
            let (job_type, slots) = (job_type.clone(), self.slots.clone());
            let (node, now) = (self.shared.node, self.shared.clock.now());
            let given = self
                .shared
                .store
                .write(move |tx| give_back::give_back(tx, &job_type, node, |claim| slots.holds(claim), now));
            match given.await {
                Ok(0) | Err(StoreError::Closed) => return,
                Ok(n) => return log::warn!("{n} claims whose answer was lost are given back"),
                Err(_) => {}
            }
        }
    }

    fn start_all(&self, job_type: &str, jobs: Vec<Job>) {
        let options = self.shared.type_options(job_type);
        for job in jobs {
            let claim = Claim { job_id: job.id, attempt: job.attempt, node: self.shared.node };
            let attempt = Attempt::new(job.started_at.unwrap_or_else(|| self.shared.clock.now()));
            self.slots.begin(claim, attempt.clone());
            let secs = if job.timeout_inherited { options.timeout_secs } else { job.timeout_secs };
            let execution = Execution {
                shared: self.shared.clone(),
                slots: self.slots.clone(),
                worker: self.worker.clone(),
                backoff: job.backoff.unwrap_or(options.backoff),
                timeout: secs.and_then(|s| Duration::try_from_secs_f64(s).ok()),
                job: Arc::new(job),
                claim,
                attempt,
            };
            if let Some(next) = self.slots.place(execution) {
                self.occupy(next);
            }
        }
    }

    /// Runs an attempt in a slot, and what waits for one after it.
    fn occupy(&self, execution: Execution) {
        let (slots, shared, job_type) =
            (self.slots.clone(), self.shared.clone(), execution.job.job_type.clone());
        self.shared.job_threads.spawn(async move {
            let mut now = Some(execution);
            while let Some(execution) = now {
                let next = slots.end(execution.run().await);
                if next.wake
                    && let Some(worker) = shared.worker(&job_type)
                {
                    worker.do_send(Ended);
                }
                now = next.execution;
            }
        });
    }
}

async fn claim_and_start(job_type: Arc<str>, starter: Starter, free: usize) {
    let by = Claimer { node: starter.shared.node, worker_id: format!("{}/{job_type}", starter.shared.node) };
    let now = starter.shared.clock.now();
    let wanted = job_type.clone();
    let claimed = starter.shared.store.write(move |tx| claim::claim(tx, &wanted, free, &by, now)).await;
    let all = match claimed {
        Ok(jobs) => {
            let all = jobs.len() == free;
            starter.start_all(&job_type, jobs);
            if starter.shared.is_draining() {
                starter.slots.turn_back();
            }
            all
        }
        Err(e) => {
            log::warn!("cannot claim jobs of type {job_type}: {e}");
            starter.give_back(&job_type).await;
            true
        }
    };
    starter.slots.end_claim();
    starter.shared.idle.notify_waiters();
    // Whoever is the actor now: it may have been rebuilt meanwhile.
    if let Some(worker) = starter.shared.worker(&job_type) {
        worker.do_send(Claimed { all });
    }
}

/// Ends of attempts on their way to the disk.
struct Ends {
    job_type: Arc<str>,
    slots: Arc<Slots>,
    shared: Arc<Shared>,
}

impl Ends {
    /// Writes ends until the store has taken them: what a worker has done is not lost because the
    /// disk is full for a while. After a failure each is written for itself, so that one which the
    /// store never takes holds up no other.
    async fn write(self, ended: Vec<Finished>) {
        let ended = Arc::new(ended);
        let Err(e) = self.write_once(&ended).await else { return };
        log::error!("{} ends of attempts are not on disk yet, trying again: {e}", ended.len());
        self.slots.overdue(ended.len());
        let ends = Arc::new(self);
        for finished in ended.iter().cloned() {
            actix_rt::spawn(ends.clone().write_overdue(finished));
        }
    }

    async fn write_overdue(self: Arc<Self>, finished: Finished) {
        let finished = Arc::new(vec![finished]);
        let mut pause = Pause::default();
        loop {
            pause.wait(&self.shared.clock).await;
            match self.write_once(&finished).await {
                Ok(()) => break,
                Err(e) => log::error!("the end of {} is not on disk yet: {e}", finished[0].claim),
            }
        }
        self.slots.caught_up(1);
        if let Some(worker) = self.shared.worker(&self.job_type) {
            worker.do_send(JobReady);
        }
    }

    async fn write_once(&self, ended: &Arc<Vec<Finished>>) -> StoreResult<()> {
        let (now, these) = (self.shared.clock.now(), ended.clone());
        match self.shared.store.write(move |tx| finish::finish(tx, &these, now)).await {
            Ok(states) => {
                for (stale, _) in ended.iter().zip(states).filter(|(_, state)| state.is_none()) {
                    log::warn!(
                        "{} was taken away before it ended, or its end is on disk already",
                        stale.claim
                    );
                }
            }
            Err(StoreError::Closed) => {
                log::error!("{} ends of attempts are not on disk: the store is closed", ended.len());
            }
            Err(e) => return Err(e),
        }
        self.slots.written(ended);
        self.shared.idle.notify_waiters();
        Ok(())
    }
}

/// The waits between tries of a store that fails: each is twice as long as the one before.
struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(STORE_PAUSE)
    }
}

impl Pause {
    async fn wait(&mut self, clock: &crate::domain::Clock) {
        clock.sleep(self.0).await;
        self.0 = (self.0 * 2).min(MAX_STORE_PAUSE);
    }
}
