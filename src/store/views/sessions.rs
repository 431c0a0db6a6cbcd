//! People who have signed in.

use diesel::prelude::*;

use crate::domain::Timestamp;
use crate::store::schema::sessions;
use crate::store::sql::Conn;

/// A session as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The name of the token that it was begun with.
    pub token: String,
    /// Another one once the token of that name is another one.
    pub seal: String,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it was used, to within a minute.
    pub seen_at: Timestamp,
}

/// One session.
pub fn session(conn: &mut Conn, id: &str) -> QueryResult<Option<Session>> {
    let row: Option<(String, String, i64, i64)> = sessions::table
        .filter(sessions::id.eq(id))
        .select((sessions::token, sessions::seal, sessions::created_at, sessions::seen_at))
        .first(conn)
        .optional()?;
    Ok(row.map(|(token, seal, created_at, seen_at)| Session {
        token,
        seal,
        created_at: Timestamp::from_millis(created_at),
        seen_at: Timestamp::from_millis(seen_at),
    }))
}
