//! What finished steps of jobs left.

use super::Callboard;
use crate::domain::{Step, StepInfo};
use crate::error::Error;
use crate::store::views;

impl Callboard {
    /// The finished steps of a job in the order in which they finished.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`].
    pub async fn steps(&self, job: i64) -> Result<Vec<StepInfo>, Error> {
        let found = self.read(move |conn| {
            Ok(match views::job::job(conn, job)? {
                Some(_) => Some(views::steps::steps(conn, job)?),
                None => None,
            })
        });
        found.await?.ok_or_else(|| Error::NotFound(format!("job {job}")))
    }

    /// A finished step of a job, with its value.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`].
    pub async fn step(&self, job: i64, name: &str) -> Result<Step, Error> {
        let wanted = name.to_owned();
        let step = self.read(move |conn| views::steps::step(conn, job, &wanted)).await?;
        step.ok_or_else(|| Error::NotFound(format!("finished step {name:?} of job {job}")))
    }
}
