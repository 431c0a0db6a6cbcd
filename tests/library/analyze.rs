//! `analyze_scenes`

use callboard::domain::{RowFilter, RowState};
use callboard::workers::analyze_scenes::AnalyzeScenes;
use callboard::workers::{Failure, Worker, typed};
use serde_json::json;

use crate::bench::Shelf;
use crate::support::{fatal, run_typed};

#[tokio::test]
async fn changes_are_proposed_and_nothing_is_changed() {
    let mut shelf = Shelf::new();
    shelf.sync(json!({})).await.unwrap();
    shelf.fake.requests();
    let result = shelf.analyze(json!({})).await.unwrap();
    assert!(shelf.fake.requests().is_empty(), "the snapshot is enough");
    let id = result["plan_id"].as_i64().unwrap();
    let plan = shelf.head(id).await;
    assert_eq!(result["total_changes"], plan.total_changes);
    assert_eq!((plan.ready, plan.counts[&RowState::Proposed]), (true, plan.total_changes));
    let of_scene = |scene_id| RowFilter { scene_id: Some(scene_id), ..RowFilter::default() };
    let rows = shelf.rows(id, of_scene(5)).await;
    let shown: Vec<_> = rows.iter().map(|row| (row.field.as_str(), row.new.as_str())).collect();
    let expected = [
        ("title", r#""A walk in the park 5""#),
        ("date", r#""2024-03-06""#),
        ("studio", r#"{"id":"1","name":"Green Door Films"}"#),
        ("tags", r#"[{"id":"1","name":"Garden"}]"#),
    ];
    assert_eq!(shown, expected);
    assert_eq!(rows[2].reason, "a folder has \"green door films\" in its name");
    assert_eq!((rows[3].confidence, rows[0].old.as_str(), rows[3].old.as_str()), (0.5, "null", "[]"));
    let performers = shelf.rows(id, of_scene(1)).await;
    assert_eq!(performers[1].new.as_str(), r#"[{"id":"2","name":"Person Number2"}]"#);
    // No file, a title of its own, put in order by hand.
    for scene in [2, 3, 50] {
        assert!(shelf.rows(id, of_scene(scene)).await.is_empty(), "{scene}");
    }
    assert_eq!(shelf.bench.steps().last().unwrap().percent, 100.0);
}

#[tokio::test]
async fn only_what_is_asked_for() {
    let mut shelf = Shelf::new();
    let args = json!({"rules": ["date", "tags"], "min_confidence": 0.6, "skip_organized": false, "scene_ids": [5, 50]});
    let plan = shelf.plan(args).await;
    let rows = shelf.rows(plan, RowFilter::default()).await;
    let shown: Vec<_> = rows.iter().map(|row| (row.number, row.scene_id, row.field.as_str())).collect();
    assert_eq!(shown, [(1, 5, "date"), (2, 50, "date")]);
}

#[tokio::test]
async fn a_job_that_is_tried_again_makes_one_plan() {
    let mut shelf = Shelf::new();
    shelf.sync(json!({})).await.unwrap();
    let cancelled = shelf.context_of(70, &json!({}));
    cancelled.cancel.cancel();
    assert_eq!(run_typed(AnalyzeScenes, cancelled).await, Err(Failure::Cancelled));
    let left: Vec<_> =
        shelf.store.read(|c| callboard::store::views::plans::plans(c, None, 10)).await.unwrap();
    assert_eq!((left.len(), left[0].ready), (1, false));
    shelf.bench.cancel = Default::default();
    let result = |json: callboard::domain::Json| json.parse::<serde_json::Value>().unwrap();
    let first = result(run_typed(AnalyzeScenes, shelf.context_of(70, &json!({}))).await.unwrap().unwrap());
    let second = result(run_typed(AnalyzeScenes, shelf.context_of(70, &json!({}))).await.unwrap().unwrap());
    assert_eq!(first, second);
    assert_eq!(first["plan_id"], left[0].id);
    assert_eq!(
        first["total_changes"],
        i64::try_from(shelf.rows(left[0].id, RowFilter::default()).await.len()).unwrap()
    );
}

#[tokio::test]
async fn without_a_snapshot_it_says_what_to_do() {
    let mut shelf = Shelf::new();
    assert!(fatal(shelf.analyze(json!({})).await.map(|_| None)).contains("run sync_all first"));
    let faults = |args: serde_json::Value| {
        typed(AnalyzeScenes).check_args(&callboard::domain::Json::of(&args).unwrap())
    };
    for (args, field) in [
        (json!({"rules": []}), "args.rules"),
        (json!({"rules": ["rating"]}), "args.rules[0]"),
        (json!({"min_confidence": 1.1}), "args.min_confidence"),
        (json!({"scene_ids": ["x"]}), "args.scene_ids[0]"),
        (json!({"rule": "title"}), "args.rule"),
    ] {
        let found = faults(args.clone());
        assert!(found.len() == 1 && found[0].0 == field, "{args}: {found:?}");
    }
    assert_eq!(AnalyzeScenes.availability(), callboard::workers::Availability::Available);
}
