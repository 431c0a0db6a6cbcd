//! Hands jobs to workers elsewhere. All who fetch at one time share a claim; who finds nothing waits
//! here, without a look at the store, until something comes.

use std::collections::HashSet;
use std::sync::Arc;

use actix::{
    Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, MessageResult, SpawnHandle, WrapFuture,
};
use tokio::sync::oneshot;

use super::handed::Handed;
use crate::domain::{Claim, Timestamp};
use crate::runtime::guard::Guard;
use crate::runtime::limits;
use crate::runtime::log_folders;
use crate::runtime::mailbox::{Place, opens_letters};
use crate::runtime::shared::Shared;
use crate::runtime::worker::Ping;
use crate::store::verbs::batches;
use crate::store::verbs::remote::{self, Given, Reporter, Wanted};
use crate::store::{StoreResult, views};

/// Jobs handed out in one write.
const CHUNK: usize = 256;
/// Reservations ended in one write.
const MAX_ENDED: usize = 500;

/// Fetch a job. When there is none the answer's sender is kept, or dropped if `waits` is false.
#[derive(Message)]
#[rtype(result = "oneshot::Receiver<Handed>")]
pub struct Fetch {
    /// What is wanted, and by whom.
    pub wanted: Wanted,
    /// Whether to wait until there is one.
    pub waits: bool,
    /// Its place in the mailbox.
    pub place: Place,
}

/// There may be something new in the queues.
#[derive(Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct NewJobs;

struct Waiting {
    wanted: Wanted,
    waits: bool,
    answer: oneshot::Sender<Handed>,
}

/// See the module.
pub struct Dispatcher {
    shared: Arc<Shared>,
    waiting: Vec<Waiting>,
    /// Queues in which nothing was found since something last came.
    empty: HashSet<String>,
    at_work: bool,
    /// Something came while a write was under way.
    again: bool,
    at_ends: bool,
    /// Wakes it when a rate limit allows the next start.
    alarm: Option<SpawnHandle>,
    _guard: Guard,
}

impl Dispatcher {
    /// Its name among the parts that prove progress.
    pub const NAME: &'static str = "dispatcher";

    /// One that nobody waits for yet.
    #[must_use]
    pub fn new(shared: Arc<Shared>, guard: Guard) -> Self {
        Self {
            shared,
            waiting: Vec::new(),
            empty: HashSet::new(),
            at_work: false,
            again: false,
            at_ends: false,
            alarm: None,
            _guard: guard,
        }
    }

    fn look(&mut self, ctx: &mut Context<Self>) {
        if self.at_work {
            return;
        }
        self.again = false;
        self.waiting.retain(|one| !one.answer.is_closed());
        let (mut now, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.waiting).into_iter().partition(|one| self.may_find(&one.wanted));
        self.wait(later);
        if now.is_empty() || !self.shared.may_hand_out() {
            self.wait(now);
            return;
        }
        let rest = now.split_off(CHUNK.min(now.len()));
        let more_wait = !rest.is_empty();
        self.waiting.extend(rest);
        self.at_work = true;
        let shared = self.shared.clone();
        let wanted: Arc<Vec<Wanted>> = Arc::new(now.iter().map(|one| one.wanted.clone()).collect());
        let found = async move { reserve(&shared, wanted).await };
        ctx.spawn(found.into_actor(self).map(move |found, me, ctx| {
            me.hand_out(now, found, ctx);
            if more_wait || me.again {
                me.look(ctx);
            }
        }));
    }

    fn hand_out(&mut self, fetches: Vec<Waiting>, found: StoreResult<Given>, ctx: &mut Context<Self>) {
        self.at_work = false;
        let found = found.unwrap_or_else(|e| {
            log::warn!("cannot hand out jobs: {e}");
            Given::default()
        });
        if let Some(next) = found.next {
            self.wake_at(next, ctx);
        }
        let mut found = found.jobs.into_iter();
        for fetch in fetches {
            match found.next() {
                Some(Some(mut job)) => match self.shared.options.secrets.open(&job.job) {
                    Ok((args, _)) => {
                        job.job.args = args;
                        // Who is gone by now drops it, and so it goes back.
                        let _ = fetch.answer.send(Handed::new(job, self.shared.clone()));
                    }
                    Err(why) => {
                        reject(&self.shared, job.claim(), why);
                        self.again = true;
                        self.wait([fetch]);
                    }
                },
                nothing => {
                    if nothing.is_some() && !self.again {
                        self.empty.extend(fetch.wanted.queues.iter().cloned());
                    }
                    self.wait([fetch]);
                }
            }
        }
    }

    /// Whether there is a queue among those that are wanted in which there may be something.
    fn may_find(&self, wanted: &Wanted) -> bool {
        wanted.queues.iter().any(|queue| !self.empty.contains(queue))
    }

    fn wait(&mut self, fetches: impl IntoIterator<Item = Waiting>) {
        self.waiting.extend(fetches.into_iter().filter(|fetch| fetch.waits));
    }

    fn anew(&mut self, ctx: &mut Context<Self>) {
        self.empty.clear();
        self.again = true;
        self.look(ctx);
    }

