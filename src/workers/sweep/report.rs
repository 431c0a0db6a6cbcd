//! The result of a cleaning up.

use serde::Serialize;

/// How much of a result may be lists, in bytes: a result has a largest size.
const MAX_LISTED: usize = 800 * 1024;

/// What went, or would go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SweepReport {
    /// Whether nothing was deleted.
    pub dry_run: bool,
    /// The files, as far as there is room for them; all of them are in the job's events.
    pub files: Vec<SweptFile>,
    /// How many they are.
    pub count: u64,
    /// How large they are together.
    pub bytes: u64,
    /// Files that should have gone and did not.
    pub skipped: Vec<SkippedFile>,
    /// Folders that were empty and are gone.
    pub removed_dirs: u64,
    /// Whether more would go if more were allowed at once.
    pub cut: bool,
    #[serde(skip)]
    listed: usize,
}

/// A file that went, or would go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SweptFile {
    /// Its path.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Why.
    pub reason: String,
}

/// A file that should have gone and did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkippedFile {
    /// Its path.
    pub path: String,
    /// Why not.
    pub error: String,
}

impl SweepReport {
    /// Nothing yet.
    #[must_use]
    pub fn new(dry_run: bool) -> Self {
        Self { dry_run, ..Self::default() }
    }

    pub(super) fn swept(&mut self, file: SweptFile) {
        self.count += 1;
        self.bytes += file.bytes;
        if self.has_room(file.path.len() + file.reason.len()) {
            self.files.push(file);
        }
    }

    pub(super) fn skipped(&mut self, path: String, error: String) {
        if self.has_room(path.len() + error.len()) {
            self.skipped.push(SkippedFile { path, error });
        }
    }

    fn has_room(&mut self, bytes: usize) -> bool {
        // The names of the fields, and escapes, which double a text at worst in practice.
        self.listed += 2 * bytes + 60;
        self.listed <= MAX_LISTED
    }
}
