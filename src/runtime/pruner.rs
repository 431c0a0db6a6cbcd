//! Deletes what is old: jobs with their logs, statistics, nodes of the past. In small chunks, so
//! that it never stands in the way.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, WrapFuture};

use super::guard::Guard;
use super::log_folders;
use super::mailbox::opens_letters;
use super::shared::Shared;
use super::worker::Ping;
use crate::domain::{State, Timestamp};
use crate::store::stats::KEEP_MS;
use crate::store::verbs::workflows::{self, Mark};
use crate::store::{StoreResult, verbs};

/// Jobs deleted in one write.
const CHUNK: usize = 200;
/// Between two rounds.
const PERIOD: Duration = Duration::from_secs(600);
/// How long nodes of the past are known, at least: as long as there are jobs whose logs are theirs.
const KEEP_NODES: Duration = Duration::from_secs(7 * 86_400);

/// See the module.
pub struct Pruner {
    shared: Arc<Shared>,
    _guard: Guard,
}

impl Pruner {
    /// One whose first round begins when it starts.
    #[must_use]
    pub fn new(shared: Arc<Shared>, guard: Guard) -> Self {
        Self { shared, _guard: guard }
    }

    fn round(&mut self, ctx: &mut Context<Self>) {
        let shared = self.shared.clone();
        let work = async move {
            match prune(&shared).await {
                Err(e) if !shared.is_draining() => log::warn!("pruning stopped: {e}"),
                _ => {}
            }
            shared.clock.sleep(PERIOD).await;
        };
        ctx.spawn(work.into_actor(self).map(|(), me, ctx| me.round(ctx)));
    }
}

opens_letters!(Pruner: Ping);

impl Actor for Pruner {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.round(ctx);
    }
}

impl actix::Handler<Ping> for Pruner {
    type Result = ();

    fn handle(&mut self, _: Ping, _: &mut Context<Self>) {
        self.shared.watchdog.beat("pruner");
    }
}

/// One round, by the configured retention.
async fn prune(shared: &Arc<Shared>) -> StoreResult<()> {
    log_folders::remove_left(shared).await?;
    let now = shared.clock.now();
    let retention = shared.options.retention;
    for (state, keep) in [
        (State::Completed, retention.completed),
        (State::Cancelled, retention.cancelled),
        (State::Failed, retention.failed),
    ] {
        delete_old(shared, state, now.minus(keep)).await?;
    }
    let stats_before = Timestamp::from_millis(now.as_millis() - KEEP_MS);
    let kept = retention.completed.max(retention.cancelled).max(retention.failed);
    let nodes_before = now.minus(KEEP_NODES.max(kept));
    let (windows, sessions) = (windows(shared, now), shared.options.sessions);
    forget_audit(shared, now.minus(retention.audit)).await?;
    let forget = move |tx: &mut crate::store::Tx<'_>| {
        verbs::delete::old_stats(tx, stats_before)?;
        verbs::limits::forget_turns(tx)?;
        for (job_type, window) in &windows {
            verbs::limits::forget_starts(tx, job_type, *window)?;
        }
        verbs::nodes::forget(tx, nodes_before)?;
        verbs::sessions::forget(tx, now.minus(sessions.idle), now.minus(sessions.max))?;
        verbs::doomed_logs::forget_homes(tx)
    };
    shared.store.write(forget).await
}

/// Forgets what is old in the audit log, part by part.
async fn forget_audit(shared: &Shared, before: Timestamp) -> StoreResult<()> {
    loop {
        shared.refuse_when_draining()?;
        let chunk = i64::try_from(CHUNK).unwrap_or(i64::MAX);
        let gone = shared.store.write(move |tx| verbs::audit::forget(tx, before, chunk)).await?;
        if gone < CHUNK {
            return Ok(());
        }
    }
}

/// Where the window of each job type's rate limit begins; `None`: it has none.
fn windows(shared: &Shared, now: Timestamp) -> Vec<(String, Option<Timestamp>)> {
    let window = |name: &String| {
        let limit = shared.type_options(name).limits.rate_limit;
        (name.clone(), limit.map(|limit| verbs::limits::rate::window(&limit, now)))
    };
    shared.types.keys().map(window).collect()
}

/// Deletes jobs that reached a final state before `before`, with their logs; those of a workflow by
/// its end, all together. Returns how many.
///
/// # Errors
/// When the store fails or the server goes down; what was deleted until then stays deleted.
pub async fn delete_old(shared: &Arc<Shared>, state: State, before: Timestamp) -> StoreResult<u64> {
    let mut deleted = 0;
    let mut after = None;
    loop {
        shared.refuse_when_draining()?;
        let chunk = shared.store.write(move |tx| {
            let old = verbs::delete::old(tx, state, before, after, CHUNK)?;
            let ids: Vec<i64> = old.iter().map(|(_, id)| *id).collect();
            Ok((old.last().copied(), verbs::delete::delete(tx, &ids)?))
        });
        let (last, gone) = chunk.await?;
        deleted += gone.len() as u64;
        log_folders::remove(shared, gone).await;
        match last {
            // Some may have stayed (a child still wants their results), so go on behind them.
            Some(place) => after = Some(place),
            None => break,
        }
    }
    Ok(deleted + delete_old_workflows(shared, state, before).await?)
}

/// Deletes workflows that ended in `state` before `before`, each with all its jobs. Returns how many
/// jobs that were.
async fn delete_old_workflows(shared: &Arc<Shared>, state: State, before: Timestamp) -> StoreResult<u64> {
    let mut deleted = 0;
    let mut mark = Some(Mark::default());
    while let Some(from) = mark {
        shared.refuse_when_draining()?;
        let step = move |tx: &mut crate::store::Tx<'_>| workflows::expire(tx, state, before, from, CHUNK);
        let expired = shared.store.write(step).await?;
        deleted += expired.gone.len() as u64;
        log_folders::remove(shared, expired.gone).await;
        mark = expired.next;
    }
    Ok(deleted)
}
