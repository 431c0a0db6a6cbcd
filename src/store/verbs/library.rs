//! The snapshot of a media library, page by page.

use crate::domain::{LibraryKind, LibraryPage, LibraryPass, Timestamp};
use crate::error::Error;
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;

statement!(
    Begin,
    "INSERT INTO library_passes (kind, source, number, \"full\", running, since, position, seen, newest, \
     finished_newest, full_at) VALUES (?, ?, ?, ?, TRUE, ?, 0, 0, NULL, ?, ?) \
     ON CONFLICT (kind) DO UPDATE SET source = excluded.source, number = excluded.number, \
     \"full\" = excluded.\"full\", running = TRUE, since = excluded.since, position = 0, seen = 0, \
     newest = NULL, finished_newest = excluded.finished_newest, full_at = excluded.full_at \
     WHERE library_passes.number < excluded.number"
);
statement!(
    Advance,
    "UPDATE library_passes SET position = ?, seen = ?, newest = ? \
     WHERE kind = ? AND number = ? AND running AND position < ?"
);
statement!(
    Keep,
    "INSERT INTO library_items (kind, id, pass, updated_at, data) VALUES (?, ?, ?, ?, ?) \
     ON CONFLICT (kind, id) DO UPDATE SET pass = excluded.pass, updated_at = excluded.updated_at, \
     data = excluded.data"
);
statement!(
    Finish,
    "UPDATE library_passes SET running = FALSE, finished_newest = COALESCE(newest, finished_newest), \
     full_at = CASE WHEN \"full\" THEN ? ELSE full_at END WHERE kind = ? AND number = ? AND running"
);
statement!(Forget, "DELETE FROM library_items WHERE kind = ? AND pass <> ?");

/// Begins a pass. What an earlier one left open is given up.
///
/// # Errors
/// Refused when a later pass has begun already.
pub fn begin(tx: &mut Tx<'_>, pass: &LibraryPass) -> StoreResult<()> {
    let begun = tx.run::<Begin>(binds![
        pass.kind.as_str(),
        &pass.source,
        pass.number,
        pass.full,
        pass.since,
        pass.finished_newest,
        pass.full_at,
    ])?;
    if begun == 0 { Err(overtaken(pass.kind)) } else { Ok(()) }
}

/// Keeps a page and where the pass goes on.
///
/// # Errors
/// Refused when another run has gone on with this pass, or begun a later one.
pub fn save_page(tx: &mut Tx<'_>, page: &LibraryPage) -> StoreResult<()> {
    let pass = &page.pass;
    let kind = pass.kind.as_str();
    let position = pass.position;
    let moved = tx.run::<Advance>(binds![position, pass.seen, pass.newest, kind, pass.number, position])?;
    if moved == 0 {
        return Err(overtaken(pass.kind));
    }
    for item in &page.items {
        tx.run::<Keep>(binds![kind, item.id, pass.number, &item.updated_at, item.data.as_str()])?;
    }
    Ok(())
}

/// Ends a pass. With `forget`, what it did not see is gone from the library, and is deleted; returns
/// how many things that were.
///
/// # Errors
/// Refused when a later pass has begun.
pub fn finish(
    tx: &mut Tx<'_>,
    kind: LibraryKind,
    number: i64,
    forget: bool,
    now: Timestamp,
) -> StoreResult<i64> {
    if tx.run::<Finish>(binds![now, kind.as_str(), number])? == 0 {
        return Err(overtaken(kind));
    }
    if !forget {
        return Ok(0);
    }
    let deleted = tx.run::<Forget>(binds![kind.as_str(), number])?;
    Ok(i64::try_from(deleted).unwrap_or(i64::MAX))
}

fn overtaken(kind: LibraryKind) -> crate::store::StoreError {
    Error::Conflict(format!("another run reads the {kind}s of the library")).into()
}
