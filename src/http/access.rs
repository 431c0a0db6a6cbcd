//! Who may ask anything at all.

use std::fmt;
use std::sync::Arc;

use actix_web::http::{StatusCode, header};
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::auth::{self, Tokens};
use super::caller::{Caller, How};
use super::denials::{self, Denials};
use super::forwarded::{Proxies, Route};
use super::problem::Problem;
use super::session_end::SignOuts;
use super::sessions::{self, Ticket};
use super::{host, origin};
use crate::config::{Config, Role, Sessions, Token};
use crate::domain::attempts::Attempts;
use crate::domain::{Clock, Timestamp};
use crate::runtime::Callboard;

/// Whose requests are let through.
#[derive(Clone, Debug, Default)]
pub struct Access {
    tokens: Tokens,
    proxies: Proxies,
    sessions: Sessions,
    attempts: Attempts,
    denials: Denials,
    sign_outs: SignOuts,
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

    /// As the configuration says: tokens, how long people stay signed in, which proxies are believed.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self {
            tokens: config.auth_tokens.clone().into(),
            proxies: config.net.trusted_proxies.clone().into(),
            sessions: config.sessions,
            ..Self::default()
        }
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

    /// Whether a request may go on; notes in it who sent it, and on which way.
    ///
    /// # Errors
    /// 400, 401, 403, 421, 429; 503 while the store that knows who has signed in is away.
    pub(super) async fn check(&self, request: &HttpRequest) -> Result<(), Problem> {
        let route = self.proxies.route(request)?;
        request.extensions_mut().insert(route.clone());
        if self.is_local && self.tokens.is_empty() {
            host::check(request)?;
        }
        origin::check(request, &route.host)?;
        // As the routes have it: what is encoded in the address is decoded there.
        let path = request.match_info().unprocessed().to_owned();
        let Some(caller) = self.who(request, &route, &path).await? else { return Ok(()) };
        if caller.ticket().is_some() {
            origin::check_own(request, &route.host)?;
        }
        request.extensions_mut().insert(caller.clone());
        let needed = auth::needed(request.method(), &path);
        if caller.role >= needed {
            return Ok(());
        }
        self.denials.note(request, &caller, &path, now(request)).await;
        let Caller { name, role, how, .. } = &caller;
        let whence = match how {
            How::Program => "the program that this is a part of gives you".to_owned(),
            _ => format!("the token {name:?} has"),
        };
        let (needed, role) = (needed.as_str(), role.as_str());
        let detail = format!("this call needs the role {needed}; {whence} the role {role}");
        Err(Problem::new(StatusCode::FORBIDDEN, detail))
    }

    /// Who sends a request; `None`: nobody has to know.
    async fn who(&self, request: &HttpRequest, route: &Route, path: &str) -> Result<Option<Caller>, Problem> {
        let address = route.address;
        if let Some(Program(role)) = &self.program {
            let role = role(request).ok_or_else(|| {
                Problem::new(StatusCode::FORBIDDEN, "the program that this is a part of does not let you in")
            })?;
            return Ok(Some(Caller::local(role, address, How::Program)));
        }
        if self.tokens.is_empty() {
            return Ok(Some(Caller::local(Role::Admin, address, How::Open)));
        }
        if auth::is_for_everybody(path) {
            return Ok(None);
        }
        let (which, how) = match presented(request) {
            Some(secret) => {
                let which = self.known(request, &secret).await?;
                (which.ok_or_else(|| unauthorized("the token is not known here"))?, How::Token)
            }
            None => {
                self.signed_in(request).await?.ok_or_else(|| unauthorized("this server wants a token"))?
            }
        };
        self.tokens.spend(which, now(request))?;
        let Some(token) = self.tokens.get(which) else { return Err(unauthorized("the token is gone")) };
        Ok(Some(Caller { name: token.name.clone(), role: token.role, address, how }))
    }

    /// Which token a secret is; `None`: none that is known. That is noted.
    ///
    /// # Errors
    /// 429 when too many wrong ones came.
    pub(super) async fn known(&self, request: &HttpRequest, secret: &[u8]) -> Result<Option<usize>, Problem> {
        let address = Route::of(request).and_then(|route| route.address);
        let taken = self.attempts.take(address, self.tokens.find(secret), now(request));
        let which = taken.map_err(|wait| {
            Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too many wrong tokens came from there; wait a little",
            )
            .retry_after(auth::whole_secs(wait))
        })?;
        if which.is_none() {
            denials::wrong_token(request, address).await;
        }
        Ok(which)
    }

    /// Whose session a request belongs to.
    async fn signed_in(&self, request: &HttpRequest) -> Result<Option<(usize, How)>, Problem> {
        let callboard = request.app_data::<Data<Callboard>>();
        let Some((callboard, ticket)) = callboard.zip(Ticket::of(request)) else { return Ok(None) };
        let found = sessions::find(callboard, self.sessions, &ticket, now(request)).await?;
        let Some((name, seal)) = found else { return Ok(None) };
        Ok(self.tokens.sealed(&name, &seal).map(|which| (which, How::Session(ticket))))
    }

    /// Whether a request belongs to somebody who has signed in.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub(super) async fn is_signed_in(&self, request: &HttpRequest) -> Result<bool, Problem> {
        Ok(self.signed_in(request).await?.is_some())
    }

    /// The entry of a token.
    pub(super) fn token(&self, which: usize) -> Option<&Token> {
        self.tokens.get(which)
    }

    /// How long people stay signed in.
    pub(super) fn sessions(&self) -> Sessions {
        self.sessions
    }

    /// Whoever signs out here.
    pub(super) fn sign_outs(&self) -> &SignOuts {
        &self.sign_outs
    }

    /// Whether people sign in at all.
    pub(super) fn wants_tokens(&self) -> bool {
        self.program.is_none() && !self.tokens.is_empty()
    }
}

