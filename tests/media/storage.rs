//! Copying with rclone.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use callboard::domain::Json;
use callboard::workers::{Availability, Failure};
use serde_json::{Value, json};

use crate::bench::{MediaBench, error, load, run_worker, worker_of};
use crate::needed::needs;

struct Places {
    bench: MediaBench,
    config_file: PathBuf,
    away: PathBuf,
    _dir: tempfile::TempDir,
}

/// A bench with a remote `away:` that is a folder, and `dav:` on a port.
fn places(more: &str, port: u16) -> Places {
    let dir = tempfile::tempdir().unwrap();
    let away = dir.path().join("away");
    fs::create_dir_all(&away).unwrap();
    let conf = dir.path().join("rclone.conf");
    let text = format!(
        "[away]\ntype = alias\nremote = {}\n[dav]\ntype = webdav\nurl = http://127.0.0.1:{port}\nvendor = other\n",
        away.display()
    );
    fs::write(&conf, text).unwrap();
    let more = format!(
        "[rclone]\nconfig = '{}'\nallowed_destinations = ['away:', 'dav:in']\n{more}\n",
        conf.display()
    );
    let bench = MediaBench::with(Path::new("yt-dlp"), &more);
    fs::create_dir_all(bench.downloads()).unwrap();
    let config_file = bench.bench.dir.path().join("callboard.toml");
    Places { bench, config_file, away, _dir: dir }
}

#[tokio::test]
async fn a_copy_arrives_and_a_second_one_has_nothing_to_do() {
    let _ = needs!("rclone");
    let Places { bench, away, _dir, .. } = places("", 9);
    fs::create_dir_all(bench.downloads().join("show/.callboard")).unwrap();
    for name in ["show/one.txt", "show/-two\n<b>.txt", "show/.callboard/archive.txt", "show/x.part"] {
        fs::write(bench.downloads().join(name), "0123456789").unwrap();
    }
    let args = json!({"source": "show", "destination": "away:backup"});
    let told = bench
        .run("sync_storage", json!({"source": "show", "destination": "away:backup", "dry_run": true}))
        .await;
    assert_eq!(told.unwrap()["verified"], Value::Null);
    assert!(!away.join("backup").exists());
    let synced = bench.run("sync_storage", args.clone()).await.unwrap();
    assert_eq!(
        (&synced["transfers"], &synced["bytes"], &synced["verified"]),
        (&json!(2), &json!(20), &json!(true))
    );
    assert_eq!(fs::read(away.join("backup/-two\n<b>.txt")).unwrap(), b"0123456789");
    assert!(!away.join("backup/.callboard").exists() && !away.join("backup/x.part").exists());
    let synced = bench.run("sync_storage", args).await.unwrap();
    assert_eq!((&synced["transfers"], &synced["checks"]), (&json!(0), &json!(2)));
    let (text, again) =
        error(bench.run("sync_storage", json!({"source": "no", "destination": "away:"})).await);
    assert!(!again && text.starts_with("not_found: "), "{text}");
}

#[tokio::test]
async fn a_mirror_is_bounded_and_never_of_nothing() {
    let _ = needs!("rclone");
    let Places { bench, away, _dir, .. } = places("allow_mirror = true\nmax_delete = 1", 9);
    fs::create_dir_all(bench.downloads().join("show")).unwrap();
    for name in ["a", "b", "c"] {
        fs::write(away.join(name), "x").unwrap();
    }
    let args = json!({"source": "show", "destination": "away:", "mode": "mirror"});
    let (text, again) = error(bench.run("sync_storage", args.clone()).await);
    assert!(!again && text.contains("the source is empty"), "{text}");
    fs::write(bench.downloads().join("show/a"), "x").unwrap();
    let (text, again) = error(bench.run("sync_storage", args.clone()).await);
    assert!(!again && text.starts_with("bad_input: rclone ended with exit code 7"), "{text}");
    // One was deleted, as many as may be; so one is left to delete.
    let synced = bench.run("sync_storage", args).await.unwrap();
    assert_eq!((&synced["deletes"], fs::read_dir(&away).unwrap().count()), (&json!(1), 1));
}

