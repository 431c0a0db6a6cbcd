//! The actor at the top: starts the other actors and rebuilds those that are gone, and passes on what
//! each commit of its queue brought about.

use std::sync::Arc;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, WrapFuture};

use super::arrivals;
use super::cron_scheduler::{CRON_SCHEDULER, CronScheduler, Fires};
use super::guard::{Gone, Guard};
use super::log_folders;
use super::mailbox::{Mailbox, opens_letters};
use super::membership;
use super::pruner::Pruner;
use super::remote::{Dispatcher, NewJobs};
use super::rescuer::Rescuer;
use super::retry_scheduler::{Reschedule, RetryScheduler};
use super::shared::{Settings, Shared};
use super::timekeeper::Timekeeper;
use super::worker::{CancelRunning, Crash, JobReady, Ping, Worker};
use crate::store::verbs::settings::Pausable;
use crate::store::{Committed, StoreResult, views};

pub(super) const RETRY_SCHEDULER: &str = "retry scheduler";
pub(super) const PRUNER: &str = "pruner";
pub(super) const RESCUER: &str = "rescuer";
pub(super) const WORKER: &str = "worker ";
pub(super) const JOB_THREADS: &str = "job threads";
pub(super) const SUPERVISOR: &str = "supervisor";
/// The store's name among the parts that prove progress.
pub const STORE: &str = "store";

/// See the module.
pub struct Supervisor {
    shared: Arc<Shared>,
    _guard: Respawn,
}

/// Commits are on disk that nobody was told of: see [`Shared::take_commit`].
#[derive(Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct CommitsDone;

/// Start nothing more.
#[derive(Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct DrainAll;

/// Make a child panic, for the test that it is rebuilt.
#[derive(Clone, Message)]
#[rtype(result = "()")]
pub struct CrashChild(pub String);

impl Supervisor {
    /// Starts one on the arbiter of the caller, and sees to it that it is rebuilt if it panics.
    pub fn launch(shared: &Arc<Shared>) {
        shared.metrics.actor_restarts.expect(&[SUPERVISOR]);
        let supervisor = Self { shared: shared.clone(), _guard: Respawn(shared.clone()) };
        let mailbox = Mailbox::new(supervisor.start());
        shared.with_actors(|actors| actors.supervisor = Some(mailbox));
    }

    /// Starts those children that are not there: all of them at first, and after a panic of this or
    /// that one those that are gone.
    fn start_children(&self) {
        let actors = self.shared.with_actors(|actors| actors.clone());
        for job_type in self.shared.types.keys().filter(|name| is_gone(actors.workers.get(*name))) {
            self.start_worker(job_type);
        }
        if is_gone(actors.retry_scheduler.as_ref()) {
            self.start_retry_scheduler();
        }
        if is_gone(actors.cron_scheduler.as_ref()) {
            self.start_cron_scheduler();
        }
        if is_gone(actors.timekeeper.as_ref()) {
            self.start_timekeeper();
        }
        if is_gone(actors.dispatcher.as_ref()) {
            self.start_dispatcher();
        }
        if is_gone(actors.pruner.as_ref()) {
            self.start_pruner();
        }
        if is_gone(actors.rescuer.as_ref()) {
            self.start_rescuer();
        }
    }

    fn start_worker(&self, job_type: &str) {
        let guard = Guard::new(format!("{WORKER}{job_type}"), &self.shared);
        if let Some(worker) = Worker::new(job_type, self.shared.clone(), guard) {
            let mailbox = Mailbox::new(worker.start());
            self.shared.watchdog.beat(&format!("{WORKER}{job_type}"));
            self.shared.with_actors(|actors| actors.workers.insert(job_type.to_owned(), mailbox));
        }
    }

    fn start_retry_scheduler(&self) {
        let guard = Guard::new(RETRY_SCHEDULER, &self.shared);
        let mailbox = Mailbox::new(RetryScheduler::new(self.shared.clone(), guard).start());
        self.shared.watchdog.beat(RETRY_SCHEDULER);
        self.shared.with_actors(|actors| actors.retry_scheduler = Some(mailbox));
    }

    fn start_cron_scheduler(&self) {
        let guard = Guard::new(CRON_SCHEDULER, &self.shared);
        let mailbox = Mailbox::new(CronScheduler::new(self.shared.clone(), guard).start());
        self.shared.watchdog.beat(CRON_SCHEDULER);
        self.shared.with_actors(|actors| actors.cron_scheduler = Some(mailbox));
    }

