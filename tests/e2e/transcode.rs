//! The README's tour: a clip becomes another format, and everybody can see how far it is.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::server::Server;
use crate::tools;
use crate::watcher::{Watcher, percentages, states};

/// The length of the clip in seconds.
const LENGTH: f64 = 6.0;

/// The README's job type; the clip is read at twice its speed, so that it takes its time on any
/// machine.
fn config() -> String {
    let mut config: toml::Table = include_str!("../../examples/transcode.toml").parse().unwrap();
    let command = config["job_types"]["transcode"]["command"].as_array_mut().unwrap();
    let input = command.iter().position(|part| part.as_str() == Some("-i")).unwrap();
    command.splice(input..input, ["-readrate".into(), "2".into()]);
    config.to_string()
}

fn make_clip(path: &Path) {
    let picture = format!("testsrc=size=320x180:rate=25:duration={LENGTH}");
    let sound = format!("sine=frequency=440:duration={LENGTH}");
    let path = path.to_str().unwrap();
    let inputs = ["-v", "error", "-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", &sound];
    tools::run("ffmpeg", &[inputs.as_slice(), &["-pix_fmt", "yuv420p", path]].concat());
}

fn probe(path: &Path) -> Value {
    let args = ["-v", "error", "-of", "json", "-show_format", "-show_streams", path.to_str().unwrap()];
    serde_json::from_str(&tools::run("ffprobe", &args)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clip_becomes_another_format_while_others_watch() {
    if !tools::are_there(&["ffmpeg", "ffprobe"]) {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let (clip, result) = (home.path().join("clip.mp4"), home.path().join("clip.webm"));
    make_clip(&clip);
    let server = Server::start(home.path(), &config());
    // Nothing starts before everybody watches.
    server.says(&["pause", "transcode"]);
    let id = server.enqueue("transcode", &json!({"input": clip, "output": result}));
    let mut watcher = Watcher::open(&server, id).await;
    let watch = server.command(&["watch", &id.to_string()]).spawn().unwrap();
    let snapshot = watcher.next().await.unwrap();
    server.says(&["resume", "transcode"]);
    let (frames, code) = watcher.rest().await;
    let watched = tokio::task::spawn_blocking(|| watch.wait_with_output()).await.unwrap().unwrap();

    check_frames(&snapshot, &frames);
    assert_eq!(code, 1000);
    assert!(watched.status.success(), "{watched:?}");
    check_watch(&String::from_utf8(watched.stderr).unwrap(), id);
    check_clip(&probe(&result));
    check_logs(&server, id);
    let job = server.job(id);
    assert_eq!(job["state"], "completed");
    assert!(job["progress"]["percent"].as_f64().unwrap() > 99.0, "{}", job["progress"]);
    assert_eq!(job["attempts"][0]["outcome"], "success");
    assert_eq!(server.stop().code(), Some(0));
}

fn check_frames(snapshot: &Value, frames: &[Value]) {
    assert_eq!(snapshot["type"], "snapshot");
    assert_eq!(snapshot["job"]["state"], "pending");
    assert_eq!(states(frames), ["running", "completed"], "{frames:?}");
    assert_eq!(frames.last().unwrap()["state"], "completed");
    check_rise(&percentages(frames));
}

/// Two a second at most, for about three seconds.
fn check_rise(percentages: &[f64]) {
    assert!(percentages.is_sorted(), "{percentages:?}");
    let between = percentages.iter().filter(|percent| (1.0..99.0).contains(*percent)).count();
    assert!(between >= 3, "it was told of too little: {percentages:?}");
    assert!(percentages.last().is_some_and(|last| *last > 99.0), "{percentages:?}");
}

/// Without a terminal there is a line for every tenth of the way.
fn check_watch(told: &str, id: i64) {
    let percent = |line: &str| line.split_once('%')?.0.parse::<f64>().ok();
    let percentages: Vec<f64> = told.lines().filter_map(percent).collect();
    assert!(percentages.is_sorted() && percentages.len() >= 3, "{told}");
    assert!(told.contains(&format!("job {id} completed")), "{told}");
}

fn check_clip(clip: &Value) {
    let format = clip["format"]["format_name"].as_str().unwrap();
    assert!(format.contains("webm"), "{format}");
    let codecs: Vec<&str> =
        clip["streams"].as_array().unwrap().iter().filter_map(|s| s["codec_name"].as_str()).collect();
    assert_eq!(codecs, ["vp9", "opus"]);
    let length: f64 = clip["format"]["duration"].as_str().unwrap().parse().unwrap();
    assert!((length - LENGTH).abs() < 0.5, "{length} s");
}

fn check_logs(server: &Server, id: i64) {
    let read = |name: &str| fs::read_to_string(server.logs(id, 1).join(name)).unwrap();
    assert!(read("stdout.log").contains("progress=end"));
    assert!(read("stderr.log").contains("Duration: 00:00:06"));
    let steps: Vec<Value> =
        read("progress.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let percentages: Vec<f64> = steps.iter().map(|step| step["percent"].as_f64().unwrap()).collect();
    check_rise(&percentages);
    // The same over HTTP.
    assert_eq!(server.says(&["logs", &id.to_string(), "--stream", "stderr"]), read("stderr.log"));
}
