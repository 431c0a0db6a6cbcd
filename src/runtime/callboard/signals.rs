//! Signals to jobs.

use super::Callboard;
use crate::domain::audit::{Deed, Verb};
use crate::domain::ident::{MAX_KEY, check_text};
use crate::domain::{Json, Signal, SignalInfo};
use crate::error::{Error, FieldFault};
use crate::store::{verbs, views};

/// What became of a signal.
#[derive(Clone, Debug)]
pub struct Given {
    /// The signal as it is now.
    pub signal: Signal,
    /// Whether the job had it already.
    pub duplicate: bool,
}

impl Callboard {
    /// Gives a job a signal, and returns once it is on disk. A job that waits for it is woken; one that
    /// does not yet finds it when it does.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] when the job is final, or had this signal with another
    /// payload; [`Error::Invalid`] when name or payload are too long.
    pub async fn signal(&self, job: i64, name: &str, payload: Json) -> Result<Given, Error> {
        self.refuse_when_draining()?;
        let most = self.shared.options.max_result;
        check(name, &payload, most)?;
        let (wanted, now) = (name.to_owned(), self.shared.clock.now());
        let noted = self.noted(Deed::to_job(Verb::JobSignal, job).with(serde_json::json!({"name": name})));
        let give = move |tx: &mut crate::store::Tx<'_>| {
            let fresh = verbs::signals::give(tx, job, &wanted, &payload, most, now)?;
            if fresh {
                noted.note(tx)?;
            }
            Ok(fresh)
        };
        let fresh = self.write(give).await?;
        Ok(Given { signal: self.signal_of(job, name).await?, duplicate: !fresh })
    }

    /// A signal that a job was given or waits for, with its payload.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`].
    pub async fn signal_of(&self, job: i64, name: &str) -> Result<Signal, Error> {
        let wanted = name.to_owned();
        let signal = self.read(move |conn| views::signals::signal(conn, job, &wanted)).await?;
        signal.ok_or_else(|| Error::NotFound(format!("signal {name:?} of job {job}")))
    }

    /// The signals that a job was given or waits for.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`].
    pub async fn signals(&self, job: i64) -> Result<Vec<SignalInfo>, Error> {
        let found = self.read(move |conn| {
            Ok(match views::job::job(conn, job)? {
                Some(_) => Some(views::signals::signals(conn, job)?),
                None => None,
            })
        });
        found.await?.ok_or_else(|| Error::NotFound(format!("job {job}")))
    }
}

fn check(name: &str, payload: &Json, most: usize) -> Result<(), Error> {
    let mut faults = Vec::new();
    if let Err(fault) = check_text(name, MAX_KEY) {
        faults.push(FieldFault::new("name", fault));
    }
    let bytes = payload.as_str().len();
    if bytes > most {
        let message =
            format!("must be at most {most} bytes long as JSON (defaults.max_result_bytes), got {bytes}");
        faults.push(FieldFault::new("payload", message));
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
}
