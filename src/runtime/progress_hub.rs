//! The actor that tells everybody what happens to jobs.

use std::sync::Arc;

use actix::{Actor, ActorContext, Addr, Context, Handler, Message};

use super::hub::{Frame, HubHandle, JobLookup, Ring, Subscriber, Ticket, Topics};
use crate::domain::{Clock, Event};

/// Gives events their ids, keeps the latest for those who come back, and hands each to those who
/// want it. It never waits for a subscriber, nor for the store.
///
/// When it has to be rebuilt, start another on the same handle.
pub struct ProgressHub {
    handle: HubHandle,
    clock: Clock,
    last_id: u64,
    ring: Ring,
    topics: Topics,
}

/// Events in the order of their commits.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Publish {
    pub events: Vec<Event>,
    pub ticket: Ticket,
}

/// Somebody begins to watch one job, or all when there is no `job_id`.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Subscribe {
    pub job_id: Option<i64>,
    pub subscriber: Subscriber,
    pub after: Option<u64>,
}

/// Somebody has gone.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Unsubscribe {
    pub id: u64,
    pub job_id: Option<i64>,
}

/// The server goes down.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Close;

impl ProgressHub {
    /// Starts a hub on the arbiter of the caller. From now on `handle` talks to it, and no more to
    /// the one before, whose subscribers see their streams end. `lookup` is asked about jobs when
    /// a filter wants to know more than an event tells.
    pub fn start_on(handle: &HubHandle, clock: Clock, lookup: Arc<dyn JobLookup>) -> Addr<Self> {
        let hub = Self::new(handle.clone(), clock, lookup);
        handle.reached(hub.last_id);
        let address = hub.start();
        // Not in `started`, which comes later: what is published until then would be lost.
        handle.attach(address.clone());
        address
    }

    fn new(handle: HubHandle, clock: Clock, lookup: Arc<dyn JobLookup>) -> Self {
        let last_id = first_id(&clock);
        Self { handle, clock, last_id, ring: Ring::new(last_id), topics: Topics::new(lookup) }
    }

    fn tell(&mut self, event: Event) {
        self.last_id += 1;
        let frame = Frame::event(self.last_id, event);
        self.topics.deliver(&frame);
        if !frame.is_log() {
            self.ring.push(self.clock.now(), frame);
        }
    }

    /// Says where events are missing because the hub could not keep up.
    fn own_up(&mut self) {
        let (events, lines) = self.handle.take_lost();
        if events > 0 {
            self.last_id += events;
            self.ring.forget_up_to(self.last_id);
            self.topics.lose(events, false);
        }
        if lines > 0 {
            self.topics.lose(lines, true);
        }
    }
}

/// Ids of different lives of the process must not be taken for each other: they begin at the time
/// of the start in microseconds, which a life of less than a million events a second cannot
/// outrun, and which stays below 2^53 for two centuries.
fn first_id(clock: &Clock) -> u64 {
    u64::try_from(clock.now().as_millis()).unwrap_or(0) * 1000
}

impl Actor for ProgressHub {
    type Context = Context<Self>;
}

impl Handler<Publish> for ProgressHub {
    type Result = ();

    fn handle(&mut self, message: Publish, _: &mut Self::Context) {
        self.own_up();
        message.events.into_iter().for_each(|event| self.tell(event));
        self.handle.reached(self.last_id);
        drop(message.ticket);
    }
}

impl Handler<Subscribe> for ProgressHub {
    type Result = ();

    fn handle(&mut self, message: Subscribe, _: &mut Self::Context) {
        let Subscribe { job_id, subscriber, after } = message;
        let missed = after.map(|after| {
            self.ring.since(self.clock.now(), after, self.last_id, |frame| {
                subscriber.wants(frame) && job_id.is_none_or(|id| frame.is_of(id))
            })
        });
        let missed = missed.unwrap_or_default();
        match job_id {
            Some(id) => self.topics.join_job(id, subscriber, missed),
            None => self.topics.join_all(subscriber, missed),
        }
    }
}

impl Handler<Unsubscribe> for ProgressHub {
    type Result = ();

    fn handle(&mut self, message: Unsubscribe, _: &mut Self::Context) {
        self.topics.leave(message.job_id, message.id);
    }
}

impl Handler<Close> for ProgressHub {
    type Result = ();

    fn handle(&mut self, _: Close, ctx: &mut Self::Context) {
        self.topics.clear();
        ctx.stop();
    }
}
