//! A job that is called off takes everything along that its program has started.

use std::ops::Range;
use std::time::{Duration, Instant};

use crate::server::Server;
use crate::tree::{self, Tree};
use crate::watcher::states;

/// Calls a job off whose family is up; how long it took until it was told that it is over.
async fn cancel(kind: &str) -> Duration {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path(), &tree::config());
    let mut tree = Tree::grow(&server, home.path(), kind).await;
    let begun = Instant::now();
    server.says(&["cancel", &tree.id.to_string()]);
    let (frames, code) = tree.watcher.rest().await;
    let took = begun.elapsed();
    assert!(!tree.lives(), "{:?}", tree.pids);
    assert_eq!((states(&frames).as_slice(), code), (["cancelled"].as_slice(), 1000));
    assert_eq!(server.job(tree.id)["attempts"][0]["outcome"], "cancelled");
    took
}

fn assert_within(took: Duration, secs: Range<f64>) {
    assert!(secs.contains(&took.as_secs_f64()), "it took {took:?}");
}

#[tokio::test]
async fn a_family_that_heeds_sigterm_ends_at_once() {
    assert_within(cancel("heeding").await, 0.0..2.0);
}

#[tokio::test]
async fn a_deaf_family_ends_within_eleven_seconds() {
    // Ten are the default of kill_after_secs.
    assert_within(cancel("deaf").await, 9.5..11.0);
}
