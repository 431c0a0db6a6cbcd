//! Takes back attempts whose worker is gone: all of them when the server starts, and now and then
//! those that slipped out of everybody's hands.

use std::sync::Arc;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};

use super::guard::Guard;
use super::mailbox::opens_letters;
use super::shared::Shared;
use super::worker::Ping;
use crate::domain::{Claim, Timestamp};
use crate::store::verbs::{give_back, nodes, rescue};
use crate::store::{Store, StoreResult, Tx};

/// No node has this id.
const NOBODY: i64 = 0;

/// Claims looked at in one write.
const CHUNK: usize = 500;

/// Looks after stale claims every so many heartbeats. Nothing in one process should ever leave one;
/// this is the net below it. Where there are other nodes, it looks at each.
const EVERY: u32 = 6;

/// See the module.
pub struct Rescuer {
    shared: Arc<Shared>,
    beats: u32,
    at_work: bool,
    _guard: Guard,
}

impl Rescuer {
    /// One that looks for the first time some heartbeats after it starts.
    #[must_use]
    pub fn new(shared: Arc<Shared>, guard: Guard) -> Self {
        Self { shared, beats: 0, at_work: false, _guard: guard }
    }
}

opens_letters!(Rescuer: Ping);

impl Actor for Rescuer {
    type Context = Context<Self>;
}

impl Handler<Ping> for Rescuer {
    type Result = ();

    fn handle(&mut self, _: Ping, ctx: &mut Context<Self>) {
        self.shared.watchdog.beat("rescuer");
        self.beats += 1;
        let every = if self.shared.membership.is_shared() { 1 } else { EVERY };
        if !self.beats.is_multiple_of(every) || std::mem::replace(&mut self.at_work, true) {
            return;
        }
        let shared = self.shared.clone();
        let work = async move {
            lose_silent(&shared).await;
            match rescue_stale(&shared).await {
                Ok(0) => {}
                Ok(n) => log::warn!("{n} attempts belonged to nobody; they are taken back"),
                Err(e) => log::warn!("cannot look for attempts that belong to nobody: {e}"),
            }
        };
        ctx.spawn(work.into_actor(self).map(|(), me, _| me.at_work = false));
    }
}

/// Declares those nodes lost that were silent for too long.
async fn lose_silent(shared: &Arc<Shared>) {
    let Some(patience) = shared.membership.patience() else { return };
    let now = shared.clock.now();
    match shared.store.write(move |tx| nodes::lose_silent(tx, patience, now)).await {
        Ok(lost) if lost.is_empty() => {}
        Ok(lost) => log::warn!("nodes {lost:?} were silent for too long; their attempts are taken back"),
        Err(e) => log::warn!("cannot look for nodes that are lost: {e}"),
    }
}

/// What nobody runs at the start: on an embedded database every claim on disk, on a shared one those
/// of nodes that are gone. Returns those that there were.
///
/// # Errors
/// When the store fails.
pub async fn rescue_all(store: &Store, max_crashes: u32, now: Timestamp) -> StoreResult<Vec<Claim>> {
    let mut rescued = Vec::new();
    loop {
        let after = rescued.last().map_or(0, |claim: &Claim| claim.job_id);
        let lose = move |tx: &mut Tx<'_>| {
            let claims = rescue::claims(tx, NOBODY, after, CHUNK)?;
            for claim in &claims {
                rescue::lose(tx, *claim, max_crashes, now)?;
            }
            Ok(claims)
        };
        match store.write(lose).await? {
            lost if lost.is_empty() => return Ok(rescued),
            lost => rescued.extend(lost),
        }
    }
}

/// Takes back claims that nobody in this process knows of. Returns how many there were.
///
/// # Errors
/// When the store fails.
pub async fn rescue_stale(shared: &Arc<Shared>) -> StoreResult<u64> {
    let suspects = unknown(shared).await?;
    if suspects.is_empty() {
        return Ok(0);
    }
    answers_arrive(shared).await;
    let (node, max_crashes, now) = (shared.node(), shared.options.max_crashes, shared.clock.now());
    let mut taken_back = 0;
    for suspects in suspects.chunks(CHUNK) {
        let stale: Vec<Claim> = suspects.iter().filter(|claim| !is_held(shared, claim)).copied().collect();
        let take_back = move |tx: &mut Tx<'_>| {
            let mut states = Vec::new();
            for claim in &stale {
                states.push(match claim.node == node {
                    // This process lives, so the job did nobody any harm.
                    true => give_back::release(tx, &[*claim], now)?.pop().flatten(),
                    // The process that this node was is gone, or has been declared lost.
                    false => rescue::lose(tx, *claim, max_crashes, now)?,
                });
            }
            Ok(states.into_iter().flatten().count() as u64)
        };
        taken_back += shared.store.write(take_back).await?;
    }
    Ok(taken_back)
}

/// The claims on disk that nobody holds, or not yet: their answers may be on their way.
async fn unknown(shared: &Arc<Shared>) -> StoreResult<Vec<Claim>> {
    let (node, mut after, mut unknown) = (shared.node(), 0, Vec::new());
    loop {
        let claims = shared.store.write(move |tx| rescue::claims(tx, node, after, CHUNK)).await?;
        // A page that is not full was the last one. To ask until one is empty would be to run after jobs
        // that are claimed meanwhile.
        let next = claims.last().filter(|_| claims.len() == CHUNK).map(|last| last.job_id);
        unknown.extend(claims.into_iter().filter(|claim| !is_held(shared, claim)));
        let Some(next) = next else { return Ok(unknown) };
        after = next;
    }
}

/// Waits until whatever is being claimed now is held.
async fn answers_arrive(shared: &Arc<Shared>) {
    for slots in shared.slots.values() {
        let Some(under_way) = slots.claim_under_way() else { continue };
        loop {
            let over = shared.idle.notified();
            if slots.claim_under_way() != Some(under_way) {
                break;
            }
            over.await;
        }
    }
}

fn is_held(shared: &Arc<Shared>, claim: &Claim) -> bool {
    claim.node == shared.node() && shared.slots.values().any(|slots| slots.holds(claim))
}