#[tokio::test]
async fn only_places_that_are_allowed() {
    let Places { bench, _dir, .. } = places("", 9);
    let worker = bench.worker("sync_storage");
    let faults = |args: Value| -> Vec<String> {
        worker.check_args(&Json::of(&args).unwrap()).into_iter().map(|(field, _)| field).collect()
    };
    for destination in ["/etc", ":local:/etc", "away,remote=/:x", "away:../x", "dav:inner", "--config=x"] {
        assert_eq!(faults(json!({"destination": destination})), ["args.destination"], "{destination}");
    }
    assert_eq!(faults(json!({"destination": "away:x", "mode": "mirror"})), ["args.mode"]);
    for source in ["/etc", "../x", "away:"] {
        let found = faults(json!({"source": source, "destination": "away:x"}));
        assert_eq!(found, if source == "away:" { vec![] } else { vec!["args.source"] }, "{source}");
    }
    let none = MediaBench::new(Path::new("yt-dlp"));
    assert!(
        matches!(none.worker("sync_storage").availability(), Availability::Unavailable(why) if why.contains("allowed_destinations"))
    );
}

/// `rclone serve webdav`, until it is dropped.
struct Dav(Child, u16);

impl Dav {
    fn start(rclone: &Path, dir: &Path) -> Self {
        Self::start_with(rclone, dir, &[])
    }

    fn start_with(rclone: &Path, dir: &Path, options: &[&str]) -> Self {
        let mut child = Command::new(rclone)
            .args(["serve", "webdav", "--addr", "127.0.0.1:0", "-v", "--config", ""])
            .args(options)
            .arg(dir)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let port = lines.find_map(|line| {
            let (_, rest) = line.split_once("http://127.0.0.1:")?;
            rest.split('/').next()?.parse().ok()
        });
        // Read on, so that it is not stopped by a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self(child, port.expect("it says where it listens"))
    }
}

impl Drop for Dav {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_dies_half_way_and_comes_back() {
    let (rclone, ..) = needs!("rclone");
    let there = tempfile::tempdir().unwrap();
    let dav = Dav::start(&rclone, there.path());
    let slow = "extra_args = ['--bwlimit', '200k', '--low-level-retries', '1', '--retries', '1', '--transfers', '1']";
    let Places { bench, _dir, .. } = places(slow, dav.1);
    for name in ["a", "b", "c", "d"] {
        fs::write(bench.downloads().join(name), vec![b'x'; 200_000]).unwrap();
    }
    let args = r#"{"destination":"dav:in"}"#;
    let worker = worker_of(&bench.config, &bench.bench.host(), "sync_storage");
    let running = tokio::spawn(run_worker(worker, bench.bench.context(args)));
    // Progress comes once a second, before all is over.
    while bench.bench.steps().iter().all(|step| step.percent == 0.0) {
        assert!(!running.is_finished(), "{:?}", bench.bench.read(callboard::logs::Stream::Stderr));
        tokio::task::yield_now().await;
    }
    drop(dav);
    let (text, again) = error(running.await.unwrap());
    assert!(again && text.starts_with("transient: rclone ended with exit code"), "{text}");
    assert!(bench.bench.steps().iter().all(|step| step.percent < 100.0));

