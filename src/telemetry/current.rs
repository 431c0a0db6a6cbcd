//! The trace that the code that asks is part of: a request that is being answered, or an attempt.

use crate::domain::trace::TraceContext;

tokio::task_local! {
    static CURRENT: Option<TraceContext>;
}

/// A future that is part of a trace; `None`: of none.
pub fn within<F: Future>(context: Option<TraceContext>, future: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(context, future)
}

/// As [`within`], of a function.
pub fn run_within<T>(context: Option<TraceContext>, function: impl FnOnce() -> T) -> T {
    CURRENT.sync_scope(context, function)
}

/// That of the code that asks.
#[must_use]
pub fn current() -> Option<TraceContext> {
    CURRENT.try_with(Clone::clone).ok().flatten()
}
