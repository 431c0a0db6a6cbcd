//! The media library's tables, for the workers that fill and read them.

use futures_util::future::{BoxFuture, FutureExt};

use crate::domain::{
    Change, Clock, LibraryItem, LibraryKind, LibraryPage, LibraryPass, Plan, PlanRow, RowFilter, RowState,
};
use crate::error::Error;
use crate::store::sql::Conn;
use crate::store::{Store, StoreError, StoreResult, Tx, verbs, views};
use crate::workers::{Failure, LibraryStore, RunResult};

/// How many things or rows are read at a time.
const PAGE: i64 = 500;

/// The media library's tables in the store.
pub struct LibraryTables {
    /// The store.
    pub store: Store,
    /// Tells the time.
    pub clock: Clock,
}

impl LibraryTables {
    fn write<T, F>(&self, verb: F) -> BoxFuture<'_, RunResult<T>>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> StoreResult<T> + Send + 'static,
    {
        async move { self.store.write(verb).await.map_err(failure) }.boxed()
    }

    fn read<T, F>(&self, view: F) -> BoxFuture<'_, RunResult<T>>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> diesel::QueryResult<T> + Send + 'static,
    {
        async move { self.store.read(view).await.map_err(failure) }.boxed()
    }
}

/// A store that is away comes back, and a run that was overtaken finds out where it is when it comes
/// again; what else is refused would be refused again.
fn failure(e: StoreError) -> Failure {
    match e {
        StoreError::Refused(e @ Error::Conflict(_)) => Failure::retry(e),
        StoreError::Refused(e) => Failure::fatal(e),
        other => Failure::retry(format_args!("the store is unavailable: {other}")),
    }
}

impl LibraryStore for LibraryTables {
    fn pass(&self, kind: LibraryKind) -> BoxFuture<'_, RunResult<Option<LibraryPass>>> {
        self.read(move |conn| views::library::pass(conn, kind))
    }

    fn begin_pass(&self, pass: LibraryPass) -> BoxFuture<'_, RunResult<()>> {
        self.write(move |tx| verbs::library::begin(tx, &pass))
    }

    fn save_page(&self, page: LibraryPage) -> BoxFuture<'_, RunResult<()>> {
        self.write(move |tx| verbs::library::save_page(tx, &page))
    }

    fn finish_pass(&self, kind: LibraryKind, number: i64, forget: bool) -> BoxFuture<'_, RunResult<i64>> {
        let now = self.clock.now();
        self.write(move |tx| verbs::library::finish(tx, kind, number, forget, now))
    }

    fn count(&self, kind: LibraryKind) -> BoxFuture<'_, RunResult<i64>> {
        self.read(move |conn| views::library::count(conn, kind))
    }

    fn items(&self, kind: LibraryKind, after: i64) -> BoxFuture<'_, RunResult<Vec<LibraryItem>>> {
        self.read(move |conn| views::library::items(conn, kind, after, PAGE))
    }

    fn begin_plan(&self, job_id: i64) -> BoxFuture<'_, RunResult<(i64, bool)>> {
        let now = self.clock.now();
        self.write(move |tx| verbs::plans::begin(tx, job_id, now))
    }

    fn add_changes(&self, plan: i64, changes: Vec<Change>) -> BoxFuture<'_, RunResult<()>> {
        self.write(move |tx| verbs::plans::add(tx, plan, &changes))
    }

    fn publish_plan(&self, plan: i64) -> BoxFuture<'_, RunResult<()>> {
        self.write(move |tx| verbs::plans::publish(tx, plan))
    }

    fn plan(&self, id: i64) -> BoxFuture<'_, RunResult<Option<Plan>>> {
        self.read(move |conn| views::plans::plan(conn, id))
    }

    fn rows(&self, plan: i64, filter: RowFilter, after: i64) -> BoxFuture<'_, RunResult<Vec<PlanRow>>> {
        self.read(move |conn| views::plans::rows(conn, plan, &filter, after, PAGE))
    }

    fn mark(
        &self,
        plan: i64,
        numbers: Vec<i64>,
        to: RowState,
        note: Option<String>,
    ) -> BoxFuture<'_, RunResult<()>> {
        self.write(move |tx| verbs::plans::mark(tx, plan, &numbers, to, note.as_deref()).map(|_| ()))
    }
}