    fn start_timekeeper(&self) {
        let guard = Guard::new(Timekeeper::NAME, &self.shared);
        let mailbox = Mailbox::new(Timekeeper::new(self.shared.clone(), guard).start());
        self.shared.watchdog.beat(Timekeeper::NAME);
        self.shared.with_actors(|actors| actors.timekeeper = Some(mailbox));
    }

    fn start_dispatcher(&self) {
        let guard = Guard::new(Dispatcher::NAME, &self.shared);
        let mailbox = Mailbox::new(Dispatcher::new(self.shared.clone(), guard).start());
        self.shared.watchdog.beat(Dispatcher::NAME);
        self.shared.with_actors(|actors| actors.dispatcher = Some(mailbox));
    }

    fn start_pruner(&self) {
        let guard = Guard::new(PRUNER, &self.shared);
        let mailbox = Mailbox::new(Pruner::new(self.shared.clone(), guard).start());
        self.shared.watchdog.beat(PRUNER);
        self.shared.with_actors(|actors| actors.pruner = Some(mailbox));
    }

    fn start_rescuer(&self) {
        let guard = Guard::new(RESCUER, &self.shared);
        let mailbox = Mailbox::new(Rescuer::new(self.shared.clone(), guard).start());
        self.shared.watchdog.beat(RESCUER);
        self.shared.with_actors(|actors| actors.rescuer = Some(mailbox));
    }

    /// The heartbeat: the node's row, and a sign of life from everybody.
    fn beat(&mut self, ctx: &mut Context<Self>) {
        self.shared.watchdog.beat(SUPERVISOR);
        self.ping();
        self.shared.hub.unpark();
        if self.shared.membership.is_shared() {
            // Another node may have changed them, and its word may have been lost.
            self.reload_settings(ctx);
            self.shared.hub.listen_on(self.shared.options.heartbeat);
        }
        let shared = self.shared.clone();
        let beat = async move {
            match membership::beat(&shared).await {
                Ok(()) => shared.watchdog.beat(STORE),
                Err(e) => shared.watchdog.fault(STORE, e.to_string()),
            }
            shared.clock.sleep(shared.options.heartbeat).await;
        };
        ctx.spawn(beat.into_actor(self).map(|(), me, ctx| me.beat(ctx)));
    }

    fn ping(&self) {
        let actors = self.shared.with_actors(|actors| actors.clone());
        actors.workers.values().for_each(|worker| worker.tell(Ping));
        if let Some(scheduler) = actors.retry_scheduler {
            scheduler.tell(Ping);
        }
        if let Some(scheduler) = actors.cron_scheduler {
            scheduler.tell(Ping);
        }
        if let Some(timekeeper) = actors.timekeeper {
            timekeeper.tell(Ping);
        }
        if let Some(dispatcher) = actors.dispatcher {
            dispatcher.tell(Ping);
        }
        if let Some(pruner) = actors.pruner {
            pruner.tell(Ping);
        }
        if let Some(rescuer) = actors.rescuer {
            rescuer.tell(Ping);
        }
        // Async workers that block their threads would stop all others.
        let shared = self.shared.clone();
        self.shared.job_threads.spawn(async move { shared.watchdog.beat(JOB_THREADS) });
    }

    fn reload_settings(&self, ctx: &mut Context<Self>) {
        let shared = self.shared.clone();
        let load = async move {
            if let Err(e) = take_over_settings(&shared).await {
                log::warn!("cannot read the settings again: {e}");
            }
        };
        ctx.spawn(load.into_actor(self).map(|(), me, _| me.wake_all()));
    }

    /// Passes on what a commit brought about.
    fn pass_on(&self, commit: Committed, ctx: &mut Context<Self>) {
        for claim in commit.stop {
            // Its type is not known here, and those that do not have it do not mind.
            for worker in
                self.shared.with_actors(|actors| actors.workers.values().cloned().collect::<Vec<_>>())
            {
                worker.tell(CancelRunning(claim));
            }
        }
        let mut elsewhere = false;
        for job_type in commit.ready {
            match self.shared.worker(&job_type) {
                Some(worker) => worker.tell(JobReady),
                None => elsewhere = true,
            }
        }
        if elsewhere {
            self.tell_dispatcher();
        }
        if let (Some(at), Some(scheduler)) =
            (commit.due, self.shared.with_actors(|actors| actors.retry_scheduler.clone()))
        {
            scheduler.tell(Reschedule(at));
        }
        if let (Some(at), Some(scheduler)) =
            (commit.fires, self.shared.with_actors(|actors| actors.cron_scheduler.clone()))
        {
            scheduler.tell(Fires(at));
        }
        if commit.settings {
            self.reload_settings(ctx);
        }
        if commit.arrivals {
            ctx.spawn(arrivals::take_in(self.shared.clone()).into_actor(self));
        }
        if commit.doomed {
            let shared = self.shared.clone();
            let remove = async move {
                if let Err(e) = log_folders::remove_left(&shared).await {
                    log::warn!("logs of deleted jobs are not deleted yet: {e}");
                }
            };
            ctx.spawn(remove.into_actor(self));
        }
    }

