//! Delivers jobs whose time has come: retries after their backoff and jobs for later alike. It
//! sleeps until the next one is due, not on a tick.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, SpawnHandle, WrapFuture};

use super::guard::Guard;
use super::mailbox::opens_letters;
use super::shared::Shared;
use super::worker::Ping;
use crate::domain::Timestamp;
use crate::store::verbs::promote;

/// The most jobs made pending in one write.
const CHUNK: usize = 500;
/// How long to wait when the store did not take a write.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Something is due at this time.
#[derive(Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Reschedule(pub Timestamp);

/// The time has come.
#[derive(Clone, Copy, Message)]
#[rtype(result = "()")]
struct Due;

/// See the module.
pub struct RetryScheduler {
    shared: Arc<Shared>,
    next: Option<Timestamp>,
    alarm: Option<SpawnHandle>,
    at_work: bool,
    _guard: Guard,
}

impl RetryScheduler {
    /// One that looks at the store when it starts.
    #[must_use]
    pub fn new(shared: Arc<Shared>, guard: Guard) -> Self {
        Self { shared, next: None, alarm: None, at_work: false, _guard: guard }
    }

    fn set_alarm(&mut self, at: Timestamp, ctx: &mut Context<Self>) {
        if let Some(old) = self.alarm.take() {
            ctx.cancel_future(old);
        }
        self.next = Some(at);
        let (clock, me) = (self.shared.clock.clone(), ctx.address());
        let wait = async move {
            clock.sleep_until(at).await;
            me.do_send(Due);
        };
        self.alarm = Some(ctx.spawn(wait.into_actor(self)));
    }

    /// Makes pending what is due, chunk by chunk, then sets the alarm for the next.
    fn deliver(&mut self, ctx: &mut Context<Self>) {
        if std::mem::replace(&mut self.at_work, true) {
            return;
        }
        if let Some(old) = self.alarm.take() {
            ctx.cancel_future(old);
        }
        self.next = None;
        let shared = self.shared.clone();
        let work = async move {
            loop {
                let now = shared.clock.now();
                match shared.store.write(move |tx| promote::promote(tx, CHUNK, now)).await {
                    Ok(done) if done.jobs == CHUNK => {}
                    Ok(done) => return done.next,
                    Err(e) => {
                        log::warn!("cannot deliver what is due: {e}");
                        return Some(shared.clock.now().plus(STORE_PAUSE));
                    }
                }
            }
        };
        ctx.spawn(work.into_actor(self).map(|next, me, ctx| {
            me.at_work = false;
            // Something may have been rescheduled meanwhile.
            if let Some(at) = [next, me.next].into_iter().flatten().min() {
                me.set_alarm(at, ctx);
            }
        }));
    }
}

opens_letters!(RetryScheduler: Reschedule, Ping);

impl Actor for RetryScheduler {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.deliver(ctx);
    }
}

impl Handler<Reschedule> for RetryScheduler {
    type Result = ();

    fn handle(&mut self, Reschedule(at): Reschedule, ctx: &mut Context<Self>) {
        if self.next.is_none_or(|next| at < next) {
            self.next = Some(at);
            if !self.at_work {
                self.set_alarm(at, ctx);
            }
        }
    }
}

impl Handler<Due> for RetryScheduler {
    type Result = ();

    fn handle(&mut self, _: Due, ctx: &mut Context<Self>) {
        self.deliver(ctx);
    }
}

impl Handler<Ping> for RetryScheduler {
    type Result = ();

    fn handle(&mut self, _: Ping, ctx: &mut Context<Self>) {
        self.shared.watchdog.beat("retry scheduler");
        // The slow poll that covers a due time that was lost.
        self.deliver(ctx);
    }
}
