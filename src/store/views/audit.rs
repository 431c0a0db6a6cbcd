//! The audit log.

use diesel::prelude::*;

use crate::domain::audit::{AuditEntry, AuditFilter};
use crate::domain::{Json, Timestamp};
use crate::store::schema::audit;
use crate::store::sql::{Conn, Db};

/// Where a page of the log ends: when its last entry was made, and its number.
pub type Place = (Timestamp, i64);

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit)]
struct Row {
    id: i64,
    at: i64,
    who: String,
    via: String,
    address: String,
    verb: String,
    object: String,
    detail: String,
    outcome: String,
}

/// Entries, the latest first: those behind a place.
pub fn audit(
    conn: &mut Conn,
    filter: &AuditFilter,
    after: Option<Place>,
    limit: i64,
) -> QueryResult<Vec<AuditEntry>> {
    let mut query = audit::table
        .order((audit::at.desc(), audit::id.desc()))
        .limit(limit)
        .select(Row::as_select())
        .into_boxed::<Db>();
    if let Some((at, id)) = after {
        // The first of the two is where the index begins.
        let at = at.as_millis();
        query = query.filter(audit::at.le(at)).filter(audit::at.lt(at).or(audit::id.lt(id)));
    }
    if let Some(who) = &filter.who {
        query = query.filter(audit::who.eq(who));
    }
    if let Some(what) = filter.what {
        query = query.filter(audit::verb.eq(what.as_str()));
    }
    if let Some(object) = &filter.object {
        query = query.filter(audit::object.eq(object));
    }
    if let Some(since) = filter.since {
        query = query.filter(audit::at.ge(since.as_millis()));
    }
    if let Some(until) = filter.until {
        query = query.filter(audit::at.lt(until.as_millis()));
    }
    Ok(query.load(conn)?.into_iter().map(entry).collect())
}

fn entry(row: Row) -> AuditEntry {
    let known = |text: String| (!text.is_empty()).then_some(text);
    AuditEntry {
        id: row.id,
        at: Timestamp::from_millis(row.at),
        who: known(row.who),
        via: row.via,
        address: known(row.address),
        what: row.verb,
        object: row.object,
        detail: Json::trusted(row.detail),
        outcome: row.outcome,
    }
}