    fn wake_at(&mut self, at: Timestamp, ctx: &mut Context<Self>) {
        if let Some(old) = self.alarm.take() {
            ctx.cancel_future(old);
        }
        let clock = self.shared.clock.clone();
        let alarm = async move { clock.sleep_until(at).await };
        self.alarm = Some(ctx.spawn(alarm.into_actor(self).map(|(), me, ctx| me.anew(ctx))));
    }

    /// Ends reservations whose time is up, and those of workers that have fallen silent.
    fn end_old(&mut self, ctx: &mut Context<Self>) {
        if std::mem::replace(&mut self.at_ends, true) {
            return;
        }
        let shared = self.shared.clone();
        let work = async move {
            if let Err(e) = end_old(&shared).await {
                log::warn!("cannot end reservations whose time is up: {e}");
            }
        };
        ctx.spawn(work.into_actor(self).map(|(), me, _| me.at_ends = false));
    }
}

/// Nobody can be given a job whose secrets cannot be opened.
fn reject(shared: &Arc<Shared>, claim: Claim, why: String) {
    let (shared, arbiter) = (shared.clone(), shared.arbiter.clone());
    arbiter.spawn(async move {
        let now = shared.clock.now();
        let rejected = shared.store.write(move |tx| remote::reject(tx, claim, why.clone(), now));
        if let Err(e) = rejected.await {
            log::warn!("{claim} cannot be handed over, and stays reserved until its time is up: {e}");
        }
    });
}

async fn reserve(shared: &Arc<Shared>, wanted: Arc<Vec<Wanted>>) -> StoreResult<Given> {
    let (here, now) = (shared.clone(), shared.clock.now());
    let reserve = move |tx: &mut crate::store::Tx<'_>| {
        let is_remote = |job_type: &str| !here.types.contains_key(job_type);
        remote::reserve(tx, &wanted, &is_remote, &|t| here.type_options(t).timeout_secs, now)
    };
    shared.store.write(reserve).await
}

async fn end_old(shared: &Arc<Shared>) -> StoreResult<()> {
    for worker_id in shared.remote.take_silent(shared.clock.now()) {
        log::warn!("{worker_id} has fallen silent; what it had fetched goes back");
        let (max_crashes, now) = (shared.options.max_crashes, shared.clock.now());
        shared
            .store
            .write(move |tx| remote::lose_all_of(tx, &worker_id, MAX_ENDED, max_crashes, now))
            .await?;
    }
    let now = shared.clock.now();
    while shared.store.read(move |conn| views::remote::any_over(conn, now)).await? {
        let (here, by) = (shared.clone(), shared.reporter(String::new()));
        let end = move |tx: &mut crate::store::Tx<'_>| {
            remote::end_expired(tx, MAX_ENDED, &by, &|t| here.type_options(t).backoff, now)
        };
        let (ended, deleted) = shared.store.write(end).await?;
        log_folders::remove(shared, deleted).await;
        if ended == 0 {
            break;
        }
        log::warn!("{ended} jobs were reserved by remote workers that did not report on them in time");
    }
    for job_type in shared.limited_elsewhere() {
        if shared.store.limits().of(&job_type).is_some_and(|limits| limits.keys().hold()) {
            limits::sweep(shared, &job_type).await?;
        }
    }
    while shared.store.read(move |conn| views::batches::any_over(conn, now)).await? {
        shared.store.write(move |tx| batches::expire(tx, MAX_ENDED, now)).await?;
    }
    Ok(())
}

impl Shared {
    /// Whether jobs may be handed to workers elsewhere.
    fn may_hand_out(&self) -> bool {
        !self.is_draining() && self.membership.is_sure()
    }

    /// Who reports over a connection to this node.
    #[must_use]
    pub fn reporter(&self, worker_id: String) -> Reporter {
        Reporter { worker_id, node: self.node(), luck: fastrand::f64() }
    }
}

opens_letters!(Dispatcher: NewJobs, Ping);

impl Actor for Dispatcher {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(16_384);
    }
}

impl Handler<Fetch> for Dispatcher {
    type Result = MessageResult<Fetch>;

    fn handle(&mut self, Fetch { wanted, waits, place }: Fetch, ctx: &mut Context<Self>) -> Self::Result {
        drop(place);
        let (answer, receiver) = oneshot::channel();
        let hopeful = self.may_find(&wanted);
        let fetch = Waiting { wanted, waits, answer };
        if hopeful {
            self.waiting.push(fetch);
            self.look(ctx);
        } else {
            // Without a look at all the others, who may be a thousand.
            self.wait([fetch]);
        }
        MessageResult(receiver)
    }
}

impl Handler<NewJobs> for Dispatcher {
    type Result = ();

    fn handle(&mut self, _: NewJobs, ctx: &mut Context<Self>) {
        self.anew(ctx);
    }
}

impl Handler<Ping> for Dispatcher {
    type Result = ();

    fn handle(&mut self, _: Ping, ctx: &mut Context<Self>) {
        self.shared.watchdog.beat(Self::NAME);
        self.end_old(ctx);
        // The slow poll that covers a wake-up that was lost.
        self.anew(ctx);
    }
}
