//! What a copy leaves in its target until it is whole: where it comes from, and how far it is.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::store::error::{StoreError, StoreResult};
use crate::store::schema::meta;
use crate::store::sql::Conn;

const NAME: &str = "copy";
const INSTANCE: &str = "instance";

/// See the module.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Mark {
    /// The name of the store that is copied.
    pub from: String,
    /// The key of the last row of each table that was begun, as a JSON array.
    pub places: BTreeMap<String, String>,
}

impl Mark {
    /// The one that is there.
    pub fn load(conn: &mut Conn) -> StoreResult<Option<Self>> {
        let text: Option<String> =
            meta::table.filter(meta::name.eq(NAME)).select(meta::value).first(conn).optional()?;
        let read =
            |text: String| serde_json::from_str(&text).map_err(|e| StoreError::Database(e.to_string()));
        text.map(read).transpose()
    }

    /// Writes it.
    pub fn save(&self, conn: &mut Conn) -> StoreResult<()> {
        let text = serde_json::to_string(self).map_err(|e| StoreError::Database(e.to_string()))?;
        if diesel::update(meta::table.filter(meta::name.eq(NAME))).set(meta::value.eq(&text)).execute(conn)?
            == 0
        {
            diesel::insert_into(meta::table)
                .values((meta::name.eq(NAME), meta::value.eq(&text)))
                .execute(conn)?;
        }
        Ok(())
    }
}

/// The copy is whole.
pub(super) fn remove(conn: &mut Conn) -> StoreResult<()> {
    diesel::delete(meta::table.filter(meta::name.eq(NAME))).execute(conn)?;
    Ok(())
}

/// The name of a store.
pub(super) fn instance(conn: &mut Conn) -> StoreResult<String> {
    Ok(meta::table.filter(meta::name.eq(INSTANCE)).select(meta::value).first(conn)?)
}

/// Makes sure that no copy was left in the middle.
///
/// # Errors
/// When one was: half a queue must not be worked on.
pub fn refuse_half_a_copy(conn: &mut Conn) -> StoreResult<()> {
    match Mark::load(conn)? {
        None => Ok(()),
        Some(_) => Err(StoreError::Database(
            "this database holds a copy that was not finished; run the same `callboard migrate copy` again, which goes on \
             where it stopped, or empty the database"
                .into(),
        )),
    }
}
