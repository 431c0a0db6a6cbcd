//! The places that jobs may name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::RcloneConfig;

/// What happens at the destination to what is not at the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It stays.
    #[default]
    Copy,
    /// It is deleted.
    Mirror,
}

/// What the configuration allows.
#[derive(Clone, Debug)]
pub struct Places(pub(super) RcloneConfig);

impl Places {
    /// Puts them together.
    #[must_use]
    pub const fn new(config: RcloneConfig) -> Self {
        Self(config)
    }

    /// Whether anything may be copied anywhere.
    #[must_use]
    pub fn any_destination(&self) -> bool {
        !self.0.allowed_destinations.is_empty()
    }

    /// Whether the configuration allows a place as a source.
    #[must_use]
    pub fn is_source(&self, place: &str) -> bool {
        self.0.allowed_sources.iter().any(|allowed| is_within(place, allowed))
    }

    /// Whether it allows a place as a destination.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn check_destination(&self, place: &str) -> Result<(), String> {
        match self.0.allowed_destinations.iter().any(|allowed| is_within(place, allowed)) {
            true => Ok(()),
            false => Err("must begin with one of rclone.allowed_destinations in the configuration".into()),
        }
    }

    /// Whether it says that files show at a place only once they are whole.
    #[must_use]
    pub fn is_direct(&self, place: &str) -> bool {
        self.0.direct_destinations.iter().any(|direct| is_within(place, direct))
    }

    /// Whether it allows a mode.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn check_mode(&self, mode: Mode) -> Result<(), String> {
        match mode == Mode::Copy || self.0.allow_mirror {
            true => Ok(()),
            false => Err("must be \"copy\": rclone.allow_mirror is not set in the configuration".into()),
        }
    }
}

/// Whether a place is one that is allowed, or below it.
fn is_within(place: &str, allowed: &str) -> bool {
    let Some(rest) = place.strip_prefix(allowed) else { return false };
    let at_border = rest.is_empty() || allowed.ends_with(['/', ':']) || rest.starts_with('/');
    at_border && !rest.split('/').any(|part| part == "..") && !place.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_begins_so() {
        for (place, allowed) in
            [("drive:", "drive:"), ("drive:a/b", "drive:"), ("drive:a/b", "drive:a"), ("/srv/x", "/srv/")]
        {
            assert!(is_within(place, allowed), "{place} {allowed}");
        }
        for (place, allowed) in [
            ("drive:ab", "drive:a"),
            ("drive:a/../b", "drive:a"),
            ("other:", "drive:"),
            (":local:/etc", "drive:"),
            ("drive,x=y:a", "drive:"),
            ("/srv/../etc", "/srv/"),
        ] {
            assert!(!is_within(place, allowed), "{place} {allowed}");
        }
    }
}
