//! People who have signed in with a token.

use super::Callboard;
use crate::domain::audit::{Deed, Verb};
use crate::error::Error;
use crate::store::views::sessions::Session;
use crate::store::{verbs, views};

impl Callboard {
    /// Begins a session with a token: `id` is the hash of what the browser holds.
    ///
    /// # Errors
    /// [`Error::ShuttingDown`], [`Error::Unavailable`].
    pub async fn open_session(&self, id: String, token: String, seal: String) -> Result<(), Error> {
        self.refuse_when_draining()?;
        let now = self.shared.clock.now();
        let open = move |tx: &mut crate::store::Tx<'_>| verbs::sessions::open(tx, &id, &token, &seal, now);
        self.change(Deed::new(Verb::Login, ""), open).await
    }

    /// A session, however old it is.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn session(&self, id: String) -> Result<Option<Session>, Error> {
        self.read(move |conn| views::sessions::session(conn, &id)).await
    }

    /// Notes that a session was used.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn see_session(&self, id: String) -> Result<(), Error> {
        let now = self.shared.clock.now();
        self.write(move |tx| verbs::sessions::see(tx, &id, now)).await
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn end_session(&self, id: String) -> Result<(), Error> {
        let noted = self.noted(Deed::new(Verb::Logout, ""));
        let end = move |tx: &mut crate::store::Tx<'_>| match verbs::sessions::end(tx, &id)? {
            true => noted.note(tx),
            false => Ok(()),
        };
        self.write(end).await
    }
}
