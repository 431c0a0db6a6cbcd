//! What workers of the media library need of the store.

use futures_util::future::BoxFuture;

use super::RunResult;
use crate::domain::{
    Change, LibraryItem, LibraryKind, LibraryPage, LibraryPass, Plan, PlanRow, RowFilter, RowState,
};

/// The snapshot of a media library and the plans of changes to it, kept on disk. Every call that
/// writes returns once that is on disk; errors of a store that is away ask for a retry.
pub trait LibraryStore: Send + Sync {
    /// The pass of a kind that is under way, or was the last one.
    fn pass(&self, kind: LibraryKind) -> BoxFuture<'_, RunResult<Option<LibraryPass>>>;
    /// Begins a pass.
    fn begin_pass(&self, pass: LibraryPass) -> BoxFuture<'_, RunResult<()>>;
    /// Keeps a page, and where the pass goes on, in one transaction.
    fn save_page(&self, page: LibraryPage) -> BoxFuture<'_, RunResult<()>>;
    /// Ends a pass; with `forget`, what it did not see is deleted. Returns how many things that were.
    fn finish_pass(&self, kind: LibraryKind, number: i64, forget: bool) -> BoxFuture<'_, RunResult<i64>>;
    /// How many things of a kind there are.
    fn count(&self, kind: LibraryKind) -> BoxFuture<'_, RunResult<i64>>;
    /// Things of a kind by id, those after `after`.
    fn items(&self, kind: LibraryKind, after: i64) -> BoxFuture<'_, RunResult<Vec<LibraryItem>>>;
    /// Begins the plan of a job, or begins it again; its id, and whether it is whole already.
    fn begin_plan(&self, job_id: i64) -> BoxFuture<'_, RunResult<(i64, bool)>>;
    /// Adds changes to a plan that is not whole yet.
    fn add_changes(&self, plan: i64, changes: Vec<Change>) -> BoxFuture<'_, RunResult<()>>;
    /// Notes that a plan is whole.
    fn publish_plan(&self, plan: i64) -> BoxFuture<'_, RunResult<()>>;
    /// A plan.
    fn plan(&self, id: i64) -> BoxFuture<'_, RunResult<Option<Plan>>>;
    /// Rows of a plan by number, those after `after`.
    fn rows(&self, plan: i64, filter: RowFilter, after: i64) -> BoxFuture<'_, RunResult<Vec<PlanRow>>>;
    /// Notes what became of approved rows.
    fn mark(
        &self,
        plan: i64,
        numbers: Vec<i64>,
        to: RowState,
        note: Option<String>,
    ) -> BoxFuture<'_, RunResult<()>>;
}
