//! Who may do what: tokens and their roles.

use std::fmt::Display;
use std::sync::Arc;

use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpMessage, HttpRequest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::base;
use super::problem::Problem;
use crate::config::{Role, Token};

/// The tokens that are known here. With none of them, everybody may do everything.
#[derive(Clone, Debug, Default)]
pub struct Tokens(Arc<[Token]>);

impl From<Vec<Token>> for Tokens {
    fn from(tokens: Vec<Token>) -> Self {
        Self(tokens.into())
    }
}

impl Tokens {
    /// Whether everybody may do everything.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entry of a token. Takes as long for a wrong one as for any of the right ones.
    fn find(&self, token: &[u8]) -> Option<&Token> {
        let hash: [u8; 32] = Sha256::digest(token).into();
        let (mut found, mut at) = (Choice::from(0), 0u64);
        for (i, known) in (0u64..).zip(self.0.iter()) {
            let same = known.token_sha256.ct_eq(&hash);
            at.conditional_assign(&i, same);
            found |= same;
        }
        bool::from(found).then(|| usize::try_from(at).ok().and_then(|at| self.0.get(at)))?
    }

    /// Whether a request may go on.
    ///
    /// # Errors
    /// 401 without a known token, 403 with one whose role is not enough.
    pub(super) fn check(&self, request: &HttpRequest) -> Result<(), Problem> {
        if self.is_empty() || is_for_everybody(base::inner(request)) {
            return Ok(());
        }
        let token = presented(request).ok_or_else(|| unauthorized("this server wants a token"))?;
        let token = self.find(&token).ok_or_else(|| unauthorized("the token is not known here"))?;
        admit(request, token.role, format_args!("the token {:?} has", token.name))
    }
}

/// Lets a request through if its role is enough.
///
/// # Errors
/// 403, which tells whence the role is.
pub(super) fn admit(request: &HttpRequest, role: Role, whence: impl Display) -> Result<(), Problem> {
    let needed = needed(request.method(), base::inner(request));
    if role >= needed {
        // Pages offer their visitors what they may do.
        request.extensions_mut().insert(role);
        return Ok(());
    }
    let (needed, role) = (needed.as_str(), role.as_str());
    let detail = format!("this call needs the role {needed}; {whence} the role {role}");
    Err(Problem::new(StatusCode::FORBIDDEN, detail))
}

/// Whether it tells nothing that is not in every copy of the program: that it is alive, and what its
/// pages look like.
fn is_for_everybody(path: &str) -> bool {
    path == "/healthz" || path.starts_with("/static/")
}

/// The role that a call needs.
fn needed(method: &Method, path: &str) -> Role {
    // The settings are the visitor's own: they are kept in the browser.
    if method.is_safe() || path == "/settings" {
        Role::Viewer
    } else if path.starts_with("/api/maintenance/") {
        Role::Admin
    } else {
        Role::Operator
    }
}

/// The token that comes with a request: as a bearer token, or as the password of any user, which is
/// how a browser can send it with pages and WebSockets.
fn presented(request: &HttpRequest) -> Option<Vec<u8>> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().as_bytes().to_vec());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = STANDARD.decode(rest.trim()).ok()?;
    let colon = pair.iter().position(|b| *b == b':')?;
    Some(pair[colon + 1..].to_vec())
}

fn unauthorized(detail: &'static str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, detail)
        .with_header(header::WWW_AUTHENTICATE, "Bearer realm=\"callboard\"")
        .with_header(header::WWW_AUTHENTICATE, "Basic realm=\"callboard\", charset=\"UTF-8\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn tokens() -> Tokens {
        let token = |name: &str, role, secret: &str| Token {
            name: name.into(),
            role,
            token_sha256: Sha256::digest(secret).into(),
        };
        vec![
            token("v", Role::Viewer, "look"),
            token("o", Role::Operator, "do"),
            token("a", Role::Admin, "rule"),
        ]
        .into()
    }

    fn status(method: Method, path: &str, authorization: Option<&str>) -> u16 {
        let mut request = TestRequest::with_uri(path).method(method);
        if let Some(value) = authorization {
            request = request.insert_header(("authorization", value));
        }
        tokens().check(&request.to_http_request()).map_or_else(|p| p.status().as_u16(), |()| 200)
    }

    #[test]
    fn roles_open_what_they_should() {
        for (method, path, viewer, operator, admin) in [
            (Method::GET, "/api/jobs", 200, 200, 200),
            (Method::HEAD, "/api/jobs/1", 200, 200, 200),
            (Method::POST, "/api/jobs", 403, 200, 200),
            (Method::PATCH, "/api/jobs/1", 403, 200, 200),
            (Method::DELETE, "/api/dead-letters", 403, 200, 200),
            (Method::POST, "/api/job-types/t/pause", 403, 200, 200),
            (Method::PATCH, "/api/job-types/t", 403, 200, 200),
            (Method::POST, "/jobs/1/cancel", 403, 200, 200),
            (Method::POST, "/settings", 200, 200, 200),
            (Method::POST, "/api/maintenance/cleanup", 403, 403, 200),
        ] {
            for (secret, wanted) in [("look", viewer), ("do", operator), ("rule", admin)] {
                let bearer = format!("Bearer {secret}");
                assert_eq!(status(method.clone(), path, Some(&bearer)), wanted, "{method} {path} {secret}");
            }
        }
    }

    #[test]
    fn without_a_known_token_only_the_pulse_is_shown() {
        assert_eq!(status(Method::GET, "/healthz", None), 200);
        for bad in
            [None, Some("Bearer wrong"), Some("Bearer"), Some("Basic !"), Some("Digest do"), Some("do")]
        {
            assert_eq!(status(Method::GET, "/readyz", bad), 401, "{bad:?}");
        }
        let problem = tokens().check(&TestRequest::default().to_http_request()).unwrap_err();
        assert!(problem.response().headers().contains_key("www-authenticate"));
        assert!(Tokens::default().check(&TestRequest::default().to_http_request()).is_ok());
    }

    #[test]
    fn a_browser_may_send_it_as_a_password() {
        let basic = format!("Basic {}", STANDARD.encode("anybody:do"));
        assert_eq!(status(Method::POST, "/api/jobs", Some(&basic)), 200);
    }
}
