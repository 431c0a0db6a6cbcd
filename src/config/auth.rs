//! Who may do what: the tokens of `[[auth.tokens]]`.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::Duration;

use ::config::{Value, ValueKind};
use sha2::{Digest, Sha256};

use super::kinds;
use super::section::Section;
use crate::domain::ident;
use crate::domain::throttle::Rate;

/// A bearer token that the server takes. It knows only its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Whose it is, for logs.
    pub name: String,
    /// What it allows.
    pub role: Role,
    /// SHA-256 of the token's bytes.
    pub token_sha256: [u8; 32],
    /// How many requests it may make on a node.
    pub rate_limit: Option<Rate>,
}

/// How long somebody who signed in on the web pages stays so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sessions {
    /// Without a request.
    pub idle: Duration,
    /// At all.
    pub max: Duration,
}

impl Default for Sessions {
    fn default() -> Self {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        Self { idle: hours(12), max: hours(7 * 24) }
    }
}

impl Token {
    /// An entry for a token, which is forgotten here.
    ///
    /// # Errors
    /// When the name does not fit.
    pub fn of_secret(name: &str, role: Role, secret: &str) -> Result<Self, String> {
        check_name(name)?;
        let token_sha256 = Self::hash(secret.as_bytes());
        Ok(Self { name: name.to_owned(), role, token_sha256, rate_limit: None })
    }

    /// What a server knows a token by.
    #[must_use]
    pub fn hash(secret: &[u8]) -> [u8; 32] {
        Sha256::digest(secret).into()
    }

    /// The hash as it stands in the configuration.
    #[must_use]
    pub fn hash_text(&self) -> String {
        self.token_sha256.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The lines of the configuration that let it in.
    #[must_use]
    pub fn block(&self) -> String {
        let name = toml::Value::from(self.name.as_str());
        let (role, hash) = (self.role.as_str(), self.hash_text());
        format!("[[auth.tokens]]\nname = {name}\nrole = \"{role}\"\ntoken_sha256 = \"{hash}\"\n")
    }
}

/// What the bearer of a token may do; each role may do all that the one before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Read.
    Viewer,
    /// Change jobs, queues and job types.
    Operator,
    /// Everything.
    Admin,
}

impl Role {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let found = ROLES.iter().find(|(known, _)| *known == word).map(|(_, role)| *role);
        found.ok_or_else(|| format!("must be viewer, operator or admin, got {word:?}"))
    }
}

/// In seconds.
const YEAR: f64 = 31_536_000.0;

const ROLES: [(&str, Role); 3] = [
    (Role::Viewer.as_str(), Role::Viewer),
    (Role::Operator.as_str(), Role::Operator),
    (Role::Admin.as_str(), Role::Admin),
];

/// Reads `[auth]`: the tokens, of which `None` stands for one with a fault, and how long sessions last.
pub(super) fn auth(auth: &mut Section<'_>) -> (Vec<Option<Token>>, Sessions) {
    let mut sessions = Sessions::default();
    auth.set("session_idle_secs", &mut sessions.idle, kinds::secs(1.0, YEAR));
    auth.set("session_max_secs", &mut sessions.max, kinds::secs(1.0, YEAR));
    (tokens(auth), sessions)
}

fn tokens(auth: &mut Section<'_>) -> Vec<Option<Token>> {
    let (mut names, mut hashes) = (BTreeSet::new(), BTreeSet::new());
    auth.list("tokens", |section| {
        let token = token(section)?;
        if !names.insert(token.name.clone()) {
            section.fault("name", format!("must be different for each token, {:?} is taken", token.name));
        }
        if !hashes.insert(token.token_sha256) {
            section.fault("token_sha256", "is that of another token in the list");
        }
        Some(token)
    })
}

fn token(section: &mut Section<'_>) -> Option<Token> {
    let name = section.needed("name", name);
    let role = section.needed("role", kinds::one_of(&ROLES));
    let token_sha256 = section.needed("token_sha256", sha256);
    let rate_limit = section.has("rate_limit").then(|| section.section("rate_limit", rate)).flatten();
    Some(Token { name: name?, role: role?, token_sha256: token_sha256?, rate_limit })
}

fn rate(section: &mut Section<'_>) -> Option<Rate> {
    let limit = section.needed("limit", kinds::whole(1, 1_000_000));
    let per = section.needed("per_secs", kinds::secs(0.001, YEAR));
    Some(Rate { limit: limit?, per: per? })
}

fn name(value: &Value) -> Result<String, String> {
    let name = kinds::text(value)?;
    check_name(&name).map(|()| name)
}

/// It stands in logs and on pages, on one line.
fn check_name(name: &str) -> Result<(), String> {
    ident::check_text(name, 100)?;
    if name.chars().any(char::is_control) { Err("must not have control characters".into()) } else { Ok(()) }
}

/// The message does not show what was given: it may be the token itself.
fn sha256(value: &Value) -> Result<[u8; 32], String> {
    let digits = match &value.kind {
        ValueKind::String(text) if text.len() == 64 => text.as_bytes(),
        _ => &[],
    };
    let bytes: Option<Vec<u8>> =
        digits.chunks(2).map(|pair| Some(digit(pair[0])? * 16 + digit(pair[1])?)).collect();
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| {
        "must be the SHA-256 of the token as 64 hexadecimal digits (printf %s TOKEN | sha256sum)".into()
    })
}

fn digit(c: u8) -> Option<u8> {
    char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
