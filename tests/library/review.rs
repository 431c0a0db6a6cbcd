//! Reviewing plans in the store.

use callboard::domain::{RowFilter, RowState};
use callboard::error::Error;
use callboard::store::{StoreError, verbs};
use serde_json::json;

use crate::bench::Shelf;

#[tokio::test]
async fn rows_are_chosen_by_everything_that_is_given() {
    let mut shelf = Shelf::new();
    let plan = shelf.plan(json!({"scene_ids": [1, 5, 10]})).await;
    let rows = shelf.rows(plan, RowFilter::default()).await;
    let count = |test: &dyn Fn(&callboard::domain::PlanRow) -> bool| {
        i64::try_from(rows.iter().filter(|row| test(row)).count()).unwrap()
    };
    let titles = RowFilter { field: Some("title".into()), ..RowFilter::default() };
    let n = count(&|row| row.field == "title");
    assert_eq!(shelf.review(plan, titles.clone(), RowState::Approved).await, (n, n));
    assert_eq!(shelf.review(plan, titles, RowState::Approved).await, (n, 0), "again changes nothing");
    let certain = RowFilter { min_confidence: Some(0.9), scene_id: Some(5), ..RowFilter::default() };
    let n = count(&|row| row.scene_id == 5 && row.confidence >= 0.9);
    assert_eq!(shelf.review(plan, certain, RowState::Rejected).await, (n, n));
    let of_state = RowFilter { state: Some(RowState::Rejected), ..RowFilter::default() };
    assert_eq!(shelf.review(plan, of_state, RowState::Proposed).await, (n, n));
    let numbers = RowFilter { numbers: Some(vec![1, 2, 999]), ..RowFilter::default() };
    assert_eq!(shelf.review(plan, numbers, RowState::Rejected).await, (2, 2));
    let none = RowFilter { numbers: Some(Vec::new()), ..RowFilter::default() };
    assert_eq!(shelf.review(plan, none, RowState::Rejected).await, (0, 0));
}

#[tokio::test]
async fn what_was_applied_stays_so() {
    let mut shelf = Shelf::new();
    let plan = shelf.plan(json!({"rules": ["title"], "scene_ids": [1, 5]})).await;
    shelf.approve_all(plan).await;
    shelf.store.write(move |tx| verbs::plans::mark(tx, plan, &[1], RowState::Applied, None)).await.unwrap();
    assert_eq!(shelf.review(plan, RowFilter::default(), RowState::Rejected).await, (1, 1));
    let marked =
        shelf.store.write(move |tx| verbs::plans::mark(tx, plan, &[2], RowState::Applied, None)).await;
    assert_eq!(marked.unwrap(), 0, "a row that was rejected meanwhile is not applied");
    let counts = shelf.head(plan).await.counts;
    assert_eq!((counts[&RowState::Applied], counts[&RowState::Rejected]), (1, 1));
}

#[tokio::test]
async fn plans_that_are_not_there_or_not_whole_are_not_reviewed() {
    let shelf = Shelf::new();
    let review = |plan| {
        shelf.store.write(move |tx| verbs::plans::review(tx, plan, &RowFilter::default(), RowState::Approved))
    };
    assert!(matches!(review(9).await, Err(StoreError::Refused(Error::NotFound(what))) if what == "plan 9"));
    let (plan, ready) =
        shelf.store.write(|tx| verbs::plans::begin(tx, 7, callboard::Timestamp::MIN)).await.unwrap();
    assert!(!ready);
    assert!(matches!(review(plan).await, Err(StoreError::Refused(Error::Conflict(_)))));
}
