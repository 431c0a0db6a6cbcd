//! Fires schedules whose time has come. It sleeps until the next one is due, not on a tick.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, SpawnHandle, WrapFuture};

use super::guard::Guard;
use super::mailbox::opens_letters;
use super::prepare::prepare;
use super::shared::Shared;
use super::worker::{Crash, Ping};
use crate::domain::schedule::Firing;
use crate::domain::{Schedule, Timestamp};
use crate::store::verbs::fire::{self, Due};
use crate::store::{StoreResult, views};

/// Its name among the parts that prove progress.
pub const CRON_SCHEDULER: &str = "cron scheduler";
/// The most schedules that are fired in one write.
const CHUNK: i64 = 20;
/// How long to wait when the store did not take a write.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// A schedule fires at this time.
#[derive(Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Fires(pub Timestamp);

/// The time has come.
#[derive(Clone, Copy, Message)]
#[rtype(result = "()")]
struct TimeIsUp;

/// See the module.
pub struct CronScheduler {
    shared: Arc<Shared>,
    next: Option<Timestamp>,
    alarm: Option<SpawnHandle>,
    at_work: bool,
    _guard: Guard,
}

impl CronScheduler {
    /// One that looks at the store when it starts.
    #[must_use]
    pub fn new(shared: Arc<Shared>, guard: Guard) -> Self {
        Self { shared, next: None, alarm: None, at_work: false, _guard: guard }
    }

    fn set_alarm(&mut self, at: Timestamp, ctx: &mut Context<Self>) {
        self.stop_alarm(ctx);
        self.next = Some(at);
        let (clock, me) = (self.shared.clock.clone(), ctx.address());
        let wait = async move {
            clock.sleep_until(at).await;
            me.do_send(TimeIsUp);
        };
        self.alarm = Some(ctx.spawn(wait.into_actor(self)));
    }

    fn stop_alarm(&mut self, ctx: &mut Context<Self>) {
        if let Some(old) = self.alarm.take() {
            ctx.cancel_future(old);
        }
    }

    /// Fires what is due, then sets the alarm for the next.
    fn work(&mut self, ctx: &mut Context<Self>) {
        if std::mem::replace(&mut self.at_work, true) {
            return;
        }
        self.stop_alarm(ctx);
        self.next = None;
        let shared = self.shared.clone();
        let work = async move {
            match fire_due(&shared).await {
                Ok(next) => {
                    shared.watchdog.beat(CRON_SCHEDULER);
                    next
                }
                Err(e) => {
                    log::warn!("cannot fire the schedules that are due: {e}");
                    shared.watchdog.fault(CRON_SCHEDULER, e.to_string());
                    Some(shared.clock.now().plus(STORE_PAUSE))
                }
            }
        };
        ctx.spawn(work.into_actor(self).map(|next, me, ctx| {
            me.at_work = false;
            // A schedule may have been made or changed meanwhile.
            if let Some(at) = [next, me.next].into_iter().flatten().min() {
                me.set_alarm(at, ctx);
            }
        }));
    }
}

/// Fires all that is due, and tells when the next one will be. A server that goes down fires nothing:
/// the next start does, by the rules for missed runs.
async fn fire_due(shared: &Arc<Shared>) -> StoreResult<Option<Timestamp>> {
    while !shared.is_draining() {
        let now = shared.clock.now();
        let found = shared.store.read(move |conn| {
            Ok((views::schedules::due(conn, now, CHUNK)?, views::schedules::next_due(conn)?))
        });
        let (due, next) = found.await?;
        if due.is_empty() {
            return Ok(next);
        }
        let due: Vec<Due> = due.iter().filter_map(|schedule| plan(shared, schedule, now)).collect();
        let fire_all = move |tx: &mut crate::store::Tx<'_>| {
            due.iter().try_for_each(|due| fire::fire(tx, due, now).map(|_| ()))
        };
        shared.store.write(fire_all).await?;
    }
    Ok(None)
}

/// What is to be done about a schedule that is due.
fn plan(shared: &Shared, schedule: &Schedule, now: Timestamp) -> Option<Due> {
    let due_at = schedule.next_run_at?;
    let Firing { runs, missed, next } = Firing::of(&schedule.spec, due_at, now);
    let job = |at: Timestamp| {
        let job = prepare(shared, schedule.spec.job_due(&schedule.name, at), "");
        (at, job.map_err(|why| why.to_string()))
    };
    Some(Due {
        name: schedule.name.clone(),
        version: schedule.version,
        due_at,
        overlap: schedule.spec.overlap,
        runs: runs.into_iter().map(job).collect(),
        missed,
        next,
    })
}

opens_letters!(CronScheduler: Fires, Ping, Crash);

impl Actor for CronScheduler {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.work(ctx);
    }
}

impl Handler<Fires> for CronScheduler {
    type Result = ();

    fn handle(&mut self, Fires(at): Fires, ctx: &mut Context<Self>) {
        if self.next.is_none_or(|next| at < next) {
            self.next = Some(at);
            if !self.at_work {
                self.set_alarm(at, ctx);
            }
        }
    }
}

impl Handler<TimeIsUp> for CronScheduler {
    type Result = ();

    fn handle(&mut self, _: TimeIsUp, ctx: &mut Context<Self>) {
        self.work(ctx);
    }
}

impl Handler<Ping> for CronScheduler {
    type Result = ();

    fn handle(&mut self, _: Ping, ctx: &mut Context<Self>) {
        // The slow poll that covers a due time that was lost, and the sign of life.
        self.work(ctx);
    }
}

impl Handler<Crash> for CronScheduler {
    type Result = ();

    #[allow(clippy::panic)]
    fn handle(&mut self, _: Crash, _: &mut Context<Self>) {
        panic!("told to");
    }
}
