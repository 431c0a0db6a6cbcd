//! The HTTP side: JSON in and out, and problems as RFC 9457 has them.
//!
//! A request passes `guard`, then its handler reads body and query through `fields`, where every
//! fault is gathered, and calls [`Callboard`]. Nothing is written when anything is wrong.

mod access;
mod actions;
mod audit;
mod auth;
mod base;
mod board;
mod body;
mod bulk;
mod caller;
mod dead_letters;
mod denials;
mod fields;
mod filter;
mod forwarded;
#[cfg(fuzzing)]
pub mod fuzzing;
mod given;
mod guard;
mod health;
mod host;
pub mod idle_peer;
mod in_flight;
mod job_feed;
mod job_patch;
mod job_types;
mod jobs;
pub mod live;
mod logs;
mod maintenance;
mod metrics;
mod mount;
mod new_job;
mod new_workflow;
mod nodes;
mod object;
mod observe;
pub mod openapi;
mod origin;
mod pages;
mod path;
mod pauses;
mod plans;
mod problem;
mod query;
mod queues;
mod remote;
mod reply;
mod resource;
mod schedules;
pub mod server;
mod session_end;
mod sessions;
mod signals;
mod sse;
pub mod stalled_peer;
mod status;
mod steps;
mod watch;
mod workflows;
mod ws;
mod ws_intake;

use actix_web::web::ServiceConfig;

pub use access::Access;
pub use auth::Tokens;
pub use mount::Mount;
pub use problem::Problem;

use crate::runtime::Callboard;

/// Every path with the methods that it knows: for tests that look at all of them.
#[doc(hidden)]
#[must_use]
pub fn known_routes() -> Vec<resource::Listed> {
    resource::listed(routes)
}

/// Every path. Where two match a request the first one takes it, so fixed words come before
/// placeholders.
fn routes(config: &mut ServiceConfig) {
    config.configure(api_routes).configure(pages::routes);
}

/// Every path of the API. Each call has an entry in the OpenAPI document.
fn api_routes(config: &mut ServiceConfig) {
    config
        .configure(openapi::routes)
        .configure(health::routes)
        .configure(metrics::routes)
        .configure(jobs::routes)
        .configure(bulk::routes)
        .configure(actions::routes)
        .configure(status::routes)
        .configure(logs::routes)
        .configure(steps::routes)
        .configure(signals::routes)
        .configure(jobs::single_routes)
        .configure(dead_letters::routes)
        .configure(pauses::routes)
        .configure(job_types::routes)
        .configure(queues::routes)
        .configure(nodes::routes)
        .configure(remote::routes)
        .configure(plans::routes)
        .configure(workflows::routes)
        .configure(schedules::routes)
        .configure(maintenance::routes)
        .configure(audit::routes)
        .configure(live::routes::<Callboard>);
}
