//! What is kept besides jobs: job types changed at run time, and the server processes.

use std::collections::HashMap;

use callboard::domain::NodeInfo;
use callboard::store::verbs::nodes;
use callboard::store::verbs::settings::{JobTypeSettings, keep};
use callboard::store::views;

use crate::support::{TestStore, at, on_every_database};

async fn changes_of_job_types_come_back_as_given(b: &TestStore) {
    let given = HashMap::from([
        ("none".to_owned(), JobTypeSettings::default()),
        (
            "all".to_owned(),
            JobTypeSettings {
                concurrency: Some(3),
                rate_limit: Some("null".into()),
                timeout_secs: Some(Some(1.5)),
                global_concurrency: Some(None),
            },
        ),
        ("no limit".to_owned(), JobTypeSettings { timeout_secs: Some(None), ..JobTypeSettings::default() }),
    ]);
    for (name, settings) in given.clone() {
        b.write(move |tx| keep(tx, &name, &JobTypeSettings { concurrency: Some(99), ..settings.clone() }))
            .await
            .unwrap();
    }
    for (name, settings) in given.clone() {
        b.write(move |tx| keep(tx, &name, &settings)).await.unwrap();
    }
    assert!(b.told().iter().all(|commit| commit.settings));
    assert_eq!(b.store.read(views::settings::job_type_settings).await.unwrap(), given);
}

async fn register(b: &TestStore, pid: u32) -> i64 {
    let now = b.now();
    b.write(move |tx| nodes::register(tx, "host", pid, None, now)).await.unwrap()
}

async fn seen(b: &TestStore) -> Vec<NodeInfo> {
    b.store.read(views::nodes::nodes).await.unwrap()
}

async fn nodes_come_and_go(b: &TestStore) {
    let first = register(b, 10).await;
    b.pass(5);
    let now = b.now();
    assert!(b.write(move |tx| nodes::beat(tx, first, now)).await.unwrap());
    assert!(!b.write(move |tx| nodes::beat(tx, 99, now)).await.unwrap());
    b.pass(5);
    // Where there may be others, one is known to be gone when it is silent, or by who comes after it.
    if b.is_shared() {
        b.write(move |tx| nodes::lose(tx, first)).await.unwrap();
    }
    let second = register(b, 11).await;
    assert!(!b.write(move |tx| nodes::beat(tx, first, now)).await.unwrap(), "it is lost");
    assert!(second > first);
    let all = seen(b).await;
    let states: Vec<_> = all.iter().map(|node| (node.id, node.pid, node.state.as_str())).collect();
    assert_eq!(states, [(second, 11, "alive"), (first, 10, "lost")]);
    assert!(b.is_shared() || all[1].heartbeat_at == now);
    b.write(move |tx| nodes::leave(tx, second, now)).await.unwrap();
    assert_eq!(seen(b).await[0].state, "stopped");
    let later = at(100_000_000_000);
    assert_eq!(b.write(move |tx| nodes::forget(tx, later)).await.unwrap(), 2);
}

on_every_database!(changes_of_job_types_come_back_as_given, nodes_come_and_go);
