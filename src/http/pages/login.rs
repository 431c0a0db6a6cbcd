//! Signing in with a token, and out again.

use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::super::access::Access;
use super::super::board::Board;
use super::super::caller::Caller;
use super::super::forwarded::Route;
use super::super::problem::Problem;
use super::super::reply::Reply;
use super::super::sessions::{self, Ticket};
use super::super::{query, resource};
use super::form::{Form, Posted};
use super::ui::Ui;
use super::visit::Visit;
use super::{own_path, page_with};
use crate::domain::audit::{Actor, Via};
use crate::runtime::Callboard;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    ui: Ui,
    /// Where to go then.
    next: String,
    /// Whether the token that was given is not known.
    is_wrong: bool,
    /// Whether the browser is to ask once more by itself.
    asks_again: bool,
}

/// Mounts the page and its actions.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/login").get(show).post(sign_in).mount(config);
    resource::at("/logout").post(sign_out).mount(config);
}

async fn show(access: Data<Access>, callboard: Data<Callboard>, visit: Visit, request: HttpRequest) -> Reply {
    let form = Form::of_query(request.query_string());
    let mut fields = query::fields(request.query_string())?;
    fields.text("next");
    query::finish(fields)?;
    let next = next(&form);
    if !access.wants_tokens() {
        return see(&next);
    }
    // A link on a page elsewhere brings no cookie along that is ours alone; what our own page asks for
    // does, and then it may turn out that the visitor has signed in already.
    let site = request.headers().get("sec-fetch-site");
    let asks_again = site.is_some_and(|site| site == "cross-site");
    if !asks_again && access.is_signed_in(&request).await? {
        return see(&next);
    }
    let ui = visit.bare_ui(callboard.clock().now());
    page_with(StatusCode::OK, &LoginPage { ui, next, is_wrong: false, asks_again })
}

async fn sign_in(
    access: Data<Access>,
    callboard: Data<Callboard>,
    visit: Visit,
    request: HttpRequest,
    Posted(form): Posted,
) -> Reply {
    let next = next(&form);
    if !access.wants_tokens() {
        return see(&next);
    }
    let secret = form.get("token").unwrap_or_default().trim();
    let which = access.known(&request, secret.as_bytes()).await?;
    let Some(token) = which.and_then(|which| access.token(which)) else {
        let ui = visit.bare_ui(callboard.clock().now());
        let asked = LoginPage { ui, next, is_wrong: true, asks_again: false };
        return page_with(StatusCode::UNAUTHORIZED, &asked);
    };
    let address = Route::of(&request).and_then(|route| route.address);
    let by =
        Actor { name: token.name.clone(), address: super::super::caller::shown(address), via: Via::Page };
    let ticket = Ticket::new()?;
    callboard.by(by).open_session(ticket.id(), token.name.clone(), sessions::seal(token)).await?;
    let mut answer = HttpResponse::SeeOther();
    answer.insert_header((header::LOCATION, next)).cookie(ticket.cookie(access.sessions()));
    Ok(answer.finish())
}

async fn sign_out(access: Data<Access>, board: Board, request: HttpRequest, _: Posted) -> Reply {
    if let Some(ticket) = Caller::of(&request).and_then(|caller| caller.ticket().cloned()) {
        board.end_session(ticket.id()).await?;
        access.sign_outs().tell();
    }
    let mut answer = HttpResponse::SeeOther();
    Ok(answer.insert_header((header::LOCATION, "/login")).cookie(sessions::taken_back()).finish())
}

/// Where the way leads that a path of ours was refused on, for a visitor who may sign in.
pub(super) fn way_in(request: &HttpRequest, wanted: &str) -> Option<HttpResponse> {
    let access = request.app_data::<Data<Access>>()?;
    if !access.wants_tokens() {
        return None;
    }
    let next = Form::default().with("next", wanted).to_query();
    let mut answer = HttpResponse::SeeOther();
    Some(answer.insert_header((header::LOCATION, format!("/login?{next}"))).finish())
}

fn next(form: &Form) -> String {
    let next = own_path(form.get("next"), "/");
    let is_ours = ["/login", "/logout"].iter().any(|path| next.starts_with(path));
    if is_ours { "/".to_owned() } else { next.to_owned() }
}

#[expect(clippy::unnecessary_wraps, reason = "it is what a handler gives back")]
fn see(path: &str) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, path)).finish())
}
