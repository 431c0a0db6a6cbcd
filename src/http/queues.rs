//! Queues: what is in them.

use actix_web::web::{Data, ServiceConfig};

use super::query::NoQuery;
use super::reply::{self, Reply};
use super::resource;
use crate::runtime::Callboard;

/// Mounts the call.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/api/queues").get(list).mount(config);
}

async fn list(callboard: Data<Callboard>, _: NoQuery) -> Reply {
    reply::list("queues", &callboard.queues().await?)
}
