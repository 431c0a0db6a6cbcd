//! Whose programs are whose.

use std::path::Path;

use sha2::{Digest, Sha256};

/// The variable that marks the processes of a claim.
pub(super) const MARK: &str = "CALLBOARD_CLAIM";

/// A callboard installation, as its programs are marked. It must be the same after a restart, and
/// differ between servers that may run side by side on one machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance(String);

impl Instance {
    /// By a name, such as an id that the store keeps.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect())
    }

    /// By the folder of its data, which only one server uses at a time.
    #[must_use]
    pub fn of_data_dir(data_dir: &Path) -> Self {
        let path = data_dir.canonicalize().or_else(|_| std::path::absolute(data_dir));
        let hash = Sha256::digest(path.as_deref().unwrap_or(data_dir).as_os_str().as_encoded_bytes());
        Self(hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect())
    }

    /// The mark of an attempt's processes: the value of [`MARK`].
    pub(super) fn mark(&self, job_id: i64, attempt: u32) -> String {
        format!("{}:{job_id}:{attempt}", self.0)
    }

    /// What the marks of all its processes begin with.
    pub(super) fn mark_prefix(&self) -> String {
        format!("{}:", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_the_beginning_of_another() {
        assert_eq!(Instance::new("a:b").mark(7, 1), "a-b:7:1");
        assert!(!Instance::new("a:b").mark(7, 1).starts_with(&Instance::new("a").mark_prefix()));
    }

    #[test]
    fn folders_are_told_apart_and_recognised() {
        let dir = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        let instance = Instance::of_data_dir(dir.path());
        assert_eq!(instance, Instance::of_data_dir(&dir.path().join(".")));
        assert_ne!(instance, Instance::of_data_dir(other.path()));
    }
}
