//! A certificate with its key, out of two files.

use std::path::Path;

use rustls::InconsistentKeys;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::config::{Fault, TlsConfig};

/// No chain of certificates is larger.
const MAX_BYTES: u64 = 1024 * 1024;

/// Reads both files; everything that is wrong with them.
pub(super) fn read(files: &TlsConfig) -> Result<CertifiedKey, Vec<Fault>> {
    let fault = |key: &str, path: &Path, what: String| Fault {
        key: key.to_owned(),
        source: path.display().to_string(),
        message: what,
    };
    let chain = chain(&files.certificate).map_err(|what| fault("tls.certificate", &files.certificate, what));
    let key = key(&files.key).map_err(|what| fault("tls.key", &files.key, what));
    let (chain, key) = match (chain, key) {
        (Ok(chain), Ok(key)) => (chain, key),
        (chain, key) => return Err(chain.err().into_iter().chain(key.err()).collect()),
    };
    let signer = rustls::crypto::ring::sign::any_supported_type(&key)
        .map_err(|e| vec![fault("tls.key", &files.key, format!("cannot be used: {e}"))])?;
    let pair = CertifiedKey::new(chain, signer);
    match pair.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(pair),
        Err(rustls::Error::InconsistentKeys(_)) => {
            let what = format!("does not belong to the certificate in {}", files.certificate.display());
            Err(vec![fault("tls.key", &files.key, what)])
        }
        Err(e) => Err(vec![fault(
            "tls.certificate",
            &files.certificate,
            format!("holds a broken certificate: {e}"),
        )]),
    }
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = text(path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match chain {
        Ok(chain) if chain.is_empty() => {
            Err("holds no certificate: no line says -----BEGIN CERTIFICATE-----".into())
        }
        Ok(chain) => Ok(chain),
        Err(e) => Err(format!("is no PEM file: {e}")),
    }
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    match PrivateKeyDer::from_pem_slice(&text(path)?) {
        Ok(key) => Ok(key),
        Err(PemError::NoItemsFound) => {
            Err("holds no private key that is not encrypted: no line says -----BEGIN PRIVATE KEY-----".into())
        }
        Err(e) => Err(format!("is no PEM file: {e}")),
    }
}

fn text(path: &Path) -> Result<Vec<u8>, String> {
    use std::io::Read;
    let mut text = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| format!("cannot be read: {e}"))?;
    file.take(MAX_BYTES).read_to_end(&mut text).map_err(|e| format!("cannot be read: {e}"))?;
    Ok(text)
}
