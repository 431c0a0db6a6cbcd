//! The worker actor of a job type: fills its free slots with what is pending, and hands in what has
//! ended. User code never runs in here but in tasks of its own.

use std::sync::Arc;

use actix::{Actor, AsyncContext, Context, Handler, Message, SpawnHandle};

use super::ends::Ends;
use super::guard::Guard;
use super::limits;
use super::mailbox::opens_letters;
use super::shared::Shared;
use super::starter::Starter;
use crate::domain::{Claim, Timestamp};
use crate::store::Tx;
use crate::store::verbs::claim;

/// There may be something new to start.
#[derive(Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct JobReady;

/// Attempts have ended.
#[derive(Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Ended;

/// A claim is over.
#[derive(Clone, Copy, Message)]
#[rtype(result = "()")]
struct Claimed {
    /// Another one may take more.
    more: bool,
    /// Another one may take more once an attempt has ended.
    kept_back: bool,
    /// Another one may take more at this time.
    next: Option<Timestamp>,
}

/// An attempt should stop.
#[derive(Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct CancelRunning(pub Claim);

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
    starter: Starter,
    shared: Arc<Shared>,
    /// Whether there may be pending jobs that were not seen yet.
    more: bool,
    /// Whether there may be some to start once an attempt has ended.
    kept_back: bool,
    /// Wakes it when the rate limit allows the next start.
    alarm: Option<SpawnHandle>,
    _guard: Guard,
}

impl Worker {
    /// One for a job type. `guard` tells the supervisor when it is gone.
    #[must_use]
    pub fn new(job_type: &str, shared: Arc<Shared>, guard: Guard) -> Option<Self> {
        let starter = Starter::new(job_type, &shared)?;
        Some(Self { starter, shared, more: true, kept_back: false, alarm: None, _guard: guard })
    }

    /// Claims as many jobs as there are free slots, unless nothing is there or nothing may start.
    fn fill(&mut self) {
        if !self.more {
            return;
        }
        if self.starter.begin_claim().is_some() {
            self.more = false;
            // Not in the actor's context: were the actor to panic, the jobs would be claimed and
            // never started.
            actix_rt::spawn(claim_and_start(self.starter.clone(), self.shared.clone()));
        }
    }

    fn wake_at(&mut self, at: Timestamp, ctx: &mut Context<Self>) {
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

    /// What a limit holds is let go by what makes room; this is for what nobody made room for.
    fn look_at_held(&self) {
        let (shared, job_type) = (self.shared.clone(), self.starter.job_type().clone());
        if shared.store.limits().of(&job_type).is_none_or(|limits| !limits.keys().hold()) {
            return;
        }
        actix_rt::spawn(async move {
            if let Err(e) = limits::sweep(&shared, &job_type).await {
                log::warn!("cannot look at the jobs of type {job_type} that a limit holds: {e}");
            }
        });
    }

    fn hand_in(&self) {
        let ended = self.starter.slots().take_ended();
        if !ended.is_empty() {
            // For the same reason as in `fill`, not in the actor's context.
            let ends = Ends {
                job_type: self.starter.job_type().clone(),
                slots: self.starter.slots().clone(),
                shared: self.shared.clone(),
            };
            actix_rt::spawn(ends.write(ended));
        }
    }
}

opens_letters!(Worker: JobReady, Ended, Claimed, CancelRunning, Ping, Crash);

impl Actor for Worker {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        // A mailbox holds wake-ups only; each stands for all before it.
        ctx.set_mailbox_capacity(1024);
        self.hand_in();
        self.fill();
    }
}

impl Handler<JobReady> for Worker {
    type Result = ();

    fn handle(&mut self, _: JobReady, _: &mut Context<Self>) {
        self.more = true;
        self.fill();
    }
}

impl Handler<Ended> for Worker {
    type Result = ();

    fn handle(&mut self, _: Ended, _: &mut Context<Self>) {
        // First the ends, then the next claim: they share a commit, in this order.
        self.hand_in();
        self.more |= self.kept_back;
        self.fill();
    }
}

impl Handler<Claimed> for Worker {
    type Result = ();

    fn handle(&mut self, claimed: Claimed, ctx: &mut Context<Self>) {
        self.more |= claimed.more;
        self.kept_back = claimed.kept_back;
        if let Some(next) = claimed.next {
            self.wake_at(next, ctx);
        }
        self.fill();
    }
}

impl Handler<CancelRunning> for Worker {
    type Result = ();

    fn handle(&mut self, CancelRunning(claim): CancelRunning, _: &mut Context<Self>) {
        self.starter.slots().cancel(claim);
    }
}

impl Handler<Ping> for Worker {
    type Result = ();

    fn handle(&mut self, _: Ping, _: &mut Context<Self>) {
        self.shared.watchdog.beat(&format!("worker {}", self.starter.job_type()));
        // The slow poll that covers a wake-up that was lost.
        self.more = true;
        self.hand_in();
        self.fill();
        self.look_at_held();
    }
}

impl Handler<Crash> for Worker {
    type Result = ();

    #[allow(clippy::panic)]
    fn handle(&mut self, _: Crash, _: &mut Context<Self>) {
        panic!("told to");
    }
}

async fn claim_and_start(starter: Starter, shared: Arc<Shared>) {
    let by = starter.claimer();
    let node = by.node;
    let job_type = starter.job_type().clone();
    let claimer = starter.clone();
    // For all slots that are free once the store comes to it: most attempts end while it is busy with others.
    let verb = move |tx: &mut Tx<'_>| match claimer.free() {
        Some(free) => claim::claim(tx, claimer.job_type(), free, &by, claimer.now()),
        None => Ok(claim::Claimed { more: true, ..claim::Claimed::default() }),
    };
    let over = match shared.store.write(verb).await {
        Ok(claim::Claimed { jobs, next, more, kept_back }) => {
            starter.start(jobs, node);
            Claimed { more, kept_back, next }
        }
        Err(e) => {
            log::warn!("cannot claim jobs of type {job_type}: {e}");
            starter.give_back(node).await;
            Claimed { more: true, kept_back: false, next: None }
        }
    };
    starter.end_claim();
    // Whoever is the actor now: it may have been rebuilt meanwhile.
    if let Some(worker) = shared.worker(&job_type) {
        worker.tell(over);
    }
}
