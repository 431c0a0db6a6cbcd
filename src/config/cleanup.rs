//! What may be cleaned up: `[cleanup]`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::describe::Page;
use super::kinds;
use super::section::Section;

/// What is said in `[cleanup]`.
#[derive(Clone, Debug, PartialEq)]
pub struct CleanupConfig {
    /// The folders in which old files may be deleted. Empty: nowhere.
    pub roots: Vec<PathBuf>,
    /// Younger files are never deleted.
    pub min_age: Duration,
    /// The most files that one job may delete.
    pub max_deletes: u32,
}

impl Default for CleanupConfig {
    fn default() -> Self {
        Self { roots: Vec::new(), min_age: Duration::from_secs(3600), max_deletes: 10_000 }
    }
}

/// Reads `[cleanup]`.
pub(super) fn cleanup(section: &mut Section<'_>) -> CleanupConfig {
    let mut read = CleanupConfig::default();
    if let Some(roots) = section.get("roots", kinds::texts(root)) {
        read.roots = roots.into_iter().map(PathBuf::from).collect();
    }
    let mut minutes = read.min_age.as_secs_f64() / 60.0;
    section.set("min_age_minutes", &mut minutes, kinds::between(0.0, 5_256_000.0));
    read.min_age = Duration::from_secs_f64(minutes * 60.0);
    section.set("max_deletes", &mut read.max_deletes, kinds::whole(1, 10_000_000));
    read
}

fn root(text: &str) -> Result<(), String> {
    let path = Path::new(text);
    if !path.is_absolute() || path.components().any(|part| part.as_os_str() == "..") {
        return Err(format!("must be a path from the root without .., got {text:?}"));
    }
    let home = std::env::var_os("HOME").map(PathBuf::from);
    if path.parent().is_none() || home.is_some_and(|home| home.starts_with(path)) {
        return Err(format!("must not be the whole machine or hold your home folder, got {text:?}"));
    }
    Ok(())
}

pub(super) fn describe(page: &mut Page<'_>, cleanup: &CleanupConfig) {
    page.table("cleanup");
    page.line("roots", cleanup.roots.iter().map(|root| root.display().to_string()).collect::<Vec<_>>());
    page.line("min_age_minutes", super::describe::number(cleanup.min_age.as_secs_f64() / 60.0));
    page.line("max_deletes", i64::from(cleanup.max_deletes));
}
