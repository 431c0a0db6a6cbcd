//! A path of the API with the methods it knows.

use std::cell::RefCell;
use std::future::ready;
use std::rc::Rc;

use actix_web::body::MessageBody;
use actix_web::http::{Method, StatusCode, header};
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, guard};

use super::observe::Route;
use super::problem::Problem;
use super::reply::Reply;

thread_local! {
    /// The resources that are mounted while somebody wants to know them.
    static LISTED: RefCell<Option<Vec<Listed>>> = const { RefCell::new(None) };
}

/// A path with the methods that it knows.
pub type Listed = (String, Vec<&'static str>);

/// The resources that a function mounts.
pub(super) fn listed(routes: impl FnOnce(&mut ServiceConfig)) -> Vec<Listed> {
    LISTED.set(Some(Vec::new()));
    drop(actix_web::App::new().configure(routes));
    LISTED.take().unwrap_or_default()
}

/// Builds a resource that answers HEAD where it answers GET, tells OPTIONS what it knows, and any
/// other method with 405 and `Allow`.
pub(crate) struct Methods {
    path: String,
    resource: Resource,
    known: Vec<&'static str>,
}

/// Begins a resource at `path`.
pub(crate) fn at(path: &str) -> Methods {
    Methods {
        path: path.to_owned(),
        resource: web::resource(path).app_data(Route::new(path)),
        known: Vec::new(),
    }
}

/// What a method's handler has to be. It only gives a name to a list of bounds.
pub(crate) trait Handles<Args>:
    Handler<Args, Output: Responder<Body: MessageBody + 'static> + 'static>
{
}

impl<Args, H> Handles<Args> for H where
    H: Handler<Args, Output: Responder<Body: MessageBody + 'static> + 'static>
{
}

impl Methods {
    /// Answers GET and HEAD.
    pub(crate) fn get<Args: FromRequest + 'static>(mut self, handler: impl Handles<Args>) -> Self {
        let either = guard::Any(guard::Get()).or(guard::Head());
        self.known.extend(["GET", "HEAD"]);
        self.resource = self.resource.route(web::route().guard(either).to(handler));
        self
    }

    /// Answers GET alone, with something that has no end: HEAD would wait for it.
    pub(crate) fn stream<Args: FromRequest + 'static>(self, handler: impl Handles<Args>) -> Self {
        self.method("GET", Method::GET, handler)
    }

    /// Answers POST.
    pub(crate) fn post<Args: FromRequest + 'static>(self, handler: impl Handles<Args>) -> Self {
        self.method("POST", Method::POST, handler)
    }

    /// Answers PUT.
    pub(crate) fn put<Args: FromRequest + 'static>(self, handler: impl Handles<Args>) -> Self {
        self.method("PUT", Method::PUT, handler)
    }

    /// Answers PATCH.
    pub(crate) fn patch<Args: FromRequest + 'static>(self, handler: impl Handles<Args>) -> Self {
        self.method("PATCH", Method::PATCH, handler)
    }

    /// Answers DELETE.
    pub(crate) fn delete<Args: FromRequest + 'static>(self, handler: impl Handles<Args>) -> Self {
        self.method("DELETE", Method::DELETE, handler)
    }

    fn method<Args: FromRequest + 'static>(
        mut self,
        name: &'static str,
        method: Method,
        handler: impl Handles<Args>,
    ) -> Self {
        self.known.push(name);
        self.resource = self.resource.route(web::method(method).to(handler));
        self
    }

    /// Puts the resource in its place.
    pub(crate) fn mount(mut self, config: &mut ServiceConfig) {
        LISTED.with_borrow_mut(|listed| {
            if let Some(listed) = listed {
                listed.push((self.path, self.known.clone()));
            }
        });
        self.known.push("OPTIONS");
        let allow: Rc<str> = self.known.join(", ").into();
        let refuse = move |method: Method| ready(refusal(&method, &allow));
        config.service(self.resource.default_service(web::to(refuse)));
    }
}

fn refusal(method: &Method, allow: &str) -> Reply {
    if method == Method::OPTIONS {
        return Ok(HttpResponse::NoContent().insert_header((header::ALLOW, allow)).finish());
    }
    let detail = format!("{method} is not known here; known are {allow}");
    Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail).with_header(header::ALLOW, allow))
}
