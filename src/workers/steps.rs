//! Durable steps: what a worker has done once and need not do again, also after a retry or a crash.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Context, Failure, RunResult, Services};
use crate::domain::Json;
use crate::domain::ident::{MAX_KEY, check_text};

/// The names that an attempt has come to.
#[derive(Default)]
pub(super) struct Names(Mutex<HashSet<String>>);

impl Names {
    /// Takes a name for something that is under way. It is free again if that does not finish.
    ///
    /// # Errors
    /// Fatal when it is taken or no name; `what` is named.
    pub(super) fn take(self: &Arc<Self>, what: &'static str, name: &str) -> RunResult<Taken> {
        check_text(name, MAX_KEY)
            .map_err(|fault| Failure::fatal(format_args!("the name of a {what} {fault}")))?;
        if !self.names().insert(name.to_owned()) {
            return Err(Failure::fatal(format_args!(
                "{what} {name:?} comes twice in one attempt; each {what} needs a name of its own"
            )));
        }
        Ok(Taken { names: self.clone(), name: name.to_owned(), for_good: false })
    }

    fn names(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A name that is taken.
pub(super) struct Taken {
    names: Arc<Names>,
    pub(super) name: String,
    for_good: bool,
}

impl Taken {
    /// What bears it has finished.
    pub(super) fn keep(mut self) {
        self.for_good = true;
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if !self.for_good {
            self.names.names().remove(&self.name);
        }
    }
}

/// A step as an attempt finds it.
enum Begun<T> {
    /// An earlier attempt has finished it.
    Done(T),
    /// It is to be done.
    New(Open),
}

/// A step that is being done.
struct Open {
    name: Taken,
    services: Arc<dyn Services>,
    max_result: usize,
}

impl Open {
    /// Keeps what the step gave.
    async fn close<T: Serialize>(self, value: T) -> RunResult<T> {
        let name = &self.name.name;
        let json = Json::of(&value)
            .map_err(|e| Failure::fatal(format_args!("step {name:?} cannot be written as JSON: {e}")))?;
        if json.as_str().len() > self.max_result {
            return Err(Failure::fatal(format_args!(
                "the value of step {name:?} is {} bytes long as JSON; at most {} are kept \
                 (defaults.max_result_bytes)",
                json.as_str().len(),
                self.max_result
            )));
        }
        self.services.keep_step(name.clone(), json).await?;
        self.name.keep();
        Ok(value)
    }
}

impl Context {
    /// Does something once, whatever becomes of this attempt: when it has finished, its value is on
    /// disk, and an attempt after a retry or a crash gets it from there and goes on. What has not
    /// finished is done again, so a step still runs *at least* once.
    ///
    /// The name is what tells steps apart: one with another name is another step.
    ///
    /// ```
    /// # use callboard::workers::{Context, Failure};
    /// # async fn upload(_: &str) -> Result<u64, Failure> { Ok(7) }
    /// # async fn announce(_: u64) -> Result<(), Failure> { Ok(()) }
    /// # async fn run(ctx: Context) -> Result<(), Failure> {
    /// let video = ctx.step("upload", || async { upload("film.mp4").await }).await?;
    /// ctx.step("announce", || async { announce(video).await }).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of the code, and then nothing is kept. Fatal when the name comes twice in one attempt, the
    /// value is too large, there are too many steps, the value of an earlier attempt does not fit `T`,
    /// or the attempt was taken away; to be retried when the store is away.
    pub async fn step<T, F, Fut>(&self, name: &str, code: F) -> RunResult<T>
    where
        T: Serialize + DeserializeOwned,
        F: FnOnce() -> Fut,
        Fut: Future<Output = RunResult<T>>,
    {
        match self.begin_step(name).await? {
            Begun::Done(value) => Ok(value),
            Begun::New(step) => {
                let value = code().await?;
                step.close(value).await
            }
        }
    }

    /// As [`Self::step`], for a [`BlockingWorker`](super::BlockingWorker).
    ///
    /// # Errors
    /// As [`Self::step`].
    pub fn step_blocking<T, F>(&self, name: &str, code: F) -> RunResult<T>
    where
        T: Serialize + DeserializeOwned,
        F: FnOnce() -> RunResult<T>,
    {
        match wait(self.begin_step(name))? {
            Begun::Done(value) => Ok(value),
            Begun::New(step) => {
                let value = code()?;
                wait(step.close(value))
            }
        }
    }

    async fn begin_step<T: DeserializeOwned>(&self, name: &str) -> RunResult<Begun<T>> {
        let taken = self.steps.take("step", name)?;
        let Some(kept) = self.services.step(name.to_owned()).await? else {
            let (services, max_result) = (self.services.clone(), self.max_result);
            return Ok(Begun::New(Open { name: taken, services, max_result }));
        };
        let value = kept.parse().map_err(|e| {
            Failure::fatal(format_args!(
                "the value that an earlier attempt kept of step {name:?} does not fit any more ({e}); \
                 a step whose value has changed its shape needs another name"
            ))
        })?;
        taken.keep();
        Ok(Begun::Done(value))
    }
}

/// Waits on a thread that may block. Threads of blocking workers know their runtime.
pub(super) fn wait<T>(doing: impl Future<Output = RunResult<T>>) -> RunResult<T> {
    let runtime = tokio::runtime::Handle::try_current()
        .map_err(|_| Failure::fatal("this thread was not started for a blocking worker"))?;
    tokio::task::block_in_place(|| runtime.block_on(doing))
}
