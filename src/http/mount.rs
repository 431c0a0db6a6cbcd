//! Putting a callboard into a program of actix-web: ours, or somebody else's.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};

use super::problem::Problem;
use super::{Access, base, given, guard, observe, reply, routes};
use crate::faktory;
use crate::runtime::Callboard;

/// A callboard's API and pages, to be mounted at the root of a program or beneath any path of it.
///
/// ```no_run
/// # fn example(callboard: callboard::Callboard) {
/// use actix_web::{App, web};
/// use callboard::http::{Access, Mount};
/// let jobs = Mount::new(callboard, Access::default());
/// let app = App::new().service(web::scope("/jobs").configure(jobs.configure()));
/// # }
/// ```
///
/// The path is not to be said again: whatever scopes have taken of a request's path is put before
/// every link, redirect and cookie. Its scope must not end in a slash. Where it is mounted at the root
/// it takes every path that is left, so it comes last.
#[derive(Clone)]
pub struct Mount {
    callboard: Callboard,
    access: Access,
    faktory: Option<Arc<faktory::Server>>,
}

impl Mount {
    /// A running callboard, and who may ask it what.
    #[must_use]
    pub fn new(callboard: Callboard, access: Access) -> Self {
        Self { callboard, access, faktory: None }
    }

    /// With what Faktory answers over HTTP, on `/stats` and `/health`.
    #[must_use]
    pub fn faktory(mut self, server: Arc<faktory::Server>) -> Self {
        self.faktory = Some(server);
        self
    }

    /// What puts it into an [`App`](actix_web::App) or a [`Scope`](actix_web::Scope).
    pub fn configure(&self) -> impl FnOnce(&mut ServiceConfig) + use<> {
        let Self { callboard, access, faktory } = self.clone();
        move |config| {
            config.app_data(Data::new(callboard)).app_data(faktory);
            mount(config, access, routes);
        }
    }
}

/// Mounts routes behind the guard, and what answers where there is none.
pub(super) fn mount(config: &mut ServiceConfig, access: Access, routes: fn(&mut ServiceConfig)) {
    let guarded =
        web::scope("").wrap(from_fn(guard::guard)).wrap(from_fn(observe::observe)).configure(routes);
    config.app_data(Data::new(access)).service(guarded.default_service(web::to(nothing_here)));
}

/// Tells that a path leads nowhere.
pub(super) async fn nothing_here(request: HttpRequest) -> reply::Reply {
    Err(Problem::not_found(format_args!("page or call at {}", given::shorten(base::inner(&request)))))
}
