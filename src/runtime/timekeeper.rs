//! Tells attempts to stop whose time is up. It lives where no code of a job runs, so that one that
//! blocks its thread has a limit all the same, and does not take that of others away.

use std::sync::Arc;

use actix::{Actor, AsyncContext, Context, Handler, Message, SpawnHandle, WrapFuture};

use super::guard::Guard;
use super::mailbox::opens_letters;
use super::shared::Shared;
use super::worker::Ping;

/// Look at the [time limits](super::time_limits): one ends sooner than those before it.
#[derive(Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Look;

/// See the module.
pub struct Timekeeper {
    shared: Arc<Shared>,
    alarm: Option<SpawnHandle>,
    _guard: Guard,
}

impl Timekeeper {
    /// Its name among the parts that prove progress.
    pub const NAME: &'static str = "timekeeper";

    /// One that looks when it starts.
    #[must_use]
    pub fn new(shared: Arc<Shared>, guard: Guard) -> Self {
        Self { shared, alarm: None, _guard: guard }
    }

    fn look(&mut self, ctx: &mut Context<Self>) {
        if let Some(old) = self.alarm.take() {
            ctx.cancel_future(old);
        }
        let Some(next) = self.shared.limits.look(self.shared.clock.now()) else { return };
        let (clock, me) = (self.shared.clock.clone(), ctx.address());
        let wait = async move {
            clock.sleep_until(next).await;
            me.do_send(Look);
        };
        self.alarm = Some(ctx.spawn(wait.into_actor(self)));
    }
}

opens_letters!(Timekeeper: Look, Ping);

impl Actor for Timekeeper {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.look(ctx);
    }
}

impl Handler<Look> for Timekeeper {
    type Result = ();

    fn handle(&mut self, _: Look, ctx: &mut Context<Self>) {
        self.look(ctx);
    }
}

impl Handler<Ping> for Timekeeper {
    type Result = ();

    fn handle(&mut self, _: Ping, ctx: &mut Context<Self>) {
        self.shared.watchdog.beat(Self::NAME);
        self.look(ctx);
    }
}
