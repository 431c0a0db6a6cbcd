//! Keys, and what they do to a value: authenticated encryption whose salt is a keyed hash of the value.
//!
//! So equal values of one job type are equal when sealed, by which uniqueness and the keys of limits
//! work as they do for plain ones; that two are equal is all that is given away. No two different
//! values are ever sealed with the same key and nonce: each has a key of its own, from the salt.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::hmac;
use sha2::{Digest, Sha256};

use super::sealed::Sealed;

/// The length of a salt.
const SALT: usize = 16;

/// A key of 256 bits.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey {
    bytes: [u8; 32],
    id: String,
}

impl SecretKey {
    /// A key of these bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        let id = Sha256::new_with_prefix(b"callboard: id of a key").chain_update(bytes).finalize();
        Self { bytes, id: id[..4].iter().map(|b| format!("{b:02x}")).collect() }
    }

    /// Reads one in Base64.
    ///
    /// # Errors
    /// A sentence without a subject, which does not show what was given.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bytes = STANDARD.decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok());
        let how = "must be 32 bytes in Base64 (openssl rand -base64 32), and more of them behind commas";
        bytes.map(Self::new).ok_or_else(|| how.to_owned())
    }

    /// A key for one purpose, from this one.
    fn derive(&self, purpose: &[u8], more: &[&[u8]]) -> [u8; 32] {
        let mut sum = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &self.bytes));
        sum.update(purpose);
        for part in more {
            sum.update(&(part.len() as u64).to_be_bytes());
            sum.update(part);
        }
        let mut out = [0; 32];
        out.copy_from_slice(sum.sign().as_ref());
        out
    }

    /// The box that values with this salt are in.
    fn cipher(&self, salt: &[u8]) -> Option<LessSafeKey> {
        let key = self.derive(b"callboard: key of a value", &[salt]);
        UnboundKey::new(&CHACHA20_POLY1305, &key).ok().map(LessSafeKey::new)
    }
}

/// Shows its id alone.
impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({})", self.id)
    }
}

/// The keys that are known: the first one seals, all open.
#[derive(Clone, Debug, Default)]
pub struct Keyring(Vec<SecretKey>);

impl Keyring {
    /// Of these keys.
    #[must_use]
    pub fn new(keys: Vec<SecretKey>) -> Self {
        Self(keys)
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A JSON value, sealed for a job type.
    pub(super) fn seal_value(&self, plain: &str, job_type: &str) -> Result<String, String> {
        let key = self.0.first().ok_or("cannot be sealed: CALLBOARD_SECRET_KEY is not set")?;
        let salt =
            &key.derive(b"callboard: salt of a value", &[job_type.as_bytes(), plain.as_bytes()])[..SALT];
        let mut data = plain.as_bytes().to_vec();
        let failed = || "cannot be sealed".to_owned();
        let cipher = key.cipher(salt).ok_or_else(failed)?;
        let nonce = Nonce::assume_unique_for_key([0; 12]);
        let sealed = cipher.seal_in_place_append_tag(nonce, Aad::from(job_type.as_bytes()), &mut data);
        sealed.map_err(|_| failed())?;
        let data = URL_SAFE_NO_PAD.encode([salt, &data[..]].concat());
        Ok(Sealed { key: &key.id, data: &data }.text())
    }

    /// What is in a sealed value.
    pub(super) fn open_value(&self, sealed: Sealed<'_>, job_type: &str) -> Result<String, String> {
        let mine = self.0.iter().find(|key| key.id == sealed.key);
        let key = mine.ok_or_else(|| {
            format!("cannot be opened: there is no key {} in CALLBOARD_SECRET_KEY", sealed.key)
        })?;
        let plain = || {
            let data = URL_SAFE_NO_PAD.decode(sealed.data).ok()?;
            let (salt, data) = data.split_at_checked(SALT)?;
            let (cipher, mut data) = (key.cipher(salt)?, data.to_vec());
            let nonce = Nonce::assume_unique_for_key([0; 12]);
            let plain = cipher.open_in_place(nonce, Aad::from(job_type.as_bytes()), &mut data).ok()?;
            String::from_utf8(plain.to_vec()).ok()
        };
        plain().ok_or_else(|| format!("cannot be opened: it was not sealed for {job_type}, or was changed"))
    }
}
