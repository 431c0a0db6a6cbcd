//! The programs that the tests need.

use std::env;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Where a program is. Without it the test cannot run: that is said past the capturing of output, and
/// is a failure on CI.
pub fn program(name: &str) -> Option<PathBuf> {
    let venv = env::var_os("CALLBOARD_TEST_TOOLS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/media/bin"), PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let found =
        std::iter::once(venv).chain(env::split_paths(&path)).map(|dir| dir.join(name)).find(|p| p.is_file());
    if found.is_none() {
        let text = format!("{name} not found: scripts/setup installs what the tests need");
        assert_ne!(env::var_os("CI").as_deref(), Some(OsStr::new("true")), "{text}");
        let _ = writeln!(std::io::stderr(), "\n*** TEST SKIPPED: {text} ***\n");
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
