//! Notices that an actor is gone. Actix restarts an actor that stops, but not one that panics; an
//! actor that panics is dropped, though, and so is what it holds.

use std::sync::Arc;

use actix::Message;

use super::shared::Shared;

/// An actor is gone that should not be.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Gone(pub String);

/// Held by an actor; tells the supervisor when it is dropped: the one that is there then, which may
/// be another than the one that started the actor.
pub struct Guard {
    name: String,
    shared: Arc<Shared>,
}

impl Guard {
    /// Tells that `name` is gone.
    #[must_use]
    pub fn new(name: impl Into<String>, shared: &Arc<Shared>) -> Self {
        let name = name.into();
        shared.metrics.actor_restarts.expect(&[&name]);
        Self { name, shared: shared.clone() }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(supervisor) = self.shared.with_actors(|actors| actors.supervisor.clone()) {
            supervisor.tell(Gone(std::mem::take(&mut self.name)));
        }
    }
}