/// The time, as the callboard has it.
pub(super) fn now(request: &HttpRequest) -> Timestamp {
    let callboard = request.app_data::<Data<Callboard>>();
    callboard.map_or_else(|| Clock::system().now(), |callboard| callboard.clock().now())
}

/// The token that comes with a request: as a bearer token, or as the password of any user.
fn presented(request: &HttpRequest) -> Option<Vec<u8>> {
    let value = request.headers().get(header::AUTHORIZATION)?;
    // What makes no sense is a wrong token, and not none.
    let Some((scheme, rest)) = value.to_str().ok().and_then(|value| value.split_once(' ')) else {
        return Some(Vec::new());
    };
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().as_bytes().to_vec());
    }
    let pair = STANDARD.decode(rest.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"));
    let password = pair.and_then(|pair| {
        let colon = pair.iter().position(|b| *b == b':')?;
        Some(pair[colon + 1..].to_vec())
    });
    Some(password.unwrap_or_default())
}

/// 401. Browsers are not told that they could ask for a password: there is a page for that.
fn unauthorized(detail: &'static str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, detail)
        .with_header(header::WWW_AUTHENTICATE, "Bearer realm=\"callboard\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    async fn status(access: &Access, request: TestRequest) -> u16 {
        let checked = access.check(&request.to_http_request()).await;
        checked.map_or_else(|p| p.status().as_u16(), |()| 200)
    }

    fn tokens() -> Tokens {
        let token = |name, role, secret| Token::of_secret(name, role, secret).unwrap();
        vec![token("v", Role::Viewer, "look"), token("o", Role::Operator, "do")].into()
    }

    fn with(path: &str, authorization: &str) -> TestRequest {
        TestRequest::with_uri(path).insert_header(("authorization", authorization))
    }

    #[actix_rt::test]
    async fn names_of_other_hosts_are_refused_where_nothing_else_protects() {
        let request = || TestRequest::with_uri("/healthz").insert_header(("host", "jobs.example"));
        assert_eq!(status(&Access::default(), request()).await, 200);
        assert_eq!(status(&Access::default().local(), request()).await, 421);
        assert_eq!(status(&Access::new(tokens()).local(), request()).await, 200);
    }

    #[actix_rt::test]
    async fn without_a_known_token_only_the_pulse_is_shown() {
        let access = Access::new(tokens());
        assert_eq!(status(&access, TestRequest::with_uri("/healthz")).await, 200);
        assert_eq!(status(&access, TestRequest::with_uri("/readyz")).await, 401);
        for bad in ["Bearer wrong", "Bearer", "Basic !", "Digest do", "do"] {
            assert_eq!(status(&access, with("/readyz", bad)).await, 401, "{bad}");
        }
        let basic = format!("Basic {}", STANDARD.encode("anybody:do"));
        assert_eq!(status(&access, with("/readyz", &basic).method(actix_web::http::Method::POST)).await, 200);
    }

    #[actix_rt::test]
    async fn the_way_a_path_is_written_opens_nothing() {
        let access = Access::new(tokens());
        for path in ["/api/maintenance/cleanup", "/api/%6daintenance/cleanup", "/%61pi/maintenance/x"] {
            let request = with(path, "Bearer do").method(actix_web::http::Method::POST);
            assert_eq!(status(&access, request).await, 403, "{path}");
        }
        for path in ["/audit", "/%61udit", "/api/%61udit"] {
            assert_eq!(status(&access, with(path, "Bearer look")).await, 403, "{path}");
        }
    }

    #[actix_rt::test]
    async fn a_program_may_say_who_does_what() {
        let access = Access::by_program(|request| match request.headers().get("x-user")?.to_str().ok()? {
            "boss" => Some(Role::Admin),
            _ => Some(Role::Viewer),
        });
        let user = |method: TestRequest, user: &str| method.uri("/api/jobs").insert_header(("x-user", user));
        assert_eq!(status(&access, TestRequest::get().uri("/api/jobs")).await, 403);
        assert_eq!(status(&access, user(TestRequest::get(), "guest")).await, 200);
        assert_eq!(status(&access, user(TestRequest::post(), "guest")).await, 403);
        assert_eq!(status(&access, user(TestRequest::post(), "boss")).await, 200);
    }
}
