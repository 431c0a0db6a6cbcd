//! Programs that are not there: the job fails for good, with the sentence that says what to install.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::bench::configuration;
use crate::clips::{silent, talking};
use crate::needed::needs;
use crate::served::Served;
use crate::site::{Site, Video};

/// Runs a job on a server; it must fail in its first attempt, with these words in its error.
fn fails_for_good(server: &Served, job_type: &str, args: &Value, words: &[&str]) {
    let id = server.enqueue(job_type, args);
    let job = server.wait(id);
    assert_eq!(
        (&job["state"], &job["retry_count"], &job["attempts"][0]["outcome"]),
        (&json!("failed"), &json!(0), &json!("fatal")),
        "{job_type}: {job}"
    );
    assert_eq!(job["attempts"].as_array().map(Vec::len), Some(1), "{job}");
    let error = job["error"].as_str().unwrap();
    for word in words {
        assert!(error.contains(word), "{job_type}: {error}");
    }
    let told = server.get(&format!("/api/job-types/{job_type}"));
    assert_eq!(told["available"], false, "{told}");
    assert!(told["unavailable_reason"].as_str().unwrap().contains(words[0]), "{told}");
}

fn without(tool: &str) -> String {
    format!("tools.{tool}.command = '/nowhere/{tool}'\n")
}

/// A server that lacks a tool, with a clip among its downloads, and a site.
fn served(yt_dlp: &Path, missing: &str) -> (Served, Site) {
    let captions = Some(("en", "WEBVTT\n\n00:00.000 --> 00:01.000\nhello\n".to_owned()));
    let site = Site::start(vec![
        Video { captions, ..Video::new("a1", "One", silent()) },
        Video::new("b2", "Two", talking()),
    ]);
    let server = Served::start(&configuration(yt_dlp, missing));
    let downloads = server.data_dir().join("downloads");
    fs::create_dir_all(&downloads).unwrap();
    fs::copy(talking(), downloads.join("talk.mp4")).unwrap();
    (server, site)
}

#[test]
fn yt_dlp() {
    let _ = needs!("ffmpeg", "espeak-ng");
    let (server, site) = served(Path::new("/nowhere/yt-dlp"), "");
    for job_type in [
        "channel_download",
        "playlist_download",
        "metadata_extraction",
        "download_transcript",
        "process_channel",
    ] {
        let words = ["yt-dlp was not found as \"/nowhere/yt-dlp\"", "pip install", "tools.yt_dlp.command"];
        fails_for_good(&server, job_type, &json!({"url": site.channel()}), &words);
    }
}

#[test]
fn ffmpeg_and_ffprobe() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg", "espeak-ng");
    for tool in ["ffmpeg", "ffprobe"] {
        let heard = "[transcribe]\ncommand = ['true']\n";
        let (server, site) = served(&yt_dlp, &format!("{}{heard}", without(tool)));
        let not_found = format!("{tool} was not found as \"/nowhere/{tool}\"");
        let words = [not_found.as_str(), "apt-get install ffmpeg", &format!("tools.{tool}.command")];
        for job_type in ["channel_download", "playlist_download"] {
            fails_for_good(&server, job_type, &json!({"url": site.channel()}), &words);
        }
        // Captions are converted by ffmpeg; without any, there is something to listen to.
        for item in ["a1", "b2"] {
            let args = json!({"url": site.url(&format!("/watch/{item}"))});
            fails_for_good(&server, "download_transcript", &args, &words);
        }
        fails_for_good(&server, "transcribe_audio", &json!({"path": "talk.mp4"}), &words);
        assert_eq!(site.asked("/api/video/a1"), 0, "nothing is fetched in vain");
    }
    let (server, _site) = served(&yt_dlp, &without("ffprobe"));
    let words = ["ffprobe was not found", "apt-get install ffmpeg"];
    fails_for_good(&server, "metadata_extraction", &json!({"path": "talk.mp4"}), &words);
}

#[test]
fn a_recogniser() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg", "espeak-ng");
    for (missing, words) in [
        ("", ["no speech recogniser is configured", "install whisper.cpp", "transcribe.command"]),
        (
            "[transcribe]\ncommand = ['/nowhere/whisper', '{input}']\n",
            ["was not found as \"/nowhere/whisper\"", "install", "transcribe.command"],
        ),
    ] {
        let (server, _site) = served(&yt_dlp, missing);
        fails_for_good(&server, "transcribe_audio", &json!({"path": "talk.mp4"}), &words);
    }
    // What has captions needs none; what has none is not fetched in vain.
    let (server, site) = served(&yt_dlp, "");
    let args = json!({"url": site.url("/watch/b2"), "transcribe": "auto"});
    let job = server.wait(server.enqueue("download_transcript", &args));
    assert_eq!((&job["state"], &job["attempts"][0]["outcome"]), (&json!("failed"), &json!("fatal")), "{job}");
    assert!(job["error"].as_str().unwrap().contains("no speech recogniser is configured"), "{job}");
    assert_eq!(site.asked("/media/b2.mp4"), 0);
}

#[test]
fn rclone() {
    let missing = format!("{}[rclone]\nallowed_destinations = ['/tmp/away']\n", without("rclone"));
    let server = Served::start(&configuration(Path::new("yt-dlp"), &missing));
    fs::create_dir_all(server.data_dir().join("downloads")).unwrap();
    let words =
        ["rclone was not found as \"/nowhere/rclone\"", "apt-get install rclone", "tools.rclone.command"];
    fails_for_good(&server, "sync_storage", &json!({"destination": "/tmp/away"}), &words);
}
