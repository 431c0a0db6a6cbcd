//! Who is let in: whoever says hello, and knows the password where there is one. Passwords cannot be tried
//! out for long, and wrong ones are in the audit log.

use std::net::IpAddr;
use std::time::Duration;

use super::greeting::{Greeting, Refusal};
use super::server::Server;
use crate::domain::audit::{Actor, AuditOutcome, Deed, Verb, Via};
use crate::runtime::Callboard;
use crate::runtime::remote::Told;

/// The one password, among those that are counted.
const THE_PASSWORD: usize = 0;
/// How long a refusal waits until it is noted.
const PATIENCE: Duration = Duration::from_secs(2);

/// Looks at the first line of a client. Who it is; else what it is told before it is sent away.
pub(super) async fn admit(
    greeting: &Greeting,
    hello: &str,
    peer: Option<IpAddr>,
    callboard: &Callboard,
    server: &Server,
) -> Result<Told, String> {
    let checked = greeting.check(hello);
    if server.password().is_some() && !matches!(checked, Err(Refusal::NoHello(_))) {
        let which = checked.is_ok().then_some(THE_PASSWORD);
        if let Err(wait) = server.attempts().take(peer, which, callboard.clock().now()) {
            let secs = wait.as_millis().div_ceil(1000);
            return Err(format!("too many wrong passwords came from there; try again in {secs} s"));
        }
    }
    if checked == Err(Refusal::WrongPassword) {
        note(callboard, peer).await;
    }
    checked.map_err(|refusal| refusal.to_string())
}

/// The answer is the same whether or not it could be noted.
async fn note(callboard: &Callboard, peer: Option<IpAddr>) {
    let by = callboard.by(actor(String::new(), peer));
    let noted = by.note(Deed::new(Verb::Login, ""), AuditOutcome::Refused);
    if let Ok(Err(e)) = tokio::time::timeout(PATIENCE, noted).await {
        log::warn!("a wrong password is not in the audit log: {e}");
    }
}

/// As the audit log has a client.
pub(super) fn actor(name: String, peer: Option<IpAddr>) -> Actor {
    let address = peer.map(|peer| peer.to_canonical().to_string()).unwrap_or_default();
    Actor { name, address, via: Via::Faktory }
}
