//! The way to an actor, which knows how many messages wait there. Actix does not tell.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Handler, Message};

/// See the module. Cloning gives another way to the same actor.
pub struct Mailbox<A: Actor> {
    address: Addr<A>,
    waiting: Arc<AtomicUsize>,
}

impl<A: Actor> Clone for Mailbox<A> {
    fn clone(&self) -> Self {
        Self { address: self.address.clone(), waiting: self.waiting.clone() }
    }
}

/// The place that a message takes in a mailbox until the actor begins with it, or is gone.
#[derive(Debug)]
pub struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// A message and its place.
pub struct Letter<M> {
    message: M,
    _place: Place,
}

impl<M> Letter<M> {
    /// Takes the message out.
    pub fn open(self) -> M {
        self.message
    }
}

impl<M: Message<Result = ()>> Message for Letter<M> {
    type Result = ();
}

/// Lets an actor open letters with these messages in them; its own handlers take those.
macro_rules! opens_letters {
    ($actor:ty: $($message:ty),+) => {$(
        impl actix::Handler<$crate::runtime::mailbox::Letter<$message>> for $actor {
            type Result = ();

            fn handle(
                &mut self,
                letter: $crate::runtime::mailbox::Letter<$message>,
                ctx: &mut Self::Context,
            ) {
                actix::Handler::<$message>::handle(self, letter.open(), ctx);
            }
        }
    )+};
}
pub(super) use opens_letters;

impl<A: Actor> Mailbox<A> {
    /// The way to this actor.
    #[must_use]
    pub fn new(address: Addr<A>) -> Self {
        Self { address, waiting: Arc::default() }
    }

    /// The actor itself: what is sent there is not counted.
    #[must_use]
    pub fn address(&self) -> &Addr<A> {
        &self.address
    }

    /// How many messages wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }

    /// A place for a message that carries it itself.
    #[must_use]
    pub fn place(&self) -> Place {
        self.waiting.fetch_add(1, Relaxed);
        Place(self.waiting.clone())
    }

    /// Sends a message of which nobody waits for an answer, past the limit of the mailbox.
    pub fn tell<M>(&self, message: M)
    where
        M: Message<Result = ()> + Send + 'static,
        A: Handler<Letter<M>>,
        A::Context: ToEnvelope<A, Letter<M>>,
    {
        self.address.do_send(Letter { message, _place: self.place() });
    }
}
