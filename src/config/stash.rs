//! The media library: `[stash]`.

use std::path::PathBuf;
use std::time::Duration;

use super::kinds;
use super::section::Section;

/// A Stash server.
#[derive(Clone, Debug, PartialEq)]
pub struct StashConfig {
    /// Where it is; `/graphql` is appended.
    pub url: Option<url::Url>,
    /// The environment variable that holds its API key.
    pub api_key_env: Option<String>,
    /// The file that holds its API key.
    pub api_key_file: Option<PathBuf>,
    /// How many things are asked for at a time.
    pub page_size: u32,
    /// How long one call may take.
    pub timeout: Duration,
    /// How often one call is made again within an attempt.
    pub max_retries: u32,
    /// After so long everything is read again, which is how deletions are noticed.
    pub full_every: Duration,
}

impl Default for StashConfig {
    fn default() -> Self {
        Self {
            url: None,
            api_key_env: None,
            api_key_file: None,
            page_size: 100,
            timeout: Duration::from_secs(60),
            max_retries: 5,
            full_every: Duration::from_secs(7 * 24 * 60 * 60),
        }
    }
}

/// Reads `[stash]`.
pub(super) fn stash(section: &mut Section<'_>) -> StashConfig {
    let mut read = StashConfig {
        url: section.get("url", kinds::web_url),
        api_key_env: section.get("api_key_env", kinds::variable_name),
        api_key_file: section.get("api_key_file", kinds::path),
        ..StashConfig::default()
    };
    section.set("page_size", &mut read.page_size, kinds::whole(1, 10_000));
    section.set("timeout_secs", &mut read.timeout, kinds::secs(0.01, 3600.0));
    section.set("max_retries", &mut read.max_retries, kinds::whole(0, 100));
    section.set("full_every_days", &mut read.full_every, kinds::days);
    if read.api_key_env.is_some() && read.api_key_file.is_some() {
        section.fault("api_key_file", "must not stand beside api_key_env: the key comes from one of them");
    }
    read
}
