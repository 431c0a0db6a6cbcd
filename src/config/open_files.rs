//! How many files this process may have open, and how many connections that lets it take: the database, logs
//! and programs need theirs.

use std::io;
use std::sync::OnceLock;

use nix::libc::rlim_t;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// What a server asks for, if it may.
const WANTED: rlim_t = 131_072;

/// What this process was given, the soft and the hard limit, if it has asked for more.
static GIVEN: OnceLock<(rlim_t, rlim_t)> = OnceLock::new();

/// As many files as a server asks for, of those that the system lets it have. The limit that shells and service
/// managers set by default is for programs of another kind.
#[must_use]
pub fn open_files() -> Option<u64> {
    getrlimit(Resource::RLIMIT_NOFILE).ok().map(wanted)
}

fn wanted((soft, hard): (rlim_t, rlim_t)) -> rlim_t {
    soft.max(hard.min(WANTED))
}

/// Asks for them. A system that refuses leaves it at what there is.
pub fn ask_for_open_files() {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return };
    let more = wanted((soft, hard));
    if more > soft && setrlimit(Resource::RLIMIT_NOFILE, more, hard).is_ok() {
        // Asked twice, it is the first answer that programs are to have.
        let _ = GIVEN.set((soft, hard));
    }
}

/// Gives a program that is about to start the limit that this process was given: some programs walk through all
/// the files that they may have open, and old ones trip over numbers above 1,023. Allocates nothing, and calls
/// nothing but setrlimit(2).
///
/// # Errors
/// Those of that call.
pub fn give_back_open_files() -> io::Result<()> {
    match GIVEN.get() {
        Some((soft, hard)) => Ok(setrlimit(Resource::RLIMIT_NOFILE, *soft, *hard)?),
        None => Ok(()),
    }
}

/// As many connections as are wanted, but at most one for each so many files that this process may have open.
#[must_use]
pub fn connections(most: usize, files_for_each: usize) -> usize {
    match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((files, _)) => share(most, files_for_each, usize::try_from(files).unwrap_or(usize::MAX)),
        Err(_) => most,
    }
}

fn share(most: usize, files_for_each: usize, files: usize) -> usize {
    most.min(files / files_for_each).max(1)
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
