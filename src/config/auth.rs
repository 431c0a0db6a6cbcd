//! Who may do what: the tokens of `[[auth.tokens]]`.

use std::collections::BTreeSet;

use ::config::{Value, ValueKind};

use super::kinds;
use super::section::Section;
use crate::domain::ident;

/// A bearer token that the server takes. It knows only its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Whose it is, for logs.
    pub name: String,
    /// What it allows.
    pub role: Role,
    /// SHA-256 of the token's bytes.
    pub token_sha256: [u8; 32],
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

const ROLES: [(&str, Role); 3] = [
    (Role::Viewer.as_str(), Role::Viewer),
    (Role::Operator.as_str(), Role::Operator),
    (Role::Admin.as_str(), Role::Admin),
];

/// The tokens of the configuration; `None` stands for one with a fault.
pub(super) fn tokens(auth: &mut Section<'_>) -> Vec<Option<Token>> {
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
    Some(Token { name: name?, role: role?, token_sha256: token_sha256? })
}

fn name(value: &Value) -> Result<String, String> {
    let name = kinds::text(value)?;
    ident::check_text(&name, 100).map(|()| name)
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
