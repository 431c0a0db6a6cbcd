//! The snapshot of a media library.

use diesel::prelude::*;

use crate::domain::{Json, LibraryItem, LibraryKind, LibraryPass, Timestamp};
use crate::store::schema::{library_items, library_passes};
use crate::store::sql::Conn;

#[derive(Queryable, Selectable)]
#[diesel(table_name = library_passes)]
struct PassRow {
    source: String,
    number: i64,
    full: bool,
    running: bool,
    since: Option<i64>,
    position: i64,
    seen: i64,
    newest: Option<i64>,
    finished_newest: Option<i64>,
    full_at: Option<i64>,
}

/// The pass of a kind that is under way, or was the last one.
pub fn pass(conn: &mut Conn, kind: LibraryKind) -> QueryResult<Option<LibraryPass>> {
    let row: Option<PassRow> =
        library_passes::table.find(kind.as_str()).select(PassRow::as_select()).first(conn).optional()?;
    let time = |ms: Option<i64>| ms.map(Timestamp::from_millis);
    Ok(row.map(|row| LibraryPass {
        kind,
        source: row.source,
        number: row.number,
        full: row.full,
        running: row.running,
        since: time(row.since),
        position: row.position,
        seen: row.seen,
        newest: time(row.newest),
        finished_newest: time(row.finished_newest),
        full_at: time(row.full_at),
    }))
}

/// How many things of a kind there are.
pub fn count(conn: &mut Conn, kind: LibraryKind) -> QueryResult<i64> {
    library_items::table.filter(library_items::kind.eq(kind.as_str())).count().get_result(conn)
}

/// Things of a kind by id, those after `after`.
pub fn items(conn: &mut Conn, kind: LibraryKind, after: i64, limit: i64) -> QueryResult<Vec<LibraryItem>> {
    let rows: Vec<(i64, String, String)> = library_items::table
        .filter(library_items::kind.eq(kind.as_str()).and(library_items::id.gt(after)))
        .order(library_items::id)
        .limit(limit)
        .select((library_items::id, library_items::updated_at, library_items::data))
        .load(conn)?;
    let item = |(id, updated_at, data): (i64, String, String)| LibraryItem {
        id,
        updated_at,
        data: Json::trusted(data),
    };
    Ok(rows.into_iter().map(item).collect())
}
