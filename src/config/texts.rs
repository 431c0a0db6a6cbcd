//! Where workers that read and write texts may find and leave files: `[texts]`.

use std::path::PathBuf;

use super::kinds;
use super::section::Section;

/// What is said in `[texts]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextsConfig {
    /// The folders below which files that jobs name are read.
    pub roots: Vec<PathBuf>,
    /// The folder below which written texts are left.
    pub output_root: Option<PathBuf>,
}

/// Reads `[texts]`.
pub(super) fn texts(section: &mut Section<'_>) -> TextsConfig {
    let roots = section.get("roots", kinds::texts(|_| Ok(()))).unwrap_or_default();
    TextsConfig {
        roots: roots.into_iter().map(PathBuf::from).collect(),
        output_root: section.get("output_root", kinds::path),
    }
}