    fn tell_dispatcher(&self) {
        if let Some(dispatcher) = self.shared.with_actors(|actors| actors.dispatcher.clone()) {
            dispatcher.tell(NewJobs);
        }
    }

    fn wake_all(&self) {
        self.tell_dispatcher();
        for worker in self.shared.with_actors(|actors| actors.workers.values().cloned().collect::<Vec<_>>()) {
            worker.tell(JobReady);
        }
    }
}

fn is_gone<A: Actor>(child: Option<&Mailbox<A>>) -> bool {
    child.is_none_or(|mailbox| !mailbox.address().connected())
}

/// What was changed at run time, as the store has it.
///
/// # Errors
/// When the store fails.
pub async fn load_settings(store: &crate::store::Store) -> StoreResult<Settings> {
    store
        .read(|conn| {
            Ok(Settings {
                job_types: views::settings::job_type_settings(conn)?,
                all_paused: !views::queues::paused(conn, Pausable::All)?.is_empty(),
                paused_types: views::queues::paused(conn, Pausable::JobType)?,
                paused_queues: views::queues::paused(conn, Pausable::Queue)?,
            })
        })
        .await
}

/// From now on what the store has of settings holds. One look at a time: one that began before a change
/// must not undo what a later one has found.
///
/// # Errors
/// When the store fails.
pub async fn take_over_settings(shared: &Shared) -> StoreResult<()> {
    let _turn = shared.settings_turn.lock().await;
    shared.set_settings(load_settings(&shared.store).await?);
    Ok(())
}

opens_letters!(Supervisor: CommitsDone, Gone, CrashChild);

impl Actor for Supervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        // Commits are told from the writer's thread, which must not wait.
        ctx.set_mailbox_capacity(65_536);
        self.start_children();
        // What the one before this did not get to.
        ctx.notify(CommitsDone);
        self.beat(ctx);
    }
}

impl Handler<CommitsDone> for Supervisor {
    type Result = ();

    fn handle(&mut self, _: CommitsDone, ctx: &mut Context<Self>) {
        // One by one: those behind one that makes this panic are left to the next supervisor.
        while let Some(commit) = self.shared.take_commit() {
            self.pass_on(commit, ctx);
        }
    }
}

impl Handler<DrainAll> for Supervisor {
    type Result = ();

    fn handle(&mut self, _: DrainAll, _: &mut Context<Self>) {
        // Once this is answered no worker is in the middle of a claim: they share this thread.
        self.shared.drain();
    }
}

impl Handler<Gone> for Supervisor {
    type Result = ();

    fn handle(&mut self, Gone(name): Gone, _: &mut Context<Self>) {
        if self.shared.is_draining() && self.shared.is_idle() {
            return;
        }
        log::error!("the actor {name:?} is gone (a panic, see above); it is built anew");
        self.shared.metrics.actor_restarts.of(&[&name]).inc();
        self.start_children();
    }
}

impl Handler<CrashChild> for Supervisor {
    type Result = ();

    #[allow(clippy::panic)]
    fn handle(&mut self, CrashChild(name): CrashChild, _: &mut Context<Self>) {
        let cron_scheduler = self.shared.with_actors(|actors| actors.cron_scheduler.clone());
        match (self.shared.worker(&name), cron_scheduler) {
            (Some(worker), _) => worker.tell(Crash),
            (None, Some(scheduler)) if name == CRON_SCHEDULER => scheduler.tell(Crash),
            _ => panic!("told to"),
        }
    }
}

/// Launches another supervisor when the one that holds this is dropped.
struct Respawn(Arc<Shared>);

impl Drop for Respawn {
    fn drop(&mut self) {
        if self.0.is_draining() {
            return;
        }
        log::error!("the supervisor is gone (a panic, see above); it is built anew");
        self.0.metrics.actor_restarts.of(&[SUPERVISOR]).inc();
        let shared = self.0.clone();
        self.0.arbiter.spawn_fn(move || Supervisor::launch(&shared));
    }
}
