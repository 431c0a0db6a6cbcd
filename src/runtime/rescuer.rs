//! Takes back attempts whose worker is gone: all of them when the server starts, and now and then
//! those that slipped out of everybody's hands.

use std::sync::Arc;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};

use super::guard::Guard;
use super::shared::Shared;
use super::worker::Ping;
use crate::domain::{Claim, Timestamp};
use crate::store::{Store, StoreResult, verbs::rescue};

/// Claims looked at in one write.
const CHUNK: usize = 500;

/// Looks after stale claims every so many heartbeats. Nothing in the program should ever leave one;
/// this is the net below it.
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

impl Actor for Rescuer {
    type Context = Context<Self>;
}

impl Handler<Ping> for Rescuer {
    type Result = ();

    fn handle(&mut self, _: Ping, ctx: &mut Context<Self>) {
        self.shared.watchdog.beat("rescuer");
        self.beats += 1;
        if !self.beats.is_multiple_of(EVERY) || std::mem::replace(&mut self.at_work, true) {
            return;
        }
        let shared = self.shared.clone();
        let work = async move {
            match rescue_stale(&shared).await {
                Ok(0) => {}
                Ok(n) => log::warn!("{n} attempts belonged to nobody; they are taken back"),
                Err(e) => log::warn!("cannot look for attempts that belong to nobody: {e}"),
            }
        };
        ctx.spawn(work.into_actor(self).map(|(), me, _| me.at_work = false));
    }
}

/// At the start on an embedded database nothing runs yet, so every claim on disk is an orphan.
/// Returns those that there were.
///
/// # Errors
/// When the store fails.
pub async fn rescue_all(store: &Store, max_crashes: u32, now: Timestamp) -> StoreResult<Vec<Claim>> {
    rescue(store, max_crashes, now, |_| true).await
}

/// Takes back claims that nobody in this process knows of. Returns how many there were.
///
/// # Errors
/// When the store fails.
pub async fn rescue_stale(shared: &Arc<Shared>) -> StoreResult<u64> {
    let known = shared.clone();
    let is_stale = move |claim: &Claim| {
        claim.node != known.node || !known.slots.values().any(|slots| slots.knows(claim))
    };
    let lost = rescue(&shared.store, shared.options.max_crashes, shared.clock.now(), is_stale).await?;
    Ok(lost.len() as u64)
}

async fn rescue<F>(store: &Store, max_crashes: u32, now: Timestamp, is_stale: F) -> StoreResult<Vec<Claim>>
where
    F: Fn(&Claim) -> bool + Clone + Send + 'static,
{
    let mut after = 0;
    let mut rescued = Vec::new();
    loop {
        let is_stale = is_stale.clone();
        let (last, lost) = store
            .write(move |tx| {
                let claims = rescue::claims(tx, after, CHUNK)?;
                let mut lost = Vec::new();
                for claim in claims.iter().filter(|claim| is_stale(claim)) {
                    lost.extend(rescue::lose(tx, *claim, max_crashes, now)?.map(|_| *claim));
                }
                Ok((claims.last().map(|c| c.job_id), lost))
            })
            .await?;
        rescued.extend(lost);
        match last {
            Some(id) => after = id,
            None => return Ok(rescued),
        }
    }
}
