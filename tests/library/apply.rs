//! `apply_plan`

use callboard::domain::{RowFilter, RowState};
use callboard::workers::Failure;
use callboard::workers::apply_plan::ApplyPlan;
use serde_json::{Value, json};

use crate::bench::Shelf;
use crate::support::{fatal, retried, run_typed};

async fn by_state(shelf: &Shelf, plan: i64, state: RowState) -> Vec<i64> {
    let rows = shelf.rows(plan, RowFilter { state: Some(state), ..RowFilter::default() }).await;
    rows.iter().map(|row| row.number).collect()
}

#[tokio::test]
async fn approved_changes_are_made_and_no_others() {
    let mut shelf = Shelf::new();
    let plan = shelf.plan(json!({"scene_ids": [1, 5, 10]})).await;
    let rows = shelf.rows(plan, RowFilter { scene_id: Some(5), ..RowFilter::default() }).await;
    let chosen: Vec<i64> = rows.iter().filter(|row| row.field != "tags").map(|row| row.number).collect();
    let filter = RowFilter { numbers: Some(chosen.clone()), ..RowFilter::default() };
    assert_eq!(shelf.review(plan, filter, RowState::Approved).await, (3, 3));

    let dry = shelf.apply(json!({"plan_id": plan})).await.unwrap();
    assert_eq!((&dry["dry_run"], &dry["applied"], &dry["conflicts"]), (&json!(true), &json!(3), &json!([])));
    assert!(shelf.fake.library.lock().unwrap().updates.is_empty(), "a dry run changes nothing");
    assert_eq!(by_state(&shelf, plan, RowState::Approved).await, chosen);

    let real = shelf.apply(json!({"plan_id": plan, "dry_run": false})).await.unwrap();
    assert_eq!((&real["applied"], &real["skipped"]), (&json!(3), &json!(0)));
    assert_eq!(by_state(&shelf, plan, RowState::Applied).await, chosen);
    {
        let library = shelf.fake.library.lock().unwrap();
        assert_eq!(library.updates, [5]);
        let scene = &library.scenes[&5];
        assert_eq!(
            (scene.title.as_deref(), scene.date.as_deref()),
            (Some("A walk in the park 5"), Some("2024-03-06"))
        );
        assert_eq!((scene.studio, scene.tags.len()), (Some(1), 0));
    }
    let again = shelf.apply(json!({"plan_id": plan, "dry_run": false})).await.unwrap();
    assert_eq!(again["applied"], 0, "what is applied is not applied again");
}

/// Read, proposed, approved and written, and the same all the way.
#[tokio::test]
async fn hostile_names_stay_names() {
    let mut shelf = Shelf::new();
    let names = [
        "-rf \"}) { id } }",
        "a\nb",
        "<script>alert(1)</script>",
        "'; DROP TABLE plans; --",
        &"ü".repeat(300),
    ];
    {
        let mut library = shelf.fake.library.lock().unwrap();
        for (id, name) in (1..).zip(names) {
            let scene = library.scenes.get_mut(&id).unwrap();
            (scene.title, scene.path) = (None, Some(format!("/films/misc/{name}.mp4")));
        }
    }
    let plan = shelf.plan(json!({"rules": ["title"], "scene_ids": [1, 2, 3, 4, 5]})).await;
    let rows = shelf.rows(plan, RowFilter::default()).await;
    assert!(rows.len() > 3, "{rows:?}");
    shelf.approve_all(plan).await;
    let done = shelf.apply(json!({"plan_id": plan, "dry_run": false})).await.unwrap();
    assert_eq!((&done["applied"], &done["conflicts"]), (&json!(rows.len()), &json!([])));
    let library = shelf.fake.library.lock().unwrap();
    for row in rows {
        let title = library.scenes[&row.scene_id].title.clone();
        assert_eq!(serde_json::from_str::<Option<String>>(row.new.as_str()).unwrap(), title);
        assert!(title.is_some_and(|title| !title.is_empty()));
    }
}

