//! A channel's items become jobs that run one after the other, on a real server.

use serde_json::{Value, json};

use crate::bench::configuration;
use crate::clips::silent;
use crate::needed::needs;
use crate::served::Served;
use crate::site::{Site, Video};

const CAPTIONS: &str = "WEBVTT\n\n00:00.000 --> 00:01.000\nhello there\n";

fn video(id: &'static str) -> Video {
    Video { subtitles: Some(("en", CAPTIONS.into())), ..Video::new(id, &format!("Clip {id}"), silent()) }
}

fn process(server: &Served, args: &Value) -> Value {
    let job = server.wait(server.enqueue("process_channel", args));
    assert_eq!(job["state"], "completed", "{job}");
    job
}

#[test]
fn each_item_once_ever_and_its_jobs_in_order() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg", "rclone");
    let site = Site::start(vec![video("b2"), video("a1")]);
    let dir = tempfile::tempdir().unwrap();
    let away = dir.path().join("away");
    std::fs::create_dir_all(&away).unwrap();
    let more = format!("rclone.allowed_destinations = ['{}']", away.display());
    let mut server = Served::start(&configuration(&yt_dlp, &more));
    let args = json!({
        "url": site.channel(), "first_run_limit": 1,
        "steps": [{"job_type": "download_transcript", "args": {"folder": "texts"}},
                  {"job_type": "sync_storage", "args": {"source": "texts", "destination": away}}],
    });
    let first = process(&server, &args);
    let result = &first["result"];
    assert_eq!(
        (&result["found"], &result["new"], &result["first_run"]),
        (&json!(2), &json!(1), &json!(true))
    );
    let child = finished(&server, &result["jobs"][0]["job_id"]);
    assert_eq!((&child["state"], &child["parent_job_id"]), (&json!("completed"), &first["id"]), "{child}");
    let (_, grandchild) = only_child(&server, &child);
    let grandchild = finished(&server, &grandchild["id"]);
    assert_eq!(
        (&grandchild["state"], &grandchild["job_type"]),
        (&json!("completed"), &json!("sync_storage")),
        "{grandchild}"
    );
    assert!(away.join("Clip b2 [b2].txt").exists());

    assert_eq!(process(&server, &args)["result"]["new"], 0);
    site.add_first(video("c3"));
    server.kill();
    server.restart();
    let third = process(&server, &args);
    assert_eq!(
        (&third["result"]["new"], &third["result"]["jobs"][0]["title"]),
        (&json!(1), &json!("Clip c3"))
    );
    let child = finished(&server, &third["result"]["jobs"][0]["job_id"]);
    assert_eq!(child["result"]["source"], "subtitles", "{child}");
}

fn finished(server: &Served, id: &Value) -> Value {
    server.wait(id.as_i64().unwrap())
}

fn only_child(server: &Served, job: &Value) -> (usize, Value) {
    let children = server.get(&format!("/api/jobs?parent_job_id={}", job["id"]));
    let children = children["jobs"].as_array().unwrap().clone();
    assert_eq!(children.len(), 1, "{children:?}");
    (children.len(), children[0].clone())
}

#[test]
fn feeds_and_channels_with_tabs() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg");
    let site = Site::start(vec![video("b2"), video("a1")]);
    let server = Served::start(&configuration(&yt_dlp, ""));
    let step = json!([{"job_type": "noop"}]);
    for (path, found) in [("/feed.xml", 2), ("/channel/tabs", 2), ("/channel/none", 0)] {
        let args = json!({"url": site.url(path), "first_run_limit": 9, "steps": step});
        let result = process(&server, &args)["result"].clone();
        assert_eq!((&result["found"], &result["new"]), (&json!(found), &json!(found)), "{path}: {result}");
        assert_eq!(process(&server, &args)["result"]["new"], 0, "{path}");
    }
    let unknown = json!({"url": site.channel(), "first_run_limit": 1, "steps": [{"job_type": "nope"}]});
    let job = server.wait(server.enqueue("process_channel", &unknown));
    assert_eq!(job["state"], "failed");
    assert!(job["error"].as_str().unwrap().contains("nope"), "{job}");
    // Nothing was remembered, so the next try finds it new.
    let known = json!({"url": site.channel(), "first_run_limit": 1, "steps": step});
    assert_eq!(process(&server, &known)["result"]["new"], 1);
}
