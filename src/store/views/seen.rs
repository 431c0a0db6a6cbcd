//! What was seen before.

use diesel::prelude::*;

use crate::store::schema::seen_items;
use crate::store::sql::Conn;

/// Whether anything of a scope was ever seen.
pub fn any(conn: &mut Conn, scope: &str) -> QueryResult<bool> {
    let found: Option<i64> = seen_items::table
        .filter(seen_items::scope.eq(scope))
        .select(seen_items::at)
        .first(conn)
        .optional()?;
    Ok(found.is_some())
}
