//! The example of a pipeline as it is shipped, against a site and an endpoint that the test serves.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};
use toml::{Table, Value as Toml};

use crate::clips::{silent, talking};
use crate::fake::{Answer, Fake};
use crate::needed::needs;
use crate::served::Served;
use crate::site::{Site, Video};

const ASKED: &str = "POST /v1/chat/completions";
const CAPTIONS: &str =
    "WEBVTT\n\n00:00.000 --> 00:00.500\nhello there\n\n00:00.500 --> 00:01.000\ngood bye\n";
/// Nobody says the same over and over.
const BROKEN: &str = "WEBVTT\n\n00:00.000 --> 00:00.300\nla\n\n00:00.300 --> 00:00.600\nla\n\n\
     00:00.600 --> 00:01.000\nla\n";
/// Takes the options of whisper-ctranslate2, and hears the same in whatever is said.
const HEARS: &str = r#"#!/bin/bash
while [ $# -gt 1 ]; do case "$1" in --output_dir) dir=$2; shift;; esac; shift; done
words="the quick brown fox jumps over a dog and sells sea shells"
printf '{"segments":[{"start":0.0,"end":9.4,"text":"%s"}],"language":"en"}' "$words" > "$dir/$(basename "$1" .wav).json"
"#;

fn site() -> Site {
    let captioned = |id, title: &str, text: &str| Video {
        subtitles: Some(("en", text.into())),
        ..Video::new(id, title, silent())
    };
    Site::start(vec![
        captioned("c3", "../../Third: \"<b>\"\n%(id)s", CAPTIONS),
        captioned("b2", "Broken", BROKEN),
        Video { duration: 9.5, ..Video::new("a1", "Spoken", talking()) },
    ])
}

/// An answer that is written word by word.
fn answer(words: &[&str]) -> Answer {
    let (answer, events) = Answer::events();
    for word in words {
        events.raw(&format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": {"content": word}}]})));
    }
    events.raw("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n");
    events.raw("data: [DONE]\n\n");
    answer
}

/// The example's configuration, with the programs and places of this test.
fn configuration(yt_dlp: &std::path::Path, dir: &std::path::Path, llm: &str) -> String {
    let mut table: Table = include_str!("../../examples/pipeline.toml").parse().unwrap();
    let own: Table = crate::bench::configuration(yt_dlp, "").parse().unwrap();
    table.extend(own);
    let hears = dir.join("hears");
    fs::write(&hears, HEARS).unwrap();
    fs::set_permissions(&hears, fs::Permissions::from_mode(0o755)).unwrap();
    table["transcribe"]["command"][0] = Toml::from(hears.display().to_string());
    table["llm"]["base_url"] = Toml::from(format!("{llm}/v1"));
    let remotes = dir.join("rclone.conf");
    fs::write(&remotes, format!("[archive]\ntype = alias\nremote = {}\n", dir.join("away").display()))
        .unwrap();
    let rclone = table["rclone"].as_table_mut().unwrap();
    rclone.insert("config".into(), remotes.display().to_string().into());
    table.to_string()
}

/// The only job that waits for another.
fn next(server: &Served, parent: &Value) -> Value {
    let children = server.get(&format!("/api/jobs?parent_job_id={}", parent["id"]));
    let children = children["jobs"].as_array().unwrap();
    assert_eq!(children.len(), 1, "{children:?}");
    server.wait(children[0]["id"].as_i64().unwrap())
}

#[test]
fn from_a_channel_to_notes_that_are_put_away() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg", "espeak-ng", "rclone");
    let (site, fake, dir) = (site(), Fake::start(), tempfile::tempdir().unwrap());
    let away = dir.path().join("away");
    fs::create_dir(&away).unwrap();
    for _ in 0..2 {
        fake.on(ASKED, answer(&["The ", "notes."]));
    }
    let server = Served::start(&configuration(&yt_dlp, dir.path(), &fake.url));
    let mut args: Value = serde_json::from_str(include_str!("../../examples/pipeline.json")).unwrap();
    args["url"] = site.channel().into();

    let first = server.wait(server.enqueue("process_channel", &args));
    assert_eq!(first["result"]["new"], 3, "{first}");
    let mut sources = Vec::new();
    for item in first["result"]["jobs"].as_array().unwrap() {
        let transcript = server.wait(item["job_id"].as_i64().unwrap());
        assert_eq!(transcript["parent_job_id"], first["id"]);
        sources.push(transcript["result"]["source"].as_str().unwrap().to_owned());
        let judged = next(&server, &transcript);
        let written = next(&server, &judged);
        let put_away = next(&server, &written);
        if item["title"] == "Broken" {
            assert!(judged["error"].as_str().unwrap().contains("repeated"), "{judged}");
            assert_eq!((&written["state"], &put_away["state"]), (&json!("cancelled"), &json!("cancelled")));
            continue;
        }
        assert_eq!(judged["result"]["passed"], true, "{judged}");
        assert_eq!(
            (&written["result"]["content"], &written["state"]),
            (&json!("The notes."), &json!("completed"))
        );
        assert_eq!(written["depends_on"], json!([judged["id"]]));
        assert_eq!(put_away["result"]["verified"], true, "{put_away}");
        let notes = written["result"]["file"].as_str().unwrap();
        let name = std::path::Path::new(notes).file_name().unwrap();
        assert_eq!(fs::read_to_string(away.join("show").join(name)).unwrap(), "The notes.");
    }
    assert_eq!(sources, ["subtitles", "subtitles", "speech"]);
    let prompts: Vec<_> = (0..2).map(|_| fake.request().json().to_string()).collect();
    assert!(prompts.iter().any(|prompt| prompt.contains("the quick brown fox")), "{prompts:?}");
    assert!(prompts.iter().any(|prompt| prompt.contains("hello there")), "{prompts:?}");
    assert_eq!(fs::read_dir(away.join("show")).unwrap().count(), 11, "three texts each, and two notes");
}
