//! A connection of a caller's own, lent to the store for as long as a call takes.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use diesel::connection::{AnsiTransactionManager, TransactionManager, TransactionManagerStatus};
use diesel::{Connection, PgConnection, SqliteConnection};
use replace_with::replace_with_or_abort_and_return;

use super::conn::Conn;
use super::error::StoreResult;

/// A Diesel connection that jobs can be stored on: `SqliteConnection` or `PgConnection`.
pub trait Lend: Sealed {
    /// Does some work within the transaction that the connection is in, all or none of it; without
    /// one, in a transaction of its own.
    #[doc(hidden)]
    fn lend<T>(&mut self, work: impl FnOnce(&mut Conn) -> StoreResult<T>) -> StoreResult<T>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for diesel::SqliteConnection {}
    impl Sealed for diesel::PgConnection {}
}
use sealed::Sealed;

impl Lend for SqliteConnection {
    fn lend<T>(&mut self, work: impl FnOnce(&mut Conn) -> StoreResult<T>) -> StoreResult<T> {
        let unwrap = |conn| match conn {
            Conn::Sqlite(own) => Some(own),
            Conn::Postgres(_) => None,
        };
        let work = |own: &mut Self| as_conn(own, Conn::Sqlite, unwrap, work);
        match is_in_transaction(AnsiTransactionManager::transaction_manager_status_mut(self)) {
            true => self.transaction(work),
            // One that reads first and writes then fails if another one has written in between.
            false => self.immediate_transaction(work),
        }
    }
}

impl Lend for PgConnection {
    fn lend<T>(&mut self, work: impl FnOnce(&mut Conn) -> StoreResult<T>) -> StoreResult<T> {
        let unwrap = |conn| match conn {
            Conn::Postgres(own) => Some(own),
            Conn::Sqlite(_) => None,
        };
        self.transaction(|own| as_conn(own, Conn::Postgres, unwrap, work))
    }
}

fn is_in_transaction(status: &TransactionManagerStatus) -> bool {
    !matches!(status, TransactionManagerStatus::Valid(valid) if valid.transaction_depth().is_none())
}

/// Lets work be done on a connection as on one of the store's. It is back in its place afterwards,
/// also after a panic.
fn as_conn<C, T>(
    own: &mut C,
    wrap: fn(C) -> Conn,
    unwrap: impl FnOnce(Conn) -> Option<C>,
    work: impl FnOnce(&mut Conn) -> T,
) -> T {
    let done = replace_with_or_abort_and_return(own, |own| {
        let mut conn = wrap(own);
        let done = catch_unwind(AssertUnwindSafe(|| work(&mut conn)));
        let Some(own) = unwrap(conn) else { unreachable!("the store exchanges no connections") };
        (done, own)
    });
    done.unwrap_or_else(|panic| resume_unwind(panic))
}
