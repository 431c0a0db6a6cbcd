//! Properties: a case that holds for everything that a strategy makes up.

use std::cell::RefCell;
use std::future::Future;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner};

/// Runs a future on this thread's runtime.
pub fn block_on<F: Future>(future: F) -> F::Output {
    thread_local!(static SYSTEM: RefCell<actix_rt::SystemRunner> = RefCell::new(actix_rt::System::new()));
    SYSTEM.with_borrow(|system| system.block_on(future))
}

/// Tries `check` on `cases` values; more with `PROPTEST_CASES` in the environment. A failure is
/// shrunk, printed, and its seed is kept in a file that is tried first from then on.
pub fn for_all<S: Strategy>(cases: u32, strategy: S, check: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let wished = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok());
    let config = Config {
        cases: wished.unwrap_or(cases),
        max_shrink_iters: 2000,
        source_file: Some(file!()),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "tests/conformance/regressions.txt",
        ))),
        ..Config::default()
    };
    if let Err(failure) = TestRunner::new(config).run(&strategy, check) {
        panic!("{failure}");
    }
}
