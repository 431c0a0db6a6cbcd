//! Keys for services: where they are found, and how they are kept out of what is told.

use std::path::Path;
use std::{env, fs};

use reqwest::header::HeaderValue;

use super::Failure;

/// A key, or none where none is wanted.
pub(super) struct Secret(Option<String>);

impl Secret {
    /// Reads the key from a variable or a file. `table` is the part of the configuration that names
    /// them. It is read anew for each call, so that a key can be changed under a running server.
    ///
    /// # Errors
    /// A sentence that says what to do.
    pub fn read(table: &str, variable: Option<&str>, file: Option<&Path>) -> Result<Self, String> {
        let text = match (variable, file) {
            (Some(name), _) => env::var(name).map_err(|_| {
                format!("the environment variable {name} with the key ({table}.api_key_env) is not set")
            })?,
            (None, Some(file)) => fs::read_to_string(file).map_err(|e| {
                format!("the file {} with the key ({table}.api_key_file) cannot be read: {e}", file.display())
            })?,
            (None, None) => return Ok(Self(None)),
        };
        match text.trim() {
            "" => Err(format!("the key of {table} is empty")),
            key => Ok(Self(Some(key.to_owned()))),
        }
    }

    /// The key as the value of a header, after `before`.
    ///
    /// # Errors
    /// Fatal when it is no key.
    pub fn header(&self, before: &str) -> Result<Option<HeaderValue>, Failure> {
        let Some(key) = &self.0 else { return Ok(None) };
        let mut value = HeaderValue::from_str(&format!("{before}{key}"))
            .map_err(|_| Failure::fatal("the key holds characters that no key has"))?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    /// A failure without the key, which some services repeat in their answers.
    pub fn hidden(&self, failure: Failure) -> Failure {
        let hide = |text: String| match &self.0 {
            Some(key) => text.replace(key, "***"),
            None => text,
        };
        match failure {
            Failure::Retry { message, after } => Failure::Retry { message: hide(message), after },
            Failure::Fatal(message) => Failure::Fatal(hide(message)),
            other => other,
        }
    }
}
