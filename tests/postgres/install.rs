//! Where PostgreSQL's programs are, and who may run them.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::{Gid, Uid, User};

/// The programs, and the user who runs them: a server refuses to be run by root.
#[derive(Clone, Debug)]
pub struct Install {
    bin: PathBuf,
    user: Option<(Uid, Gid)>,
}

impl Install {
    /// The one whose folder of programs `CALLBOARD_TEST_POSTGRES` names, or else the newest one on this machine.
    pub fn find() -> Option<Self> {
        let newest = |root: &str| {
            let versions = std::fs::read_dir(root).into_iter().flatten().flatten();
            let mut bins: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
            bins.sort();
            bins.pop()
        };
        let is_one = |bin: &PathBuf| bin.join("initdb").exists() && bin.join("pg_ctl").exists();
        let on_path = std::env::var_os("PATH").unwrap_or_default();
        let bin = match std::env::var_os("CALLBOARD_TEST_POSTGRES").map(PathBuf::from) {
            Some(named) => {
                assert!(is_one(&named), "there is no PostgreSQL in {}", named.display());
                named
            }
            None => {
                let bins = std::env::split_paths(&on_path).chain(newest("/usr/lib/postgresql"));
                bins.into_iter().find(is_one)?
            }
        };
        // Links to some of them may stand elsewhere; all are where those lead.
        let bin = std::fs::canonicalize(bin.join("initdb")).ok()?.parent()?.to_owned();
        let of = |name| User::from_name(name).ok().flatten().map(|user| (user.uid, user.gid));
        let user = Uid::effective().is_root().then(|| of("postgres").or_else(|| of("nobody"))).flatten();
        Some(Self { bin, user })
    }

    /// Tells one from another.
    pub fn name(&self) -> String {
        self.bin.display().to_string()
    }

    /// A command line for one of the programs, begun as the user who may run it.
    pub fn command(&self, program: &str) -> Command {
        let path = self.bin.join(program);
        let Some((uid, gid)) = self.user else { return Command::new(path) };
        let mut command = Command::new("setpriv");
        command.arg(format!("--reuid={uid}")).arg(format!("--regid={gid}")).arg("--clear-groups").arg(path);
        command
    }

    /// The same as text for a shell.
    pub fn shell(&self, program: &str) -> String {
        let command = self.command(program);
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        words.map(|word| OsStr::to_string_lossy(word).into_owned()).collect::<Vec<_>>().join(" ")
    }

    /// A file that is the user's, whom alone it lets read it.
    pub fn make_private_file(&self, path: &Path, text: &str) {
        std::fs::write(path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
        if let Some((uid, gid)) = self.user {
            std::os::unix::fs::chown(path, Some(uid.as_raw()), Some(gid.as_raw())).unwrap();
        }
    }

    /// A folder that is the user's.
    pub fn make_folder(&self, path: &Path) {
        std::fs::create_dir_all(path).unwrap();
        if let Some((uid, gid)) = self.user {
            std::os::unix::fs::chown(path, Some(uid.as_raw()), Some(gid.as_raw())).unwrap();
        }
    }
}
