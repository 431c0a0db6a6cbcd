//! The HTTP side: JSON in and out, and problems as RFC 9457 has them.
//!
//! A request passes `guard`, then its handler reads body and query through `fields`, where every
//! fault is gathered, and calls [`Callboard`]. Nothing is written when anything is wrong.

mod actions;
mod auth;
mod body;
mod bulk;
mod dead_letters;
mod fields;
mod filter;
mod given;
mod guard;
mod health;
mod job_feed;
mod job_patch;
mod job_types;
mod jobs;
pub mod live;
mod live_query;
mod logs;
mod maintenance;
mod metrics;
mod new_job;
mod nodes;
mod object;
mod origin;
mod pages;
mod path;
mod problem;
mod query;
mod queues;
mod refusal;
mod reply;
mod resource;
pub mod server;
pub mod sse;
pub mod stalled_peer;
mod status;
pub mod ws;
mod ws_intake;

use actix_web::HttpRequest;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};

pub use auth::Tokens;
pub use problem::Problem;

use crate::runtime::Callboard;

/// Mounts the API of a running callboard: `App::new().configure(http::configure(callboard, tokens))`.
pub fn configure(callboard: Callboard, tokens: Tokens) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config.app_data(Data::new(callboard)).app_data(Data::new(tokens));
        config.service(
            web::scope("")
                .wrap(from_fn(guard::guard))
                .configure(routes)
                .default_service(web::to(nothing_here)),
        );
    }
}

/// Every path. Where two match a request the first one takes it, so fixed words come before
/// placeholders.
fn routes(config: &mut ServiceConfig) {
    config
        .configure(health::routes)
        .configure(metrics::routes)
        .configure(jobs::routes)
        .configure(bulk::routes)
        .configure(actions::routes)
        .configure(status::routes)
        .configure(logs::routes)
        .configure(jobs::single_routes)
        .configure(dead_letters::routes)
        .configure(job_types::routes)
        .configure(queues::routes)
        .configure(nodes::routes)
        .configure(maintenance::routes)
        .configure(ws::routes::<Callboard>)
        .configure(sse::routes::<Callboard>)
        .configure(pages::routes);
}

async fn nothing_here(request: HttpRequest) -> reply::Reply {
    Err(Problem::not_found(format_args!("page or call at {}", given::shorten(request.path()))))
}
