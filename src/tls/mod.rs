//! TLS for those who connect to this server: a certificate and its key from PEM files, which can be
//! read again while connections live on.

mod pair;

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::config::{Fault, TlsConfig};

/// How this server shows who it is. Cloning gives another handle to the same certificate.
#[derive(Clone, Debug)]
pub struct Tls {
    files: TlsConfig,
    shown: Arc<Shown>,
}

/// The certificate that new connections are shown.
#[derive(Debug)]
struct Shown(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.now())
    }
}

impl Shown {
    fn now(&self) -> Arc<CertifiedKey> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Tls {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// With what is wrong with either, by its key in the configuration.
    pub fn load(files: &TlsConfig) -> Result<Self, Vec<Fault>> {
        let pair = Arc::new(pair::read(files)?);
        Ok(Self { files: files.clone(), shown: Arc::new(Shown(RwLock::new(pair))) })
    }

    /// Reads both again, for connections that are made from now on.
    ///
    /// # Errors
    /// As [`Self::load`]; then what was shown so far is shown further.
    pub fn reload(&self) -> Result<(), Vec<Fault>> {
        let pair = Arc::new(pair::read(&self.files)?);
        *self.shown.0.write().unwrap_or_else(PoisonError::into_inner) = pair;
        Ok(())
    }

    /// What the files are.
    #[must_use]
    pub fn files(&self) -> &TlsConfig {
        &self.files
    }

    /// What a listener needs: TLS 1.2 and 1.3. `protocols` are those spoken within, the best first.
    ///
    /// # Errors
    /// When the cryptography that is built in does not offer these versions.
    pub fn server_config(&self, protocols: &[&str]) -> std::io::Result<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(std::io::Error::other)?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(self.shown.clone());
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(config)
    }

    /// What a person should know of the files that is no fault: that others can read the key.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        is_open(&self.files.key).then(|| {
            let key = self.files.key.display();
            format!("tls.key: everybody on this machine can read {key}; chmod o= {key}")
        })
    }
}

#[cfg(unix)]
fn is_open(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).is_ok_and(|file| file.mode() & 0o004 != 0)
}

#[cfg(not(unix))]
fn is_open(_: &Path) -> bool {
    false
}
