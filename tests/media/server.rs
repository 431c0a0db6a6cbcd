//! What a server says about these workers, and takes for them.

use serde_json::json;

use crate::bench::configuration;
use crate::clips::silent;
use crate::needed::needs;
use crate::served::Served;
use crate::site::{Served as How, Site, Video};

#[test]
fn two_jobs_on_one_target_are_one() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg");
    let site = Site::start(vec![Video::new("held", "Held", silent()).served(How::Held)]);
    let server = Served::start(&configuration(&yt_dlp, ""));
    let args = json!({"url": site.channel()});
    let (status, job) = server.try_enqueue("channel_download", &args);
    assert_eq!((status, &job["target_id"]), (201, &json!(site.channel())), "{job}");
    site.await_asked("/media/held.mp4");
    let more = json!({"url": site.channel(), "limit": 5});
    let (status, same) = server.try_enqueue("channel_download", &more);
    assert_eq!((status, &same["id"]), (200, &job["id"]), "a second one for the target is the first");

    // Even those that insist, and those of another type, do not run beside it.
    let insisting = json!({"job_type": "playlist_download", "args": args, "unique": false});
    let (status, other) = server.call("POST", "/api/jobs", Some(&insisting));
    assert_eq!(status, 201, "{other}");
    let other = other["id"].as_i64().unwrap();
    server.wait_for(other, |job| job["attempts"][0]["outcome"] == "snoozed");
    assert_eq!(site.asked("/media/held.mp4"), 1);
    site.release();
    assert_eq!(server.wait(job["id"].as_i64().unwrap())["state"], "completed");
    let job = server.wait(other);
    assert_eq!((&job["state"], &job["result"]["downloaded"]), (&json!("completed"), &json!(0)), "{job}");
}

#[test]
fn whoever_insists_on_two_jobs_gets_one_after_the_other() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg");
    let site = Site::start(vec![Video::new("a1", "One", silent())]);
    let server = Served::start(&configuration(&yt_dlp, ""));
    for (job_type, page, asked) in [
        ("process_channel", site.channel(), "/api/channel/all"),
        ("metadata_extraction", site.url("/watch/a1"), "/api/video/a1"),
    ] {
        site.hold(asked);
        let body = json!({"job_type": job_type, "args": {"url": page}, "unique": false});
        let ids = [(); 2].map(|()| {
            let (status, job) = server.call("POST", "/api/jobs", Some(&body));
            assert_eq!(status, 201, "{job}");
            job["id"].as_i64().unwrap()
        });
        site.await_asked(asked);
        let second = server.get(&format!("/api/jobs/{}", ids[1]));
        assert_eq!((&second["state"], &second["attempt"]), (&json!("pending"), &json!(0)), "{second}");
        assert_eq!(second["waiting_for"]["reason"], "concurrency", "{second}");
        assert_eq!(site.asked(asked), 1, "{job_type}");
        site.release();
        assert!(ids.iter().all(|id| server.wait(*id)["state"] == "completed"), "{job_type}");
    }
}

#[test]
fn types_name_their_tools_and_what_is_missing() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg", "rclone");
    let server = Served::start(&configuration(&yt_dlp, "tools.rclone.command = '/no/rclone'"));
    let download = server.get("/api/job-types/channel_download");
    assert_eq!(
        (&download["available"], &download["tools"][0]["name"]),
        (&json!(true), &json!("yt-dlp")),
        "{download}"
    );
    assert!(download["tools"].as_array().unwrap().iter().all(|tool| tool["version"].is_string()));
    assert_eq!(download["args_schema"]["properties"]["subtitles"]["default"], true);
    let sync = server.get("/api/job-types/sync_storage");
    let missing = sync["tools"][0]["missing"].as_str().unwrap();
    assert!(
        missing.contains("apt-get install rclone") && missing.contains("tools.rclone.command"),
        "{missing}"
    );
    let table = String::from_utf8(server.cli(&["types"]).stdout).unwrap();
    assert!(table.contains("rclone missing"), "{table}");
    assert!(table.contains("sync_storage is unavailable: "), "{table}");
    assert!(table.contains("transcribe_audio is unavailable: no speech recogniser"), "{table}");
}

#[test]
fn a_missing_tool_fails_the_job_for_good_and_says_what_to_install() {
    let more = "tools.yt_dlp.command = '/no/yt-dlp'\nnet.allow_private = ['127.0.0.1']";
    let server = Served::start(more);
    for (job_type, args) in [
        ("channel_download", json!({"url": "http://127.0.0.1/"})),
        ("playlist_download", json!({"url": "http://127.0.0.1/"})),
        ("metadata_extraction", json!({"url": "http://127.0.0.1/"})),
        ("download_transcript", json!({"url": "http://127.0.0.1/"})),
        ("process_channel", json!({"url": "http://127.0.0.1/"})),
    ] {
        let job = server.wait(server.enqueue(job_type, &args));
        assert_eq!((&job["state"], &job["attempt"]), (&json!("failed"), &json!(1)), "{job}");
        let error = job["error"].as_str().unwrap();
        assert!(error.contains("install yt-dlp") && error.contains("tools.yt_dlp.command"), "{error}");
    }
    let (status, problem) = server.try_enqueue("channel_download", &json!({"url": "file:///etc/passwd"}));
    assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("args.url")), "{problem}");
}
