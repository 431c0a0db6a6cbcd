//! Proof that a form was one of ours: a random token in a cookie and in the form. Pages of other
//! sites can neither read the cookie nor, as it is `SameSite=Strict`, have it sent. Where somebody has
//! signed in, the token is made from what their browser holds, and ends with the session.

use actix_web::HttpRequest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use super::super::caller::Caller;

/// The cookie, and the field in the form.
pub(super) const NAME: &str = "callboard_csrf";
/// The length of a token as text: 16 random bytes.
const LENGTH: usize = 22;

/// A visitor's token.
#[derive(Clone, Debug)]
pub(super) struct Csrf {
    /// As text.
    pub token: String,
    /// Whether the visitor does not have it yet.
    pub is_new: bool,
}

impl Csrf {
    /// The token that a request brings, or a new one.
    pub(super) fn of(request: &HttpRequest) -> Self {
        // Whoever has signed in needs no cookie for it: the token belongs to the session.
        if let Some(ticket) = Caller::of(request).as_ref().and_then(Caller::ticket) {
            return Self { token: ticket.proof(), is_new: false };
        }
        match request.cookie(NAME) {
            Some(cookie) if cookie.value().len() == LENGTH => {
                Self { token: cookie.value().to_owned(), is_new: false }
            }
            _ => Self { token: random(), is_new: true },
        }
    }

    /// Whether a form brings the token that the cookie has.
    pub(super) fn is_proven_by(&self, given: Option<&str>) -> bool {
        let same = |given: &str| bool::from(given.as_bytes().ct_eq(self.token.as_bytes()));
        !self.is_new && given.is_some_and(same)
    }
}

/// Without a source of randomness no form is taken: an empty token proves nothing, as its cookie
/// has not the right length.
fn random() -> String {
    let mut bytes = [0; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => URL_SAFE_NO_PAD.encode(bytes),
        Err(e) => {
            log::error!("no randomness for the token of a form: {e}");
            String::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::cookie::Cookie;
    use actix_web::test::TestRequest;

    #[test]
    fn only_the_cookies_own_token_proves() {
        let fresh = Csrf::of(&TestRequest::default().to_http_request());
        assert!(fresh.is_new && fresh.token.len() == LENGTH);
        assert!(!fresh.is_proven_by(Some(&fresh.token)));
        let with = |value: &str| {
            Csrf::of(&TestRequest::default().cookie(Cookie::new(NAME, value.to_owned())).to_http_request())
        };
        let known = with(&fresh.token);
        assert!(known.is_proven_by(Some(&fresh.token)));
        assert!(!known.is_proven_by(None) && !known.is_proven_by(Some("")));
        assert!(!known.is_proven_by(Some(&random())));
        assert!(!with("").is_proven_by(Some("")));
    }
}
