//! One process owns an embedded database.

use callboard::store::Store;

use crate::support::TestStore;

fn open_again(b: &TestStore) -> Result<Store, callboard::store::StoreError> {
    Store::open(&b.database(), 1, Box::new(|_| {}))
}

/// Only of a database that is a file.
#[actix_rt::test]
async fn a_second_owner_is_told_who_the_first_is() {
    let b = TestStore::sqlite();
    let Err(refusal) = open_again(&b) else { panic!("two owners") };
    let refusal = refusal.to_string();
    let pid = std::process::id();
    assert!(refusal.contains(&format!("in use by process {pid}")), "{refusal}");
    assert!(refusal.contains(&b.database().display().to_string()), "{refusal}");
}

#[actix_rt::test]
async fn what_was_stored_is_there_for_the_next_owner() {
    let b = TestStore::sqlite();
    let id = b.enqueue(callboard::NewJob::new("t").key("k")).await;
    let before = b.picture().await;
    b.store.close().await;
    let refused = b.try_enqueue(callboard::NewJob::new("t")).await;
    assert_eq!(refused.unwrap_err().to_string(), "the store is closed");
    let next = open_again(&b).unwrap();
    let job = next.read(move |conn| callboard::store::views::job::job(conn, id)).await.unwrap();
    assert_eq!(job.unwrap().key.as_deref(), Some("k"));
    assert_eq!(next.instance(), b.store.instance());
    assert_eq!(b.picture().await, before);
}
