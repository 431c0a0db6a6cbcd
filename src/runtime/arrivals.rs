//! Jobs that were stored on callers' own connections: they begin their life here once the caller's
//! transaction has committed.

use std::sync::Arc;

use super::ends::Pause;
use super::shared::Shared;
use crate::store::StoreError;
use crate::store::verbs::arrivals::{self, CHUNK};

/// Takes in all that there is. On an embedded database the write waits until the transaction that
/// has just written is over, since there is one writer at a time.
pub async fn take_in(shared: Arc<Shared>) {
    let mut pause = Pause::default();
    loop {
        match shared.store.write(arrivals::take_in).await {
            Ok(CHUNK) => {}
            Ok(_) | Err(StoreError::Closed) => return,
            Err(e) => {
                log::warn!("what was stored on a caller's connection cannot be taken in yet: {e}");
                pause.wait(&shared.clock).await;
            }
        }
    }
}
