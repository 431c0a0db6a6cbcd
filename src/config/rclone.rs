//! What may be copied where: `[rclone]`.

use std::path::PathBuf;

use super::describe::Page;
use super::kinds;
use super::section::Section;

/// What is said in `[rclone]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RcloneConfig {
    /// The file with the remotes; `None`: rclone's own.
    pub config: Option<PathBuf>,
    /// What sources may begin with, beside the folder of downloads: `/srv/media/` or `archive:`.
    pub allowed_sources: Vec<String>,
    /// What destinations may begin with. Empty: none is allowed.
    pub allowed_destinations: Vec<String>,
    /// Destinations at which a file shows only once it is whole, as at most clouds: files go straight
    /// to their names there.
    pub direct_destinations: Vec<String>,
    /// Whether jobs may make the destination like the source, which deletes there.
    pub allow_mirror: bool,
    /// The most files that one such job may delete.
    pub max_delete: u32,
    /// More options, for every call.
    pub extra_args: Vec<String>,
}

impl Default for RcloneConfig {
    fn default() -> Self {
        Self {
            config: None,
            allowed_sources: Vec::new(),
            allowed_destinations: Vec::new(),
            direct_destinations: Vec::new(),
            allow_mirror: false,
            max_delete: 100,
            extra_args: Vec::new(),
        }
    }
}

/// Reads `[rclone]`.
pub(super) fn rclone(section: &mut Section<'_>) -> RcloneConfig {
    let mut read = RcloneConfig { config: section.get("config", kinds::path), ..RcloneConfig::default() };
    section.set("allowed_sources", &mut read.allowed_sources, kinds::texts(prefix));
    section.set("allowed_destinations", &mut read.allowed_destinations, kinds::texts(prefix));
    section.set("direct_destinations", &mut read.direct_destinations, kinds::texts(prefix));
    section.set("allow_mirror", &mut read.allow_mirror, kinds::boolean);
    section.set("max_delete", &mut read.max_delete, kinds::whole(0, 1_000_000));
    section.set("extra_args", &mut read.extra_args, kinds::arguments);
    read
}

/// A remote with its colon, or a path from the root.
fn prefix(text: &str) -> Result<(), String> {
    let absolute = text.starts_with('/') && text != "/";
    let remote = text.find(':').is_some_and(|at| !text[..at].contains('/'));
    if (absolute || remote) && !text.contains('\0') {
        Ok(())
    } else {
        Err(format!(
            "must be a remote such as \"drive:backup/\" or a path such as \"/srv/media/\", got {text:?}"
        ))
    }
}

pub(super) fn describe(page: &mut Page<'_>, rclone: &RcloneConfig) {
    page.table("rclone");
    page.optional("config", rclone.config.as_ref().map(|path| path.display().to_string()));
    page.line("allowed_sources", rclone.allowed_sources.clone());
    page.line("allowed_destinations", rclone.allowed_destinations.clone());
    page.line("direct_destinations", rclone.direct_destinations.clone());
    page.line("allow_mirror", rclone.allow_mirror);
    page.line("max_delete", i64::from(rclone.max_delete));
    page.line("extra_args", rclone.extra_args.clone());
}
