//! What is fuzzed here: see `fuzz/`.

use super::file::ConfigFile;
use super::{Flags, Sources, read};

/// Reads bytes as a configuration file; what is taken is shown as well.
///
/// # Panics
/// When nothing is shown, or a refusal has no reason.
pub fn file(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let sources = Sources { file: None, env: std::collections::BTreeMap::new(), flags: Flags::default() };
    let file = |text: &str| ConfigFile { name: "callboard.toml".into(), text: text.into() };
    match read::read(Some(file(text)), &sources) {
        Ok((config, origins)) => assert!(!config.describe(&origins).is_empty(), "nothing is shown"),
        Err(e) => assert!(!e.faults.is_empty(), "a refusal without a reason"),
    }
}
