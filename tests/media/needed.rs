//! The programs that the tests need.

use std::env;
use std::path::{Path, PathBuf};

/// Where a program is. Without it the test cannot run: that is said loudly, and fails where CI is set.
pub fn program(name: &str) -> Option<PathBuf> {
    let venv = env::var_os("CALLBOARD_TEST_TOOLS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/bin"), PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let found =
        std::iter::once(venv).chain(env::split_paths(&path)).map(|dir| dir.join(name)).find(|p| p.is_file());
    if found.is_none() {
        assert!(env::var_os("CI").is_none(), "{name} is missing: run scripts/setup-tools");
        eprintln!("SKIPPED: {name} is missing: run scripts/setup-tools");
    }
    found
}

/// Leaves the test unless these programs are there; gives their paths.
macro_rules! needs {
    ($($name:literal),+) => {
        ($(match $crate::needed::program($name) { Some(path) => path, None => return },)+)
    };
}
pub(crate) use needs;
