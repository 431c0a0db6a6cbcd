//! Who may do what: tokens and their roles.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::problem::Problem;
use super::sessions;
use crate::config::{Role, Token};
use crate::domain::Timestamp;
use crate::domain::throttle::Used;

/// The tokens that are known here. With none of them, everybody may do everything.
#[derive(Clone, Debug, Default)]
pub struct Tokens(Arc<[Known]>);

/// A token, and how much of its rate is used up.
#[derive(Debug)]
struct Known {
    token: Token,
    used: Mutex<Used>,
}

impl From<Vec<Token>> for Tokens {
    fn from(tokens: Vec<Token>) -> Self {
        Self(tokens.into_iter().map(|token| Known { token, used: Mutex::default() }).collect())
    }
}

impl Tokens {
    /// Whether everybody may do everything.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// An entry.
    pub(super) fn get(&self, which: usize) -> Option<&Token> {
        self.0.get(which).map(|known| &known.token)
    }

    /// The entry of a token. Takes as long for a wrong one as for any of the right ones.
    pub(super) fn find(&self, secret: &[u8]) -> Option<usize> {
        let hash = Token::hash(secret);
        let (mut found, mut at) = (Choice::from(0), 0u64);
        for (i, known) in (0u64..).zip(self.0.iter()) {
            let same = known.token.token_sha256.ct_eq(&hash);
            at.conditional_assign(&i, same);
            found |= same;
        }
        bool::from(found).then(|| usize::try_from(at).ok())?
    }

    /// The entry by whose name a session was begun, if it is still the same one.
    pub(super) fn sealed(&self, name: &str, seal: &str) -> Option<usize> {
        self.0.iter().position(|known| known.token.name == name && sessions::seal(&known.token) == seal)
    }

    /// Counts a request with a token.
    ///
    /// # Errors
    /// 429 when it has made as many as it may.
    pub(super) fn spend(&self, which: usize, now: Timestamp) -> Result<(), Problem> {
        let Some(known) = self.0.get(which) else { return Ok(()) };
        let Some(rate) = known.token.rate_limit else { return Ok(()) };
        let mut used = known.used.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(wait) = used.wait(rate, now) {
            let (name, limit, per) = (&known.token.name, rate.limit, rate.per.as_secs_f64());
            let detail = format!("the token {name:?} may make {limit} requests in {per} seconds, and has");
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, detail);
            return Err(problem.retry_after(whole_secs(wait)));
        }
        used.take(rate, now);
        Ok(())
    }
}

/// A span as `Retry-After` has it.
pub(super) fn whole_secs(wait: Duration) -> u32 {
    u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX).max(1)
}

/// Whether it tells nothing that is not in every copy of the program: that it is alive, what its pages
/// look like, and where to sign in.
pub(super) fn is_for_everybody(path: &str) -> bool {
    path == "/healthz" || path == "/login" || path.starts_with("/static/")
}

/// The role that a call needs.
pub(super) fn needed(method: &Method, path: &str) -> Role {
    // The settings are the visitor's own: they are kept in the browser.
    let is_own = ["/settings", "/logout"].contains(&path);
    // Who did what from where is nobody's business who only looks at jobs.
    let is_audit = ["/audit", "/api/audit"].contains(&path);
    if path.starts_with("/api/maintenance/") && !method.is_safe() {
        Role::Admin
    } else if (method.is_safe() && !is_audit) || is_own {
        Role::Viewer
    } else {
        Role::Operator
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::throttle::Rate;

    fn tokens() -> Tokens {
        let token = |name: &str, secret| Token::of_secret(name, Role::Viewer, secret).unwrap();
        let rate = Rate { limit: 2, per: Duration::from_secs(10) };
        vec![token("a", "look"), Token { rate_limit: Some(rate), ..token("b", "do") }].into()
    }

    #[test]
    fn only_what_is_known_is_found() {
        assert_eq!(tokens().find(b"look"), Some(0));
        assert_eq!(tokens().find(b"do"), Some(1));
        for wrong in [&b""[..], b"loo", b"look ", b"LOOK"] {
            assert_eq!(tokens().find(wrong), None);
        }
        assert_eq!(Tokens::default().find(b""), None);
    }

    #[test]
    fn a_session_ends_with_its_token() {
        let seal = sessions::seal(tokens().get(0).unwrap());
        assert_eq!(tokens().sealed("a", &seal), Some(0));
        assert_eq!(tokens().sealed("b", &seal), None);
        let other: Tokens = vec![Token::of_secret("a", Role::Viewer, "other").unwrap()].into();
        assert_eq!(other.sealed("a", &seal), None);
    }

    #[test]
    fn a_rate_is_of_one_token() {
        let (tokens, now) = (tokens(), Timestamp::from_millis(1_000_000_000_000));
        let status = |which, now| tokens.spend(which, now).map_err(|problem| problem.status().as_u16());
        assert_eq!([status(1, now), status(1, now), status(1, now)], [Ok(()), Ok(()), Err(429)]);
        assert_eq!(status(1, now.plus(Duration::from_secs(5))), Ok(()));
        for _ in 0..100 {
            assert_eq!(status(0, now), Ok(()));
        }
    }

    #[test]
    fn roles_open_what_they_should() {
        for (method, path, role) in [
            (Method::GET, "/api/jobs", Role::Viewer),
            (Method::HEAD, "/api/jobs/1", Role::Viewer),
            (Method::POST, "/api/jobs", Role::Operator),
            (Method::PATCH, "/api/job-types/t", Role::Operator),
            (Method::POST, "/jobs/1/cancel", Role::Operator),
            (Method::POST, "/settings", Role::Viewer),
            (Method::POST, "/logout", Role::Viewer),
            (Method::GET, "/api/audit", Role::Operator),
            (Method::HEAD, "/audit", Role::Operator),
            (Method::POST, "/api/maintenance/cleanup", Role::Admin),
        ] {
            assert_eq!(needed(&method, path), role, "{method} {path}");
        }
    }
}