#[tokio::test]
async fn a_scene_that_somebody_changed_is_a_conflict_with_a_name() {
    let mut shelf = Shelf::new();
    let plan = shelf.plan(json!({"rules": ["title"], "scene_ids": [1, 5, 6]})).await;
    shelf.approve_all(plan).await;
    {
        let mut library = shelf.fake.library.lock().unwrap();
        let now = library.tick();
        library.scenes.get_mut(&5).unwrap().updated_at = now;
        library.scenes.remove(&6);
    }
    let dry = shelf.apply(json!({"plan_id": plan})).await.unwrap();
    let result = shelf.apply(json!({"plan_id": plan, "dry_run": false})).await.unwrap();
    assert_eq!(dry["conflicts"], result["conflicts"], "a dry run says the same");
    assert_eq!((&result["applied"], &result["skipped"]), (&json!(1), &json!(2)));
    let conflicts = result["conflicts"].as_array().unwrap();
    assert_eq!(
        (&conflicts[0]["scene_id"], &conflicts[0]["field"], &conflicts[0]["row"]),
        (&json!(5), &json!("title"), &json!(2))
    );
    assert!(
        conflicts[0]["why"].as_str().unwrap().starts_with("the scene was changed at 2025-"),
        "{conflicts:?}"
    );
    assert_eq!(conflicts[1]["why"], "the scene is gone");
    assert_eq!(by_state(&shelf, plan, RowState::Conflict).await, [2, 3]);
    let row = &shelf.rows(plan, RowFilter { numbers: Some(vec![3]), ..RowFilter::default() }).await[0];
    assert_eq!(row.note.as_deref(), Some("the scene is gone"));
}

#[tokio::test]
async fn a_change_that_the_library_refuses_does_not_stop_the_others() {
    let mut shelf = Shelf::new();
    let plan = shelf.plan(json!({"rules": ["title"], "scene_ids": [1, 5]})).await;
    shelf.approve_all(plan).await;
    let refused = r#"{"errors":[{"message":"title must be unique","path":["sceneUpdate"]}],"data":null}"#;
    shelf.fake.trouble(r#""id":"1""#, 200, refused, 1);
    let result = shelf.apply(json!({"plan_id": plan, "dry_run": false})).await.unwrap();
    assert_eq!((&result["applied"], &result["failed"][0]["row"]), (&json!(1), &json!(1)));
    assert!(result["failed"][0]["why"].as_str().unwrap().contains("title must be unique"), "{result}");
    assert_eq!(by_state(&shelf, plan, RowState::Failed).await, [1]);
}

#[tokio::test]
async fn a_run_that_broke_off_goes_on() {
    let mut shelf = Shelf::new();
    shelf.config.max_retries = 0;
    let plan = shelf.plan(json!({"rules": ["title"], "scene_ids": [1, 5, 6, 10]})).await;
    shelf.approve_all(plan).await;
    let locked = r#"{"errors":[{"message":"database is locked"}],"data":null}"#;
    shelf.fake.trouble(r#""id":"6""#, 200, locked, 1);
    let message = retried(shelf.apply(json!({"plan_id": plan, "dry_run": false})).await.map(|_| None));
    assert!(message.contains("database is locked"), "{message}");
    assert_eq!(by_state(&shelf, plan, RowState::Applied).await, [1, 2]);
    // As if the process had ended between the change of scene 6 and the note of it.
    {
        let mut library = shelf.fake.library.lock().unwrap();
        let now = library.tick();
        let scene = library.scenes.get_mut(&6).unwrap();
        scene.title = Some("Person Number7 in the Rain".into());
        scene.updated_at = now;
    }
    let result = shelf.apply(json!({"plan_id": plan, "dry_run": false})).await.unwrap();
    assert_eq!((&result["applied"], &result["skipped"]), (&json!(2), &json!(0)), "{result}");
    assert_eq!(shelf.fake.library.lock().unwrap().updates, [1, 5, 10]);
}

#[tokio::test]
async fn cancel_stops_between_scenes() {
    let mut shelf = Shelf::new();
    let plan = shelf.plan(json!({"rules": ["title"], "scene_ids": [1, 5]})).await;
    shelf.approve_all(plan).await;
    shelf.fake.hold(r#""input":{"id":"5""#);
    let (stash, ctx) = (shelf.stash(), shelf.context(&json!({"plan_id": plan, "dry_run": false})));
    let job = tokio::spawn(run_typed(ApplyPlan::new(stash), ctx));
    let shelf = shelf.asked(r#""input":{"id":"5""#).await;
    shelf.bench.cancel.cancel();
    assert_eq!(job.await.unwrap(), Err(Failure::Cancelled));
    assert_eq!(by_state(&shelf, plan, RowState::Applied).await, [1]);
    assert_eq!(by_state(&shelf, plan, RowState::Approved).await, [2]);
}

#[tokio::test]
async fn plans_that_are_not_there_or_not_whole() {
    let mut shelf = Shelf::new();
    let message = fatal(shelf.apply(json!({"plan_id": 99})).await.map(|_: Value| None));
    assert_eq!(message, "there is no plan 99");
    let begun =
        shelf.store.write(|tx| callboard::store::verbs::plans::begin(tx, 7, callboard::Timestamp::MIN));
    let (plan, _) = begun.await.unwrap();
    let message = fatal(shelf.apply(json!({"plan_id": plan})).await.map(|_| None));
    assert!(message.contains("still being made"), "{message}");
}
