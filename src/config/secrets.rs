//! Which args are secret, and the keys that they are sealed with.

use std::collections::BTreeMap;

use ::config::Value;

use super::job_types::JobTypeConfig;
use super::kinds;
use super::section::Section;
use crate::domain::secret::{SecretKey, check_path};

/// Where the keys come from, and nowhere else: a file is read by more people than an environment.
const VARIABLE: &str = "CALLBOARD_SECRET_KEY";

/// What holds for secrets in args of every job type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretsConfig {
    /// The first one seals, all open.
    pub keys: Vec<SecretKey>,
    /// The fields of args that are secret whatever the job type (key `defaults.secrets`).
    pub fields: Vec<String>,
}

/// Reads a list of fields.
pub(super) fn fields(section: &mut Section<'_>) -> Vec<String> {
    section.get("secrets", kinds::texts(check_path)).unwrap_or_default()
}

/// Reads the keys.
pub(super) fn keys(top: &mut Section<'_>) -> Vec<SecretKey> {
    let keys = top.get("secret_key", list).unwrap_or_default();
    if top.given_by("secret_key").is_some_and(|source| source != VARIABLE) {
        top.fault("secret_key", format!("is taken from the environment alone: {VARIABLE}"));
    }
    keys
}

/// Without a key nothing can be sealed.
pub(super) fn check(
    top: &mut Section<'_>,
    secrets: &SecretsConfig,
    job_types: &BTreeMap<String, JobTypeConfig>,
) {
    let mut named = (!secrets.fields.is_empty()).then(|| "defaults.secrets".to_owned());
    let of_type = || job_types.iter().find(|(_, job_type)| !job_type.secrets.is_empty());
    named = named.or_else(|| of_type().map(|(name, _)| format!("job_types.{name}.secrets")));
    if let (Some(named), true, None) = (named, secrets.keys.is_empty(), top.given_by("secret_key")) {
        let how = format!(
            "is needed, as {named} names fields to seal: set {VARIABLE} to 32 bytes in Base64 \
             (openssl rand -base64 32)"
        );
        top.fault("secret_key", how);
    }
}

fn list(value: &Value) -> Result<Vec<SecretKey>, String> {
    kinds::text(value)?.split(',').map(SecretKey::parse).collect()
}
