//! `callboard token`: what lets programs and people in.

use std::io::Write;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::failure::Failure;
use super::text;
use crate::config::{self, Flags, Role, Sources, Token};

/// What every token begins with, so that it is known for one where it should not be.
const PREFIX: &str = "cb_";
/// Random bytes of a token.
const BYTES: usize = 32;

/// Make tokens, by which a server knows who asks
#[derive(Debug, clap::Args)]
pub(super) struct Tokens {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    New(New),
}

/// Make a token and print it, this once; the server's configuration gets its hash
#[derive(Debug, clap::Args)]
struct New {
    /// Whose it is, as logs and pages show it
    name: String,
    /// What it allows: viewer reads, operator changes jobs too, admin does everything
    #[arg(long, value_parser = ["viewer", "operator", "admin"])]
    role: String,
    /// Add it to the configuration file
    #[arg(long)]
    write: bool,
    /// Configuration file [default: callboard.toml]
    #[arg(long, env = "CALLBOARD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Tokens {
    pub(super) fn run(self, json: bool) -> Result<(), Failure> {
        let Action::New(new) = self.action;
        new.run(json)
    }
}

impl New {
    fn run(self, json: bool) -> Result<(), Failure> {
        let role: Role = self.role.parse().map_err(Failure::Usage)?;
        let secret = secret()?;
        let token = Token::of_secret(&self.name, role, &secret)
            .map_err(|fault| Failure::Usage(format!("NAME {fault}")))?;
        let written = self.write.then(|| {
            let sources = Sources::of_process(self.config.clone(), Flags::default());
            config::add_token(&sources, &token)
        });
        let written = written.transpose().map_err(Failure::Append)?;
        if !json {
            text::note(&explained(&token, written.as_deref()));
        }
        let mut out = std::io::stdout();
        match json {
            true => writeln!(out, "{}", text::json(&document(&token, &secret, written.as_deref())))?,
            false => writeln!(out, "{secret}")?,
        }
        Ok(out.flush()?)
    }
}

fn secret() -> Result<String, Failure> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|e| Failure::Local {
        what: "make a token",
        source: std::io::Error::other(format!("no randomness: {e}")),
    })?;
    Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

fn explained(token: &Token, written: Option<&std::path::Path>) -> String {
    let once = "the token is shown this once; keep it where only its owner reads it";
    match written {
        Some(path) => {
            format!("added to {}; a server that runs knows it after a restart\n{once}", path.display())
        }
        None => {
            format!("add this to the server's configuration, and restart it:\n\n{}\n{once}", token.block())
        }
    }
}

fn document(token: &Token, secret: &str, written: Option<&std::path::Path>) -> String {
    serde_json::json!({
        "name": token.name,
        "role": token.role.as_str(),
        "token": secret,
        "token_sha256": token.hash_text(),
        "toml": token.block(),
        "written_to": written.map(|path| path.display().to_string()),
    })
    .to_string()
}
