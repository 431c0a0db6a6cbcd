//! The other nodes: what they tell goes the way of what happens here, and the other way round.

use std::sync::{Arc, Weak};

use super::far_logs;
use super::shared::Shared;
use crate::config::Database;
use crate::store::exchange::{self, Heard};
use crate::store::news::News;
use crate::store::talk::Talk;
use crate::store::{Committed, StoreResult};

/// Connects a runtime with the other nodes of its store, if it may have any.
///
/// # Errors
/// When a thread cannot be started.
pub fn join(shared: &Arc<Shared>) -> StoreResult<()> {
    let Database::Postgres(at) = &shared.options.database else { return Ok(()) };
    let me = Arc::downgrade(shared);
    let post = exchange::begin(at, move |heard| hear(&me, heard))?;
    shared.hub.tell_others(post.clone());
    shared.tell_others(post);
    Ok(())
}

/// Whether there is still somebody who listens.
fn hear(shared: &Weak<Shared>, heard: Heard) -> bool {
    let Some(shared) = shared.upgrade() else { return false };
    match heard {
        Heard::News(news) => {
            let News { commit, dropped, talk } = *news;
            shared.hub.miss(dropped);
            shared.hear_commit(commit);
            for said in talk {
                hear_talk(&shared, said);
            }
        }
        // Whatever was told meanwhile: everything is looked at once.
        Heard::Tuned => {
            let now = Some(shared.clock.now());
            let all = Committed {
                due: now,
                fires: now,
                settings: true,
                arrivals: true,
                doomed: true,
                ..Committed::default()
            };
            shared.hear_commit(all);
        }
    }
    true
}

fn hear_talk(shared: &Arc<Shared>, said: Talk) {
    match said {
        Talk::Listen(listen) => shared.hub.listened_to(&listen),
        Talk::LostLines(n) => shared.hub.miss_lines(n),
        Talk::Ask(ask) => far_logs::answer(shared, ask),
        Talk::Answer(piece) => shared.far_logs.take(piece),
    }
}
