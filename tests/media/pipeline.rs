//! A channel's items become jobs that run one after the other, on a real server.

use serde_json::{Value, json};

use crate::bench::configuration;
use crate::clips::silent;
use crate::needed::needs;
use crate::served::Server;
use crate::site::{Site, Video};

const CAPTIONS: &str = "WEBVTT\n\n00:00.000 --> 00:01.000\nhello there\n";

fn video(id: &'static str) -> Video {
    Video { subtitles: Some(("en", CAPTIONS.into())), ..Video::new(id, &format!("Clip {id}"), silent()) }
}

async fn process(server: &Server, args: &Value) -> Value {
    let (status, job) = server.post("/api/jobs/process_channel", args).await;
    assert_eq!(status, 201, "{job}");
    let job = server.finished(&job["id"]).await;
    assert_eq!(job["state"], "completed", "{job}");
    job
}

#[tokio::test(flavor = "multi_thread")]
async fn each_item_once_ever_and_its_jobs_in_order() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg", "rclone");
    let site = Site::start(vec![video("b2"), video("a1")]);
    let dir = tempfile::tempdir().unwrap();
    let away = dir.path().join("away");
    std::fs::create_dir_all(&away).unwrap();
    let more = format!("rclone.allowed_destinations = ['{}']", away.display());
    let server = Server::start(dir.path(), &configuration(&yt_dlp, &more));
    let args = json!({
        "url": site.channel(), "first_run_limit": 1,
        "steps": [{"job_type": "download_transcript", "args": {"folder": "texts"}},
                  {"job_type": "sync_storage", "args": {"source": "texts", "destination": away}}],
    });
    let first = process(&server, &args).await;
    let result = &first["result"];
    assert_eq!(
        (&result["found"], &result["new"], &result["first_run"]),
        (&json!(2), &json!(1), &json!(true))
    );
    let child = server.finished(&result["jobs"][0]["job_id"]).await;
    assert_eq!((&child["state"], &child["parent_job_id"]), (&json!("completed"), &first["id"]), "{child}");
    let (_, grandchild) = only_child(&server, &child).await;
    let grandchild = server.finished(&grandchild["id"]).await;
    assert_eq!(
        (&grandchild["state"], &grandchild["job_type"]),
        (&json!("completed"), &json!("sync_storage")),
        "{grandchild}"
    );
    assert!(away.join("Clip b2 [b2].txt").exists());

    assert_eq!(process(&server, &args).await["result"]["new"], 0);
    site.add_first(video("c3"));
    server.kill();
    let server = Server::start(dir.path(), &configuration(&yt_dlp, &more));
    let third = process(&server, &args).await;
    assert_eq!(
        (&third["result"]["new"], &third["result"]["jobs"][0]["title"]),
        (&json!(1), &json!("Clip c3"))
    );
    let child = server.finished(&third["result"]["jobs"][0]["job_id"]).await;
    assert_eq!(child["result"]["source"], "subtitles", "{child}");
}

async fn only_child(server: &Server, job: &Value) -> (usize, Value) {
    let children = server.get(&format!("/api/jobs?parent_job_id={}", job["id"])).await;
    let children = children["jobs"].as_array().unwrap().clone();
    assert_eq!(children.len(), 1, "{children:?}");
    (children.len(), children[0].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn feeds_and_channels_with_tabs() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg");
    let site = Site::start(vec![video("b2"), video("a1")]);
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), &configuration(&yt_dlp, ""));
    let step = json!([{"job_type": "noop"}]);
    for (path, found) in [("/feed.xml", 2), ("/channel/tabs", 2), ("/channel/none", 0)] {
        let args = json!({"url": site.url(path), "first_run_limit": 9, "steps": step});
        let result = process(&server, &args).await["result"].clone();
        assert_eq!((&result["found"], &result["new"]), (&json!(found), &json!(found)), "{path}: {result}");
        assert_eq!(process(&server, &args).await["result"]["new"], 0, "{path}");
    }
    let unknown = json!({"url": site.channel(), "first_run_limit": 1, "steps": [{"job_type": "nope"}]});
    let (_, job) = server.post("/api/jobs/process_channel", &unknown).await;
    let job = server.finished(&job["id"]).await;
    assert_eq!(job["state"], "failed");
    assert!(job["error"].as_str().unwrap().contains("nope"), "{job}");
    // Nothing was remembered, so the next try finds it new.
    let known = json!({"url": site.channel(), "first_run_limit": 1, "steps": step});
    assert_eq!(process(&server, &known).await["result"]["new"], 1);
}
