//! Who may ask anything at all.

use std::fmt;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;

use super::auth::{self, Tokens};
use super::problem::Problem;
use super::{host, origin};
use crate::config::Role;

/// Whose requests are let through.
#[derive(Clone, Debug, Default)]
pub struct Access {
    tokens: Tokens,
    is_local: bool,
    program: Option<Program>,
}

/// In which role a request comes.
type RoleOf = dyn Fn(&HttpRequest) -> Option<Role> + Send + Sync;

/// The word of the program that callboard is mounted in.
#[derive(Clone)]
struct Program(Arc<RoleOf>);

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Program")
    }
}

impl Access {
    /// By these tokens.
    #[must_use]
    pub fn new(tokens: Tokens) -> Self {
        Self { tokens, ..Self::default() }
    }

    /// By the word of the program that callboard is mounted in: the role in which each request comes,
    /// and `None` for one that is to be refused. It is asked about every path, and may look at what
    /// the program's own middleware has noted in the request's extensions.
    #[must_use]
    pub fn by_program(role: impl Fn(&HttpRequest) -> Option<Role> + Send + Sync + 'static) -> Self {
        Self { program: Some(Program(Arc::new(role))), ..Self::default() }
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
        let Some(Program(role)) = &self.program else { return self.tokens.check(request) };
        let role = role(request).ok_or_else(|| {
            Problem::new(StatusCode::FORBIDDEN, "the program that this is a part of does not let you in")
        })?;
        auth::admit(request, role, "the program that this is a part of gives you")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Token;
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
    #[test]
    fn a_program_may_say_who_does_what() {
        let access = Access::by_program(|request| match request.headers().get("x-user")?.to_str().ok()? {
            "boss" => Some(Role::Admin),
            _ => Some(Role::Viewer),
        });
        let status = |method: TestRequest, user: Option<&str>| {
            let request = user.map_or(TestRequest::get(), |user| method.insert_header(("x-user", user)));
            access.check(&request.uri("/api/jobs").to_http_request()).map_err(|p| p.status().as_u16())
        };
        assert_eq!(status(TestRequest::get(), None), Err(403));
        assert_eq!(status(TestRequest::get(), Some("guest")), Ok(()));
        assert_eq!(status(TestRequest::post(), Some("guest")), Err(403));
        assert_eq!(status(TestRequest::post(), Some("boss")), Ok(()));
    }
}
