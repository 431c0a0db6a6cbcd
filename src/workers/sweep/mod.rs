//! Deleting files below a folder by rules. The folder is opened once and everything is named relative
//! to it, so that a symbolic link that appears meanwhile leads nowhere.

mod files;
mod report;
mod rules;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cap_std::ambient_authority;
use cap_std::fs::Dir;

pub use files::FoundFile;
pub use report::{SweepReport, SweptFile};
pub use rules::{Doomed, Rules};

use super::tools::{Class, Trouble};
use super::{Context, Failure, RunResult};

/// One folder that is cleaned up.
pub struct Sweep<'a> {
    root: PathBuf,
    dir: Dir,
    protected: Vec<PathBuf>,
    ctx: &'a Context,
}

impl<'a> Sweep<'a> {
    /// Opens a folder. `protected` are paths that are never touched.
    ///
    /// # Errors
    /// `not_found` when it is not there, `bad_input` when it is, or is in, what is protected.
    pub fn open(root: &Path, protected: &[PathBuf], ctx: &'a Context) -> RunResult<Self> {
        let wrong = |class, why: String| Trouble::new(class, format_args!("{}: {why}", root.display()));
        let real = root.canonicalize().map_err(|e| wrong(Class::NotFound, e.to_string()))?;
        let protected: Vec<_> = protected.iter().filter_map(|path| path.canonicalize().ok()).collect();
        let home = std::env::var_os("HOME").and_then(|home| Path::new(&home).canonicalize().ok());
        let too_much = real.parent().is_none()
            || home.is_some_and(|home| home.starts_with(&real))
            || protected.iter().any(|path| real.starts_with(path));
        if too_much {
            let why = "is the whole machine, holds a home folder, or is callboard's own".to_owned();
            return Err(wrong(Class::BadInput, why).into());
        }
        let dir = Dir::open_ambient_dir(&real, ambient_authority())
            .map_err(|e| wrong(Class::Transient, e.to_string()))?;
        Ok(Self { root: real, dir, protected, ctx })
    }

    /// Deletes what the rules say, or with a dry run only tells.
    ///
    /// # Errors
    /// When the folder cannot be read, or the attempt was told to stop.
    pub fn run(&self, rules: &Rules, report: &mut SweepReport) -> RunResult<()> {
        let (files, dirs) = files::walk(&self.dir, &self.root, &self.protected, self.ctx)?;
        let (doomed, cut) = rules.doomed(files, SystemTime::now());
        report.cut |= cut;
        let total = doomed.len() as u64;
        for (done, file) in doomed.into_iter().enumerate() {
            if self.ctx.is_cancelled() {
                return Err(Failure::Cancelled);
            }
            self.take(rules.dry_run, file, report);
            self.ctx.progress(done as u64 + 1, Some(total), None);
        }
        if rules.remove_empty_dirs && !rules.dry_run {
            report.removed_dirs += self.remove_empty(dirs);
        }
        Ok(())
    }

    fn take(&self, dry_run: bool, file: Doomed, report: &mut SweepReport) {
        let shown = self.root.join(&file.path).to_string_lossy().into_owned();
        let done = if dry_run { Ok(()) } else { self.delete(&file) };
        match done {
            Ok(()) => {
                let swept = SweptFile { path: shown, bytes: file.bytes, reason: file.reason };
                self.ctx.log.event(if dry_run { "would_delete" } else { "deleted" }, &swept);
                report.swept(swept);
            }
            Err(why) => {
                self.ctx.log.warn(format_args!("{shown} is left alone: {why}"));
                report.skipped(shown, why);
            }
        }
    }

    /// Deletes a file that is still what it was.
    fn delete(&self, file: &Doomed) -> Result<(), String> {
        let now = self.dir.symlink_metadata(&file.path).map_err(|e| e.to_string())?;
        let modified = now.modified().map_err(|e| e.to_string())?.into_std();
        if !now.is_file() || now.len() != file.bytes || modified != file.modified {
            return Err("it was changed meanwhile".into());
        }
        self.dir.remove_file(&file.path).map_err(|e| e.to_string())
    }

    /// Removes those folders that are empty, the deepest first. One that is not stays.
    fn remove_empty(&self, mut dirs: Vec<PathBuf>) -> u64 {
        dirs.sort_by_key(|dir| std::cmp::Reverse(dir.components().count()));
        dirs.iter().filter(|dir| self.dir.remove_dir(dir).is_ok()).count() as u64
    }
}
