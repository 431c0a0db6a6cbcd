//! Finding programs.

use std::env;
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Where a program is: a name is looked for in the folders of PATH, a path is taken as it is
/// (relative to the server's folder, not to that of a job).
///
/// # Errors
/// A sentence that says what is missing and what to do.
pub fn find_program(name: &str) -> Result<PathBuf, String> {
    find_in(name, env::var_os("PATH").as_deref())
}

/// The path of a program that is given as a path, made absolute; a plain name stays.
#[must_use]
pub fn absolute_program(name: &str) -> PathBuf {
    let path = Path::new(name);
    if name.contains('/') { std::path::absolute(path).unwrap_or_else(|_| path.into()) } else { path.into() }
}

fn find_in(name: &str, path: Option<&OsStr>) -> Result<PathBuf, String> {
    if name.contains('/') {
        let file = absolute_program(name);
        return match can_run(&file) {
            true => Ok(file),
            false if file.exists() => {
                Err(format!("{name} is not a program; make it executable with chmod +x"))
            }
            false => Err(format!("{name} is not there; install it or correct the command")),
        };
    }
    let folders = path.map(env::split_paths).into_iter().flatten();
    let found = folders.map(|folder| folder.join(name)).find(|file| can_run(file));
    found.ok_or_else(|| {
        format!(
            "{name} was not found in the folders of PATH; install it, or give its whole path in the command"
        )
    })
}

fn can_run(file: &Path) -> bool {
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_looked_up_and_paths_are_taken() {
        let path = OsStr::new("/nowhere:/bin:/usr/bin");
        assert!(find_in("sh", Some(path)).unwrap().is_absolute());
        assert!(find_in("/bin/sh", None).is_ok());
        assert!(find_in("sh", None).unwrap_err().contains("PATH"));
        assert!(find_in("/no/such", Some(path)).unwrap_err().contains("is not there"));
        assert!(find_in("/etc/passwd", Some(path)).unwrap_err().contains("chmod"));
    }
}
