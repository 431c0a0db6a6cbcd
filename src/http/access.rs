//! Who may ask anything at all.

use actix_web::HttpRequest;

use super::auth::Tokens;
use super::problem::Problem;
use super::{host, origin};

/// Whose requests are let through.
#[derive(Clone, Debug, Default)]
pub struct Access {
    tokens: Tokens,
    is_local: bool,
}

impl Access {
    /// By these tokens.
    #[must_use]
    pub fn new(tokens: Tokens) -> Self {
        Self { tokens, is_local: false }
    }

    /// Says that the server listens on this machine alone. Then, and while there are no tokens, no
    /// request is taken that asks for a host by a name that is not this machine's own.
    #[must_use]
    pub fn local(mut self) -> Self {
        self.is_local = true;
        self
    }

    /// Whether a request may go on.
    ///
    /// # Errors
    /// 401, 403 or 421.
    pub(super) fn check(&self, request: &HttpRequest) -> Result<(), Problem> {
        if self.is_local && self.tokens.is_empty() {
            host::check(request)?;
        }
        origin::check(request)?;
        self.tokens.check(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Role, Token};
    use actix_web::test::TestRequest;

    fn status(access: &Access) -> u16 {
        let request = TestRequest::with_uri("/healthz").insert_header(("host", "jobs.example"));
        access.check(&request.to_http_request()).map_or_else(|p| p.status().as_u16(), |()| 200)
    }

    #[test]
    fn names_of_other_hosts_are_refused_where_nothing_else_protects() {
        let token = Token { name: "v".into(), role: Role::Viewer, token_sha256: [7; 32] };
        assert_eq!(status(&Access::default()), 200);
        assert_eq!(status(&Access::default().local()), 421);
        assert_eq!(status(&Access::new(vec![token].into()).local()), 200);
    }
}
