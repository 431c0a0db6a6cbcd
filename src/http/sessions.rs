//! People who have signed in: a random ticket in a cookie, whose hash the store knows.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, time};
use actix_web::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::pages::session_cookie;
use super::problem::Problem;
use crate::config::{Sessions, Token};
use crate::domain::Timestamp;
use crate::error::Error;
use crate::runtime::Callboard;
use crate::store::views::sessions::Session;

/// The cookie.
const COOKIE: &str = "callboard_session";
/// Random bytes of a ticket.
const BYTES: usize = 32;
/// A session that was used is noted so often, or four times in its idle time.
const NOTED_EVERY: Duration = Duration::from_secs(60);
/// How long a request waits until that is noted.
const NOTE_PATIENCE: Duration = Duration::from_secs(2);

/// What a browser holds that has signed in.
#[derive(Clone)]
pub(super) struct Ticket(String);

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ticket(***)")
    }
}

impl Ticket {
    /// A new one.
    ///
    /// # Errors
    /// 500 without randomness.
    pub fn new() -> Result<Self, Problem> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes).map_err(|e| {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("no randomness for a session: {e}"))
        })?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// What a request brings.
    pub fn of(request: &HttpRequest) -> Option<Self> {
        let cookie = request.cookie(COOKIE)?;
        (cookie.value().len() == 43).then(|| Self(cookie.value().to_owned()))
    }

    /// What the store knows it by.
    pub fn id(&self) -> String {
        hex(&Sha256::digest(self.0.as_bytes()))
    }

    /// What proves that a form belongs to the session.
    pub fn proof(&self) -> String {
        // A key may be of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()) else { return String::new() };
        mac.update(b"a form of callboard");
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }

    /// The cookie that holds it.
    pub fn cookie(&self, limits: Sessions) -> Cookie<'static> {
        let mut cookie = session_cookie(COOKIE, self.0.clone());
        cookie.set_max_age(time::Duration::try_from(limits.max).unwrap_or(time::Duration::MAX));
        cookie
    }
}

/// The cookie that takes a ticket back.
pub(super) fn taken_back() -> Cookie<'static> {
    let mut cookie = session_cookie(COOKIE, String::new());
    cookie.set_max_age(time::Duration::ZERO);
    cookie
}

/// Ends with its token: it is another one for another token of the same name.
pub(super) fn seal(token: &Token) -> String {
    let mut sum = Sha256::new();
    sum.update(b"a session of callboard");
    sum.update(token.token_sha256);
    hex(&sum.finalize())
}

/// The session of a ticket, if it goes on: the name of its token and the seal.
///
/// # Errors
/// 503 when the store is away.
pub(super) async fn find(
    callboard: &Callboard,
    limits: Sessions,
    ticket: &Ticket,
    now: Timestamp,
) -> Result<Option<(String, String)>, Error> {
    let Some(session) = callboard.session(ticket.id()).await? else { return Ok(None) };
    if end(limits, &session) <= now {
        return Ok(None);
    }
    if session.seen_at.plus(NOTED_EVERY.min(limits.idle / 4)) <= now {
        // A page does not fail for it, nor wait for a store that is away.
        let noted = tokio::time::timeout(NOTE_PATIENCE, callboard.see_session(ticket.id())).await;
        if let Ok(Err(e)) = noted {
            log::warn!("a session that is used may end too early: {e}");
        }
    }
    Ok(Some((session.token, session.seal)))
}

/// When a session is over, unless it is used before.
pub(super) fn end(limits: Sessions, session: &Session) -> Timestamp {
    session.seen_at.plus(limits.idle).min(session.created_at.plus(limits.max))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
