//! Notices that an actor is gone. Actix restarts an actor that stops, but not one that panics; an
//! actor that panics is dropped, though, and so is what it holds.

use actix::{Message, Recipient};

/// An actor is gone that should not be.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Gone(pub String);

/// Held by an actor; tells somebody when it is dropped.
pub struct Guard {
    name: String,
    tell: Option<Recipient<Gone>>,
}

impl Guard {
    /// Tells `tell` that `name` is gone.
    #[must_use]
    pub fn new(name: impl Into<String>, tell: Recipient<Gone>) -> Self {
        Self { name: name.into(), tell: Some(tell) }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(tell) = self.tell.take() {
            tell.do_send(Gone(std::mem::take(&mut self.name)));
        }
    }
}
