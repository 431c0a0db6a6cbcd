//! What was not allowed, in the audit log: wrong tokens, and roles that are not enough. There is an
//! end to how much of that is noted.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::Data;
use serde_json::json;

use super::base;
use super::caller::{Caller, shown, via};
use super::given::shorten;
use crate::domain::Timestamp;
use crate::domain::audit::{Actor, AuditOutcome, Deed, Verb};
use crate::domain::throttle::{Rate, Used};
use crate::runtime::Callboard;

/// Refusals that are noted.
const NOTED: Rate = Rate { limit: 100, per: Duration::from_secs(60) };

/// How long a refusal waits until it is noted.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many were noted of late.
#[derive(Clone, Debug, Default)]
pub(super) struct Denials(Arc<Mutex<Used>>);

impl Denials {
    /// Notes that somebody asked for what their role does not allow.
    pub async fn note(&self, request: &HttpRequest, caller: &Caller, path: &str, now: Timestamp) {
        if !self.may_note(now) {
            return;
        }
        let detail = json!({"method": request.method().as_str(), "role": caller.role.as_str()});
        let deed = Deed::new(Verb::Denied, shorten(path)).with(detail);
        note(request, caller.actor(via(path)), deed).await;
    }

    fn may_note(&self, now: Timestamp) -> bool {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let may = used.wait(NOTED, now).is_none();
        if may {
            used.take(NOTED, now);
        }
        may
    }
}

/// Notes that somebody came with a token that is not known. There are limits to that already.
pub(super) async fn wrong_token(request: &HttpRequest, address: Option<IpAddr>) {
    let actor = Actor { name: String::new(), address: shown(address), via: via(base::inner(request)) };
    note(request, actor, Deed::new(Verb::Login, "")).await;
}

/// The answer is the same whether or not it could be noted.
async fn note(request: &HttpRequest, actor: Actor, deed: Deed) {
    let Some(callboard) = request.app_data::<Data<Callboard>>() else { return };
    let by = callboard.by(actor);
    if let Ok(Err(e)) = tokio::time::timeout(PATIENCE, by.note(deed, AuditOutcome::Refused)).await {
        log::warn!("a refusal is not in the audit log: {e}");
    }
}
