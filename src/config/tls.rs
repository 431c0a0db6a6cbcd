//! How this server shows who it is: `[tls]`.

use std::path::PathBuf;
use std::time::Duration;

use super::kinds;
use super::section::Section;

/// What is said in `[tls]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsConfig {
    /// A PEM file with the certificate, and those between it and its authority behind it.
    pub certificate: PathBuf,
    /// A PEM file with its private key, not encrypted.
    pub key: PathBuf,
    /// Whether the Faktory side speaks TLS as well.
    pub faktory: bool,
    /// For how long browsers are told to come by HTTPS alone; zero: they are told nothing.
    pub hsts: Duration,
}

/// Reads `[tls]`: certificate and key, or neither.
pub(super) fn tls(section: &mut Section<'_>) -> Option<TlsConfig> {
    let is_said = ["certificate", "key", "faktory", "hsts_secs"].iter().any(|key| section.has(key));
    if !is_said {
        return None;
    }
    let certificate = section.needed("certificate", kinds::path);
    let key = section.needed("key", kinds::path);
    let (mut faktory, mut hsts) = (true, Duration::ZERO);
    section.set("faktory", &mut faktory, kinds::boolean);
    section.set("hsts_secs", &mut hsts, kinds::secs(0.0, 63_072_000.0));
    Some(TlsConfig { certificate: certificate?, key: key?, faktory, hsts })
}
