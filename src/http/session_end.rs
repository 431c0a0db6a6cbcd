//! What somebody who has signed in watches ends when they are signed in no more.

use std::future::{Future, pending};
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::Data;
use tokio::sync::watch;

use super::access::Access;
use super::caller::Caller;
use super::sessions::{self, Ticket};
use crate::runtime::Callboard;

/// How often is looked whether a session was ended on another node.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// Tells those who wait here that somebody has signed out. Cloning gives another handle to the same
/// one.
#[derive(Clone, Debug, Default)]
pub(super) struct SignOuts(watch::Sender<()>);

impl SignOuts {
    /// Somebody has.
    pub fn tell(&self) {
        self.0.send_replace(());
    }
}

/// Returns once the session that a request belongs to is over: signed out of, not used for long, or too
/// old. To watch is not to use it. Never returns for a request that belongs to none.
pub(super) fn of(request: &HttpRequest) -> impl Future<Output = ()> + use<> {
    let access = request.app_data::<Data<Access>>().cloned();
    let callboard = request.app_data::<Data<Callboard>>().cloned();
    let ticket = Caller::of(request).and_then(|caller| caller.ticket().cloned());
    async move {
        match (access, callboard, ticket) {
            (Some(access), Some(callboard), Some(ticket)) => over(&access, &callboard, &ticket).await,
            _ => pending().await,
        }
    }
}

async fn over(access: &Access, callboard: &Callboard, ticket: &Ticket) {
    let clock = callboard.clock();
    let mut sign_outs = access.sign_outs().0.subscribe();
    loop {
        sign_outs.mark_unchanged();
        let look_again = clock.now().plus(LOOK_EVERY);
        let until = match callboard.session(ticket.id()).await {
            Ok(Some(session)) => {
                let end = sessions::end(access.sessions(), &session);
                if end <= clock.now() {
                    return;
                }
                end.min(look_again)
            }
            Ok(None) => return,
            // Nobody is sent away for a store that is.
            Err(_) => look_again,
        };
        tokio::select! {
            () = clock.sleep_until(until) => {}
            _ = sign_outs.changed() => {}
        }
    }
}
