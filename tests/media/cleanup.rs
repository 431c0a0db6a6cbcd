//! Cleaning up.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use callboard::domain::Json;
use callboard::workers::{Availability, Failure};
use serde_json::json;

use crate::bench::MediaBench;

fn bench() -> (MediaBench, PathBuf, tempfile::TempDir) {
    let outside = tempfile::tempdir().unwrap();
    let root = outside.path().canonicalize().unwrap().join("root");
    fs::create_dir_all(&root).unwrap();
    let bench = MediaBench::with(Path::new("yt-dlp"), &format!("cleanup.roots = ['{}']", root.display()));
    (bench, root, outside)
}

/// Makes a file of ten bytes that is so many days old.
fn file(path: &Path, days: u64) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, "0123456789").unwrap();
    let then = SystemTime::now() - Duration::from_secs(days * 86_400);
    File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
}

#[test]
fn kill_9_in_the_middle_and_a_clean_re_run() {
    const FILES: usize = 20_000;
    let dir = tempfile::tempdir().unwrap();
    for n in 0..FILES {
        fs::write(dir.path().join(n.to_string()), "x").unwrap();
    }
    let root = dir.path().display();
    let mut server = crate::served::Served::start(&format!(
        "[cleanup]\nroots = ['{root}']\nmin_age_minutes = 0\nmax_deletes = {FILES}\n"
    ));
    let id = server.enqueue("cleanup", &json!({"keep_last": 1, "dry_run": false}));
    let left = || fs::read_dir(dir.path()).unwrap().count();
    while left() == FILES {
        std::thread::yield_now();
    }
    server.kill();
    let after_the_kill = left();
    assert!(after_the_kill > 1, "it was killed too late");
    server.restart();
    let job = server.wait(id);
    assert_eq!(
        (&job["state"], &job["attempts"][0]["outcome"]),
        (&json!("completed"), &json!("lost")),
        "{job}"
    );
    assert_eq!((&job["result"]["count"], left()), (&json!(after_the_kill - 1), 1));
}

#[test]
fn whatever_stops_it_in_the_middle_the_rest_stays_and_another_run_goes_on() {
    const FILES: usize = 30_000;
    let dir = tempfile::tempdir().unwrap();
    for n in 0..FILES {
        fs::write(dir.path().join(n.to_string()), "x").unwrap();
    }
    let root = dir.path().display();
    let mut server = crate::served::Served::start(&format!(
        "{}[cleanup]\nroots = ['{root}']\nmin_age_minutes = 0\nmax_deletes = {FILES}\n",
        crate::served::stopped::QUICK
    ));
    let left = || fs::read_dir(dir.path()).unwrap().count();
    let args = json!({"keep_last": 1, "dry_run": false});

    let job = json!({"job_type": "cleanup", "args": args, "timeout_secs": 0.02, "max_retries": 0});
    let id = server.call("POST", "/api/jobs", Some(&job)).1["id"].as_i64().unwrap();
    let job = server.wait(id);
    assert_eq!(
        (&job["state"], &job["attempts"][0]["outcome"]),
        (&json!("failed"), &json!("timeout")),
        "{job}"
    );
    let after_the_limit = left();
    assert!(after_the_limit > 1, "the time limit came too late");

    let id = server.enqueue("cleanup", &args);
    while left() == after_the_limit {
        std::thread::yield_now();
    }
    server.call("DELETE", &format!("/api/jobs/{id}"), None);
    assert_eq!(server.wait(id)["state"], "cancelled");
    let after_the_cancel = left();
    assert!(after_the_cancel > 1, "the cancel came too late");

    let id = server.enqueue("cleanup", &args);
    while left() == after_the_cancel {
        std::thread::yield_now();
    }
    server.shut_down();
    let after_the_shutdown = left();
    assert!(after_the_shutdown > 1, "the shutdown came too late");
    server.restart();
    let job = server.wait(id);
    let outcomes: Vec<_> = job["attempts"].as_array().unwrap().iter().map(|a| &a["outcome"]).collect();
    assert_eq!(outcomes, ["released", "success"], "{job}");
    assert_eq!((&job["result"]["count"], left()), (&json!(after_the_shutdown - 1), 1));
}

