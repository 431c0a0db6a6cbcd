//! The pictures in the README, of a server that is at work: `scripts/screenshots` makes them anew.

use std::path::Path;

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::server::Server;

const CONFIG: &str = r#"
[job_types.podcast_download]
description = "Downloads the new videos of a channel."
concurrency = 2
retry = { base_delay_secs = 2 }
command = ["bash", "-c", '''
if [ $CALLBOARD_ATTEMPT = 1 ]; then sleep 1; echo "HTTP error 503: Service Unavailable" >&2; exit 1; fi
for i in $(seq 1 40); do
  echo "::callboard {\"progress\":{\"processed\":$i,\"total\":40,\"message\":\"video $i of 40: episode-$i.mp4\"}}"
  echo "[download] Destination: episode-$i.mp4"
  echo "[download] 100% of $((RANDOM % 90 + 10)).4MiB in 00:0$((RANDOM % 9))"
  [ $i -lt 27 ] || sleep 5
done
''']

[job_types.transcode]
description = "Turns a video into H.264 for the web."
concurrency = 3
command = ["bash", "-c", '''
for i in 1 2 3 4; do
  echo "::callboard {\"progress\":{\"processed\":$i,\"total\":4,\"message\":\"pass $i of 4\"}}"
  echo "frame=$((i * 250)) fps=50 q=28.0 size=$((i * 1024))kB time=00:00:$((10 * i)).00 speed=2.1x"
  sleep 0.$((RANDOM % 3 + 1))
done
[ $((CALLBOARD_JOB_ID % 19)) != 0 ] || { echo "Conversion failed!" >&2; exit 65; }
echo "::callboard {\"result\":{\"codec\":\"h264\",\"seconds\":40.1,\"bytes\":8291044}}"
''']

[job_types.thumbnail]
description = "Cuts a still picture out of a video."
concurrency = 4
command = ["bash", "-c", "sleep 0.0$((RANDOM % 9))"]

[job_types.captions]
description = "Writes down what is said in a video."
concurrency = 1
max_retries = 4
retry = { base_delay_secs = 40 }
command = ["bash", "-c", "echo 'loading the model'; echo 'CUDA error: out of memory on device 0' >&2; exit 1"]

[job_types.publish]
description = "Tells the site that a video is ready."
rate_limit = { limit = 3, per_secs = 60 }
command = ["bash", "-c", "echo \"ConnectionError: site-$CALLBOARD_JOB_ID refused the connection\" >&2; exit 65"]
"#;

/// Large enough to be read in the README, small enough for a page of it.
const SIZE: (u32, u32) = (1280, 800);
/// What a picture may weigh.
const MOST_BYTES: usize = 200 * 1024;

#[tokio::test]
#[ignore = "makes the pictures of the README; run scripts/screenshots"]
async fn pictures_for_the_readme() {
    let (server, browser) = (Server::with(CONFIG), Browser::start().await);
    let (first, family) = fill(&server).await;
    browser.dress(SIZE, "light").await;
    take(&browser, &server, "/", "overview").await;
    let job = format!("/jobs/{family}");
    browser.go(&server.at(&job)).await;
    browser.read("[data-message]", "video 27").await;
    take(&browser, &server, &job, "job").await;
    browser.dress(SIZE, "dark").await;
    take(&browser, &server, "/jobs", "jobs").await;
    take(&browser, &server, "/types", "types").await;
    assert_eq!(server.job(first).await["state"], "running");
    browser.close().await;
}

/// Gives the server something to do; returns two jobs that run long.
async fn fill(server: &Server) -> (i64, i64) {
    let channel = |name: &str| {
        json!({"job_type": "podcast_download", "queue": "downloads", "target_id": name, "tags": ["nightly"],
            "args": {"channel": format!("https://video.example/@{name}"), "quality": "1080p", "since": "2026-11-01"}})
    };
    let first = server.enqueue(channel("kitchen")).await;
    let many = |job_type: &str, n: u32| -> Vec<Value> {
        (0..n)
            .map(|i| {
                json!({"job_type": job_type, "args": {"file": format!("episode-{i}.mp4")}, "tags": ["web"],
                    "target_id": format!("{job_type}-{i}")})
            })
            .collect()
    };
    server.enqueue_many(many("transcode", 60)).await;
    server.enqueue_many(many("thumbnail", 400)).await;
    server.enqueue_many(many("publish", 5)).await;
    server.enqueue_many(many("captions", 3)).await;
    server.until(60, "completed").await;
    server.enqueue_many(many("transcode", 150)).await;
    let family = server.enqueue(channel("garden")).await;
    let mut parts = Vec::new();
    for job_type in ["transcode", "thumbnail", "captions"] {
        let mut part = many(job_type, 1).remove(0);
        part["depends_on"] = json!([family]);
        part["target_id"] = json!("garden");
        parts.push(server.enqueue(part).await);
    }
    let mut last = many("publish", 1).remove(0);
    last["depends_on"] = json!(parts);
    server.enqueue(last).await;
    server.enqueue(json!({"job_type": "sleep", "args": {"secs": 60}, "delay_secs": 40_000})).await;
    (first, family)
}

async fn take(browser: &Browser, server: &Server, path: &str, name: &str) {
    browser.go(&server.at(path)).await;
    browser.read("[data-live-note]", "Live").await;
    let picture = browser.page.screenshot().await.unwrap();
    assert!(picture.len() < MOST_BYTES, "{name} has {} bytes", picture.len());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/images");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name).with_extension("png"), picture).unwrap();
}
