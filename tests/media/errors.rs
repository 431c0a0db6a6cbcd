//! What errors of programs mean, beyond those of downloads.

use std::fs;

use serde_json::json;

use crate::bench::{MediaBench, error};
use crate::clips::silent;
use crate::needed::needs;
use crate::site::{Served, Site, Video};

#[tokio::test]
async fn of_a_page() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg");
    let video = |id, served| Video::new(id, id, silent()).served(served);
    let site = Site::start(vec![
        video("gone", Served::Missing),
        video("mine", Served::Forbidden),
        video("ill", Served::Heals(u32::MAX)),
    ]);
    let bench = MediaBench::new(&yt_dlp);
    for job_type in ["metadata_extraction", "process_channel", "download_transcript"] {
        for (id, class, tried_again) in
            [("gone", "not_found", false), ("mine", "auth", false), ("ill", "transient", true)]
        {
            let args = json!({"url": site.url(&format!("/watch/{id}"))});
            let (text, again) = error(bench.run(job_type, args).await);
            assert!(text.starts_with(&format!("{class}: ")), "{job_type} {id}: {text}");
            assert_eq!(again, tried_again, "{job_type} {id}: {text}");
        }
    }
}

/// Stands in for yt-dlp.
fn scripted(script: &str) -> (tempfile::TempDir, MediaBench) {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("yt-dlp");
    fs::write(
        &program,
        format!("#!/bin/bash\n[ \"$1\" = --version ] && echo 2026.10.26 && exit\n{script}\n"),
    )
    .unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let bench = MediaBench::new(&program);
    (dir, bench)
}

#[tokio::test]
async fn of_a_program_that_does_what_it_should_not() {
    let _ = needs!("ffmpeg");
    let args = json!({"url": "http://127.0.0.1:9/x"});
    for (script, class) in [
        ("echo 'yt-dlp: error: no such option: --x' >&2; exit 2", "internal"),
        ("echo 'ERROR: Unsupported URL: http://127.0.0.1:9/x' >&2; exit 1", "bad_input"),
        ("echo 'ERROR: [x] y: timed out' >&2; exit 1", "transient"),
        ("kill -SEGV $$", "transient"),
    ] {
        let (_dir, bench) = scripted(script);
        let (text, _) = error(bench.run("channel_download", args.clone()).await);
        assert!(text.starts_with(&format!("{class}: ")), "{script}: {text}");
    }
    let (_dir, bench) = scripted("exit 0");
    let report = bench.run("channel_download", args.clone()).await.unwrap();
    assert_eq!(report["downloaded"], 0, "an empty channel");
    let (text, again) = error(bench.run("metadata_extraction", args).await);
    assert!(again && text.starts_with("transient: yt-dlp ended with"), "{text}");
}

#[tokio::test]
async fn secrets_of_the_configuration_are_in_no_log() {
    let _ = needs!("ffmpeg");
    let (dir, bench) = scripted("echo \"called with $*\"; echo \"$*\" >&2; exit 1");
    let more = "yt_dlp.extra_args = ['--password', 'hunter22', '--plugin-dirs', '/tmp']\nnet.allow_private = ['127.0.0.1']";
    let file = dir.path().join("callboard.toml");
    let program = dir.path().join("yt-dlp");
    fs::write(&file, format!("tools.yt_dlp.command = '{}'\n{more}\n", program.display())).unwrap();
    let config = crate::bench::load(file, bench.bench.dir.path());
    let bench = MediaBench { config, ..bench };
    let (text, _) =
        error(bench.run("channel_download", json!({"url": "http://me:sesame99@127.0.0.1:9/x"})).await);
    let logs: String = [
        callboard::logs::Stream::Log,
        callboard::logs::Stream::Stdout,
        callboard::logs::Stream::Stderr,
        callboard::logs::Stream::Events,
    ]
    .map(|stream| bench.bench.read(stream))
    .concat();
    for secret in ["hunter22", "sesame99"] {
        assert!(!text.contains(secret) && !logs.contains(secret), "{text}\n{logs}");
    }
    assert!(logs.contains("--password ***") && logs.contains("--plugin-dirs"), "{logs}");
}
