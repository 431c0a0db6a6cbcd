//! What every answer on a page's path wears: headers that keep browsers strict, the cookie of the
//! forms, and, when it is a problem, a page instead of JSON.

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse};
use askama::Template;

use super::csrf::{self, Csrf};
use super::login;
use super::notice;
use super::own_path;
use super::ui::Ui;
use super::visit::Visit;
use crate::http::base::{self, Base};
use crate::http::forwarded::Route;
use crate::http::origin;
use crate::http::problem::Problem;
use crate::runtime::Callboard;

const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Not "no-referrer": browsers would then say `Origin: null` with our own forms.
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    ui: Ui,
    status: u16,
    detail: String,
    errors: Vec<crate::error::FieldFault>,
    /// The page of ours that led here.
    back: Option<String>,
    /// Whether to ask for the same page again may help.
    again: bool,
}

impl ErrorPage {
    /// The message that sums it up.
    const fn heading(&self) -> &'static str {
        match self.status {
            400 | 422 => "error-422",
            401 => "error-401",
            403 => "error-403",
            404 => "error-404",
            409 => "error-409",
            503 => "error-503",
            _ => "error-other",
        }
    }
}

/// Lets a request pass and dresses its answer.
pub(super) async fn dress<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let csrf = Csrf::of(request.request());
    request.extensions_mut().insert(csrf.clone());
    let answer = next.call(request).await?;
    let problem = answer.response().error().and_then(|error| error.as_error::<Problem>());
    let page = problem.and_then(|problem| error_page(answer.request(), problem));
    let mut answer = match page {
        Some(page) => answer.into_response(page.map_into_right_body()),
        None => answer.map_into_left_body(),
    };
    let said = answer.status() == StatusCode::OK && answer.request().cookie(notice::NAME).is_some();
    let headers = answer.headers_mut();
    make_strict(headers);
    if csrf.is_new {
        set_cookie(headers, &session_cookie(csrf::NAME, csrf.token));
    }
    if said {
        let mut gone = session_cookie(notice::NAME, String::new());
        gone.set_max_age(time::Duration::ZERO);
        set_cookie(headers, &gone);
    }
    Ok(answer)
}

/// The answer to a request that did not get as far as this: a page for a person, JSON for a program.
pub(in crate::http) fn refusal(request: &HttpRequest, problem: &Problem) -> HttpResponse {
    if problem.status() == StatusCode::UNAUTHORIZED
        && let Some(mut way) = way_in(request)
    {
        make_strict(way.headers_mut());
        return way;
    }
    let Some(mut page) = error_page(request, problem) else { return problem.response() };
    make_strict(page.headers_mut());
    page
}

/// Leads a person who has not signed in to where they can, and back from there to what they wanted to
/// see, or to where they were.
fn way_in(request: &HttpRequest) -> Option<HttpResponse> {
    if !wants_page(request) {
        return None;
    }
    let wanted = match request.method().is_safe() {
        true => Visit::of(request).into_here(),
        false => referrer(request).unwrap_or_else(|| "/".to_owned()),
    };
    login::way_in(request, &wanted)
}

fn make_strict(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
}

/// A cookie that scripts cannot read and that no other site can have sent.
pub(in crate::http) fn session_cookie(name: &'static str, value: String) -> Cookie<'static> {
    Cookie::build(name, value).path("/").http_only(true).same_site(SameSite::Strict).finish()
}

fn set_cookie(headers: &mut HeaderMap, cookie: &Cookie<'_>) {
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        headers.append(header::SET_COOKIE, value);
    }
}

/// The page for a problem, if a person is to read it.
fn error_page(request: &HttpRequest, problem: &Problem) -> Option<HttpResponse> {
    if !wants_page(request) {
        return None;
    }
    let now = request.app_data::<Data<Callboard>>()?.clock().now();
    let status = problem.status();
    let visit = Visit::of(request);
    let is_stranger = visit.is_stranger || status == StatusCode::UNAUTHORIZED;
    let may_pass_by_itself = is_stranger || status == StatusCode::SERVICE_UNAVAILABLE;
    let page = ErrorPage {
        ui: Ui { is_stranger, ..visit.bare_ui(now) },
        status: status.as_u16(),
        detail: problem.detail().to_owned(),
        errors: problem.errors().to_vec(),
        back: referrer(request),
        again: may_pass_by_itself && request.method() == Method::GET,
    };
    let html = page.render().ok()?;
    let mut answer = problem.response();
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    Some(answer.set_body(BoxBody::new(html)))
}

/// The page that a visitor came from, if it is another one of ours.
fn referrer(request: &HttpRequest) -> Option<String> {
    let named = request.headers().get(header::REFERER)?.to_str().ok()?;
    // Not the host of `connection_info`: anybody may send the headers of a proxy.
    let is_ours = origin::is_same(named, &Route::of(request)?.host);
    let named = url::Url::parse(named).ok()?;
    let path = &named[url::Position::BeforePath..];
    let is_other = request.uri().path_and_query().is_none_or(|here| here.as_str() != path);
    let path = Base::of(request).strip(path)?.to_owned();
    (is_ours && is_other && own_path(Some(&path), "") == path).then_some(path)
}

fn wants_page(request: &HttpRequest) -> bool {
    let accepted = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    !base::inner(request).starts_with("/api/") && accepted.is_some_and(|types| types.contains("text/html"))
}
