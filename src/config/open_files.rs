//! How many connections there may be: the system lets a process have so many files open, and the database,
//! logs and programs need theirs.

use nix::sys::resource::{Resource, getrlimit};

/// As many as are wanted, but at most one for each so many files that this process may have open.
#[must_use]
pub fn connections(wanted: usize, files_for_each: usize) -> usize {
    match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((files, _)) => share(wanted, files_for_each, usize::try_from(files).unwrap_or(usize::MAX)),
        Err(_) => wanted,
    }
}

fn share(wanted: usize, files_for_each: usize, files: usize) -> usize {
    wanted.min(files / files_for_each).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_open_files_are_few_connections() {
        assert_eq!(share(25_000, 4, 1_024), 256);
        assert_eq!(share(25_000, 4, 1_000_000), 25_000);
        assert_eq!(share(25_000, 4, 3), 1);
    }
}
