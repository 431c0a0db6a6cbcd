//! What the runtime does for a running job.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};

use super::membership;
use super::prepare::prepare;
use super::prepare_nodes::prepare_addition;
use super::shared::Shared;
use crate::domain::{Claim, Json, NewJob, Node};
use crate::error::Error;
use crate::store::verbs::children::{self, FoundItem as Found};
use crate::store::verbs::workflows::{self, Adder};
use crate::store::verbs::{signals, steps};
use crate::store::{StoreResult, Tx, views};
use crate::workers::services::FoundItem;
use crate::workers::signals::Heard;
use crate::workers::{Failure, RunResult, Services};

/// What the runtime does for the attempt that holds a claim.
pub struct ForClaim {
    /// What all actors have in common.
    pub shared: Arc<Shared>,
    /// The claim.
    pub claim: Claim,
}

impl ForClaim {
    async fn write<T, F>(&self, verb: F) -> RunResult<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> StoreResult<T> + Send + 'static,
    {
        self.shared.write(verb).await.map_err(|e| failure(e.into()))
    }
}

impl Services for ForClaim {
    fn is_held(&self) -> bool {
        let held = self.shared.membership.may_begin();
        if !held {
            membership::stop_all(&self.shared);
        }
        held
    }

    fn enqueue(&self, jobs: Vec<NewJob>) -> BoxFuture<'_, RunResult<Vec<i64>>> {
        async move {
            let jobs: Result<Vec<_>, Error> = jobs
                .into_iter()
                .enumerate()
                .map(|(i, job)| prepare(&self.shared, job, &format!("jobs[{i}].")))
                .collect();
            let (jobs, claim, now) = (jobs.map_err(failure)?, self.claim, self.shared.clock.now());
            self.write(move |tx| children::enqueue(tx, claim, &jobs, now)).await
        }
        .boxed()
    }

    fn add_jobs(&self, nodes: Vec<Node>, join: bool) -> BoxFuture<'_, RunResult<Vec<i64>>> {
        async move {
            let addition = prepare_addition(&self.shared, nodes, true, join).map_err(failure)?;
            let (by, now) = (Adder::Claim(self.claim), self.shared.clock.now());
            self.write(move |tx| Ok(workflows::add(tx, &addition, &by, now)?.0)).await
        }
        .boxed()
    }

    fn has_seen(&self, scope: String) -> BoxFuture<'_, RunResult<bool>> {
        async move {
            let seen = self.shared.store.read(move |conn| views::seen::any(conn, &scope)).await;
            seen.map_err(|e| failure(e.into()))
        }
        .boxed()
    }

    fn enqueue_once(
        &self,
        scope: String,
        items: Vec<FoundItem>,
    ) -> BoxFuture<'_, RunResult<Vec<Option<i64>>>> {
        async move {
            let found = |(item, jobs): FoundItem| {
                let jobs = jobs
                    .into_iter()
                    .enumerate()
                    .map(|(i, job)| prepare(&self.shared, job, &format!("jobs[{i}].")));
                Ok(Found { item, jobs: jobs.collect::<Result<_, _>>()? })
            };
            let items: Result<Vec<_>, Error> = items.into_iter().map(found).collect();
            let (items, claim, now) = (items.map_err(failure)?, self.claim, self.shared.clock.now());
            self.write(move |tx| children::enqueue_once(tx, claim, &scope, &items, now)).await
        }
        .boxed()
    }

    fn step(&self, name: String) -> BoxFuture<'_, RunResult<Option<Json>>> {
        async move {
            let job = self.claim.job_id;
            let kept = self.shared.store.read(move |conn| views::steps::step(conn, job, &name)).await;
            kept.map(|step| step.map(|step| step.value)).map_err(|e| failure(e.into()))
        }
        .boxed()
    }

    fn keep_step(&self, name: String, value: Json) -> BoxFuture<'_, RunResult<()>> {
        let (claim, now) = (self.claim, self.shared.clock.now());
        let most = self.shared.options.max_result;
        self.write(move |tx| steps::keep(tx, claim, &name, &value, most, now)).boxed()
    }

    fn signal(&self, name: String, timeout: Duration) -> BoxFuture<'_, RunResult<Heard>> {
        async move {
            let (claim, wanted, now) = (self.claim, name.clone(), self.shared.clock.now());
            let known =
                self.shared.store.read(move |conn| views::signals::signal(conn, claim.job_id, &wanted)).await;
            let mut until = now.plus(timeout);
            if let Some(signal) = known.map_err(|e| failure(e.into()))? {
                match signal.payload {
                    _ if signal.info.timed_out => return Ok(Heard::TimedOut),
                    Some(payload) => return Ok(Heard::Came(payload)),
                    None => until = signal.info.until.unwrap_or(until),
                }
            }
            if now < until {
                return Ok(Heard::NotYet(until));
            }
            let came = self.write(move |tx| signals::time_out(tx, claim, &name, until)).await?;
            Ok(came.map_or(Heard::TimedOut, Heard::Came))
        }
        .boxed()
    }
}

/// A store that is away comes back; everything else would be refused again.
fn failure(e: Error) -> Failure {
    match e {
        Error::Unavailable(_) | Error::ShuttingDown => Failure::retry(e),
        _ => Failure::fatal(format_args!("it could not be stored: {e}")),
    }
}