    let Places { bench: again, _dir: _dir2, .. } = {
        let dav = Dav::start(&rclone, there.path());
        let places = places("", dav.1);
        fs::write(places.bench.downloads().join("a"), vec![b'x'; 200_000]).unwrap();
        fs::write(places.bench.downloads().join("e"), "new").unwrap();
        let synced = places.bench.run("sync_storage", serde_json::from_str(args).unwrap()).await.unwrap();
        assert_eq!(synced["verified"], true);
        places
    };
    assert_eq!(again.bench.steps().last().unwrap().percent, 100.0);
    assert_eq!(fs::read(there.path().join("in/a")).unwrap().len(), 200_000);
}

/// Stops a copy in the middle of a large file; what is at the destination then, and once another has
/// come to its end.
async fn stopped_in_a_file(places: &Places, there: &Path, destination: &str) {
    let Places { bench, config_file, .. } = places;
    let fast = fs::read_to_string(config_file).unwrap();
    fs::create_dir_all(bench.downloads().join("show")).unwrap();
    fs::write(bench.downloads().join("show/big"), vec![b'x'; 3_000_000]).unwrap();
    fs::write(bench.downloads().join("large\n1"), vec![b'y'; 3_000_000]).unwrap();
    fs::create_dir_all(there.join("show")).unwrap();
    fs::write(there.join("show/big"), "the one before").unwrap();
    let slow = load_with(config_file, &format!("{fast}extra_args = ['--bwlimit', '100k']\n"));
    let args = json!({"destination": destination}).to_string();
    let worker = worker_of(&slow, &bench.bench.host(), "sync_storage");
    let running = tokio::spawn(run_worker(worker, bench.bench.context(&args)));
    while bench.bench.steps().iter().all(|step| step.percent == 0.0) {
        assert!(!running.is_finished(), "{:?}", bench.bench.read(callboard::logs::Stream::Stderr));
        tokio::task::yield_now().await;
    }
    bench.bench.cancel.cancel();
    assert_eq!(running.await.unwrap(), Err(Failure::Cancelled));
    assert_eq!(fs::read(there.join("show/big")).unwrap(), b"the one before");
    assert!(!there.join("large\n1").exists(), "half a file is under its final name");

    let again = load_with(config_file, &fast);
    // What waits from before and is gone from the source does not arrive.
    fs::remove_file(bench.downloads().join("large\n1")).unwrap();
    let worker = worker_of(&again, &bench.bench.host(), "sync_storage");
    let mut ctx = bench.bench.context(&args);
    ctx.cancel = tokio_util::sync::CancellationToken::new();
    let synced = run_worker(worker, ctx).await.unwrap();
    assert_eq!((&synced["transfers"], &synced["verified"]), (&json!(1), &json!(true)), "{synced}");
    assert_eq!(fs::read(there.join("show/big")).unwrap().len(), 3_000_000);
    assert!(!there.join("large\n1").exists() && !there.join(".callboard").exists());
}

/// A configuration anew, from its text.
fn load_with(file: &Path, text: &str) -> callboard::config::Config {
    fs::write(file, text).unwrap();
    load(file.to_owned(), file.parent().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_leaves_no_half_file_in_a_folder() {
    let _ = needs!("rclone");
    let places = places("", 9);
    stopped_in_a_file(&places, &places.away, "away:").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_leaves_no_half_file_at_a_server() {
    let (rclone, ..) = needs!("rclone");
    let there = tempfile::tempdir().unwrap();
    let dav = Dav::start(&rclone, there.path());
    let places = places("", dav.1);
    stopped_in_a_file(&places, &there.path().join("in"), "dav:in").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_does_not_keep_the_rest() {
    let _ = needs!("rclone");
    let places = places("extra_args = ['--retries', '1', '--low-level-retries', '1']", 9);
    let downloads = places.bench.downloads();
    fs::write(downloads.join("good"), "good").unwrap();
    // A file without bytes to read: the superuser may read everything else.
    std::os::unix::fs::symlink("/proc/self/mem", downloads.join("bad")).unwrap();
    let more = "extra_args = ['--copy-links', '--retries', '1', '--low-level-retries', '1']\n";
    let text = fs::read_to_string(&places.config_file).unwrap();
    let (before, _) = text.split_once("extra_args = ['--retries'").unwrap();
    let config = load_with(&places.config_file, &format!("{before}{more}"));
    let worker = worker_of(&config, &places.bench.bench.host(), "sync_storage");
    let args = r#"{"destination":"away:"}"#;
    let (text, again) = error(run_worker(worker, places.bench.bench.context(args)).await);
    assert!(again && text.starts_with("transient: rclone ended with exit code"), "{text}");
    assert_eq!(fs::read(places.away.join("good")).unwrap(), b"good");
}

#[tokio::test]
async fn who_is_not_let_in_is_told_so() {
    let (rclone, ..) = needs!("rclone");
    let there = tempfile::tempdir().unwrap();
    let dav = Dav::start_with(&rclone, there.path(), &["--user", "u", "--pass", "p"]);
    let Places { bench, _dir, .. } = places("extra_args = ['--retries', '1']", dav.1);
    fs::write(bench.downloads().join("a"), "a").unwrap();
    let (text, again) = error(bench.run("sync_storage", json!({"destination": "dav:in"})).await);
    assert!(!again && text.starts_with("auth: rclone ended with exit code"), "{text}");
}
