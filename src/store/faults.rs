//! The seam at which tests make the database fail. Without a fault layer it costs a look at an
//! `Option`.

use std::sync::Arc;

use super::error::{StoreError, StoreResult};
use super::sql::Conn;

/// A moment in a write at which the database can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Point {
    /// Before the transaction begins: a stranger has the file locked.
    Begin,
    /// Before a statement of a verb: the disk is full or broken.
    Statement,
    /// Before the commit, which then never reaches the disk.
    Commit,
    /// After the commit: it is on disk, and its answer is lost.
    Committed,
    /// Before the look that tells whether a commit whose answer was lost is on disk.
    Look,
}

/// Decides what fails. It is called on the writer's thread, at each [`Point`].
pub trait Faults: Send + Sync {
    /// An error is what the database says instead of doing it. The connection is there for limits
    /// that the database itself is to run into.
    ///
    /// # Errors
    /// When this is to fail.
    fn at(&self, point: Point, conn: &mut Conn) -> Result<(), String>;
}

/// The fault layer of a store, if it has one.
#[derive(Clone, Default)]
pub struct FaultLayer(Option<Arc<dyn Faults>>);

impl FaultLayer {
    /// One that asks `faults` at each point.
    #[must_use]
    pub fn new(faults: Arc<dyn Faults>) -> Self {
        Self(Some(faults))
    }

    pub(super) fn at(&self, point: Point, conn: &mut Conn) -> StoreResult<()> {
        match &self.0 {
            None => Ok(()),
            Some(faults) => faults.at(point, conn).map_err(StoreError::Database),
        }
    }
}
