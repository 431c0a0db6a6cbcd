//! `callboard openapi`

use std::io::Write;

use super::failure::Failure;

/// Print the OpenAPI document of the HTTP API
#[derive(Debug, clap::Args)]
pub(super) struct OpenApi {}

impl OpenApi {
    pub(super) fn run(self) -> Result<(), Failure> {
        let mut out = std::io::stdout();
        out.write_all(crate::http::openapi::text().as_bytes())?;
        out.write_all(b"\n")?;
        Ok(out.flush()?)
    }
}