#[tokio::test]
async fn a_dry_run_and_a_real_one_give_the_same_list() {
    let (bench, root, _outside) = bench();
    for (name, days) in
        [("new", 0), ("old", 20), ("deep/er/older", 30), ("half.part", 40), (".callboard/x/archive.txt", 50)]
    {
        file(&root.join(name), days);
    }
    let args = json!({"max_age_days": 10, "remove_empty_dirs": true});
    let told = bench.run("cleanup", args).await.unwrap();
    assert_eq!((&told["dry_run"], &told["count"], &told["bytes"]), (&json!(true), &json!(2), &json!(20)));
    assert!(root.join("old").exists());
    let done = bench
        .run("cleanup", json!({"max_age_days": 10, "remove_empty_dirs": true, "dry_run": false}))
        .await
        .unwrap();
    assert_eq!(done["files"], told["files"]);
    assert_eq!(done["files"][0]["path"], root.join("deep/er/older").to_str().unwrap());
    assert_eq!((&done["removed_dirs"], &done["skipped"]), (&json!(2), &json!([])));
    assert!(!root.join("old").exists() && !root.join("deep").exists());
    for kept in ["new", "half.part", ".callboard/x/archive.txt"] {
        assert!(root.join(kept).exists(), "{kept}");
    }
    assert_eq!(bench.bench.steps().last().unwrap().percent, 100.0);
}

#[tokio::test]
async fn links_lead_nowhere() {
    let (bench, root, outside) = bench();
    let treasure = outside.path().join("treasure/gold");
    file(&treasure, 99);
    std::os::unix::fs::symlink(treasure.parent().unwrap(), root.join("dir")).unwrap();
    std::os::unix::fs::symlink(&treasure, root.join("link")).unwrap();
    let done = bench.run("cleanup", json!({"keep_last": 0, "dry_run": false})).await.unwrap();
    assert_eq!(done["count"], 0);
    assert!(treasure.exists() && root.join("link").exists());
}

#[tokio::test]
async fn odd_names_and_limits() {
    let (bench, root, _outside) = bench();
    for (name, days) in [("-rf", 3), ("a\nb", 4), ("<b>", 5), (&*"x".repeat(255), 6)] {
        file(&root.join(name), days);
    }
    let done =
        bench.run("cleanup", json!({"keep_last": 1, "max_deletes": 2, "dry_run": false})).await.unwrap();
    assert_eq!((&done["count"], &done["cut"]), (&json!(2), &json!(true)));
    assert!(root.join("-rf").exists() && root.join("a\nb").exists() && !root.join("<b>").exists());
    bench.bench.cancel.cancel();
    let stopped = bench.run("cleanup", json!({"keep_last": 0, "dry_run": false})).await;
    assert_eq!(stopped, Err(Failure::Cancelled));
}

#[tokio::test]
async fn what_is_not_configured_is_refused() {
    let (bench, _root, _outside) = bench();
    let worker = bench.worker("cleanup");
    let faults = |args: serde_json::Value| -> Vec<String> {
        worker.check_args(&Json::of(&args).unwrap()).into_iter().map(|(field, _)| field).collect()
    };
    assert_eq!(faults(json!({})), ["args"]);
    assert_eq!(faults(json!({"root": "/etc", "keep_last": 1})), ["args.root"]);
    assert_eq!(faults(json!({"max_age_days": -1, "include": ["a["]})), ["args.include", "args.max_age_days"]);
    let nothing = MediaBench::new(Path::new("yt-dlp"));
    assert!(
        matches!(nothing.worker("cleanup").availability(), Availability::Unavailable(why) if why.contains("cleanup.roots"))
    );
}

#[tokio::test]
async fn the_runtimes_own_files_are_not_touched() {
    let own = MediaBench::new(Path::new("yt-dlp"));
    let data = own.bench.dir.path().canonicalize().unwrap();
    let config = callboard::config::Config {
        cleanup: callboard::config::CleanupConfig {
            roots: vec![data.clone(), data.join("logs")],
            ..Default::default()
        },
        ..own.config
    };
    let bench = MediaBench { bench: own.bench, config };
    file(&data.join("logs/jobs/1/job.log"), 99);
    file(&data.join("downloads/old"), 99);
    let done = bench.run("cleanup", json!({"root": data, "keep_last": 0, "dry_run": false})).await.unwrap();
    assert_eq!(done["count"], 1, "{done}");
    assert!(data.join("logs/jobs/1/job.log").exists() && !data.join("downloads/old").exists());
    let (text, again) =
        crate::bench::error(bench.run("cleanup", json!({"root": data.join("logs"), "keep_last": 0})).await);
    assert!(!again && text.contains("callboard's own"), "{text}");
}
