//! The lifecycle is written once: its page and the database's partial indexes say the same.

use callboard::domain::State;
use callboard::domain::lifecycle::{self, Move};
use callboard::store::connection;
use diesel::prelude::*;
use diesel::sql_types::Text;

#[test]
fn the_page_is_made_from_the_table() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lifecycle.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(page, lifecycle::document()).unwrap();
    }
    let written = std::fs::read_to_string(page).unwrap();
    assert_eq!(written, lifecycle::document(), "UPDATE_DOCS=1 cargo test --test lifecycle writes it anew");
}

/// What a partial index of the migrated database is limited to.
fn condition(index: &str) -> String {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        sql: String,
    }
    let home = tempfile::tempdir().unwrap();
    let mut conn = connection::open_writer(&home.path().join("queue.db")).unwrap();
    connection::migrate(&mut conn).unwrap();
    let rows: Vec<Row> = diesel::sql_query("SELECT sql FROM sqlite_master WHERE type = 'index' AND name = ?")
        .bind::<Text, _>(index)
        .load(&mut conn)
        .unwrap();
    let [row] = rows.as_slice() else { panic!("no index {index}") };
    let (_, condition) = row.sql.split_once("WHERE").unwrap_or_else(|| panic!("{index} is not partial"));
    condition.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn partial_indexes_name_the_states_of_the_table() {
    let claim = lifecycle::sql_guard(Move::Claim);
    assert_eq!(condition("jobs_claim"), format!("{claim} AND held IS NULL"));
    assert_eq!(condition("jobs_held"), format!("{claim} AND held IS NOT NULL"));
    let running = format!("state = '{}'", State::Running);
    assert_eq!(condition("jobs_counted"), format!("{running} AND concurrency_key IS NOT NULL"));
    assert_eq!(condition("jobs_due"), lifecycle::sql_guard(Move::Due));
    // What final jobs have and no others: the audit of the conformance tests looks that each does.
    assert_eq!(condition("jobs_finished"), "completed_at IS NOT NULL");
}
