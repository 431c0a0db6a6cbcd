//! What the first view of each page weighs, with as much on it as a page ever shows, and what it
//! wears.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::server::{Server, text};

/// The most that the first view of a page may weigh, compressed, with scripts and styles.
const FIRST_VIEW: usize = 60 * 1024;

/// A job that fails thirty times, and one that says a line of a mebibyte.
const CONFIG: &str = r#"
[retry]
base_delay_secs = 0
[job_types.flaky]
max_retries = 29
command = ["bash", "-c", '''
for i in $(seq 1 40); do echo "ConnectionError: site-$CALLBOARD_JOB_ID-$RANDOM refused connection $RANDOM of $CALLBOARD_ATTEMPT" >&2; done
exit 1
''']
[job_types.talker]
command = ["bash", "-c", '''
for i in $(seq 1 3000); do echo "frame=$((i * 250)) fps=$RANDOM size=${RANDOM}kB time=00:00:$RANDOM speed=2.$RANDOM"; done
head -c 1048576 /dev/zero | tr '\0' x; echo
''']
"#;

/// The pages, with what is to be seen on each.
fn pages(full: &Full) -> Vec<(String, &'static str)> {
    let fixed = [
        ("/", "flaky"),
        ("/jobs", "noop"),
        ("/jobs?tag=nightly", "episode-"),
        ("/jobs?state=failed", "flaky"),
        ("/dead-letters", "ConnectionError"),
        ("/types", "talker"),
        ("/workflows", "season"),
        ("/schedules", "nightly-29"),
        ("/schedules/nightly-29", "MON-FRI"),
        ("/schedules/nightly-29/edit", "nightly-29"),
        ("/schedules/new", "name=\"cron\""),
        ("/new", "channel_download"),
        ("/new?type=channel_download", "name=\"args.url\""),
        ("/nodes", "flaky"),
        ("/settings", "theme"),
        ("/docs", "openapi.json"),
    ];
    let jobs = [(full.flaky, "ConnectionError"), (full.talker, "frame=")];
    let jobs = jobs.into_iter().map(|(id, shown)| (format!("/jobs/{id}"), shown));
    let pages = fixed.into_iter().map(|(path, shown)| (path.to_owned(), shown)).chain(jobs);
    pages.chain([(format!("/workflows/{}", full.workflow), "episode 199")]).collect()
}

/// What a server that is full has to show.
struct Full {
    flaky: i64,
    talker: i64,
    workflow: i64,
}

async fn fill(server: &Server) -> Full {
    let many: Vec<Value> = (0..120)
        .map(|n| {
            json!({"job_type": "noop", "queue": format!("queue-{}", n % 9), "tags": ["nightly", format!("season-{n}")],
                "args": {"file": format!("/srv/media/episode-{n}.mp4"), "quality": "1080p"},
                "target_id": format!("episode-{n}"), "metadata": {"tenant": format!("tenant {}", n % 7)}})
        })
        .collect();
    server.call("/api/jobs/bulk", json!({"jobs": many})).await;
    for _ in 0..5 {
        server.enqueue(json!({"job_type": "flaky", "max_retries": 0})).await;
    }
    let args = json!({"channel": "https://video.example/@kitchen", "formats": vec!["1080p"; 60]});
    let flaky = server.enqueue(json!({"job_type": "flaky", "args": args})).await;
    let talker = server.enqueue(json!({"job_type": "talker"})).await;
    for n in 0..30 {
        let name = format!("nightly-{n}");
        server
            .call("/api/schedules", json!({"name": name, "job_type": "noop", "cron": "30 4 * * MON-FRI"}))
            .await;
        server.call(&format!("/api/schedules/{name}/run"), Value::Null).await;
    }
    // Twenty seasons of ten episodes, one behind the other.
    let episode = |n: usize| {
        let after = n.checked_sub(10).map(|before| vec![format!("episode {before}")]);
        json!({"name": format!("episode {n}"), "job_type": "noop", "depends_on": after.unwrap_or_default()})
    };
    let season = json!({"name": "season", "jobs": (0..200).map(episode).collect::<Vec<_>>()});
    let workflow = server.call("/api/workflows", season).await["id"].as_i64().unwrap();
    for id in [flaky, talker] {
        while server.job(&format!("{id}?wait_secs=60")).await["completed_at"].is_null() {}
    }
    assert_eq!(server.job(flaky).await["attempts"].as_array().unwrap().len(), 30);
    Full { flaky, talker, workflow }
}

#[tokio::test]
async fn pages_are_strict_and_light() {
    let server = Server::start(CONFIG);
    let full = fill(&server).await;
    let files = files(&server).await;
    for (path, shown) in pages(&full) {
        let answer = server.get(&path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let policy = answer.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.headers()["content-encoding"], "gzip", "{path}");
        let packed = answer.bytes().await.unwrap().len();
        let html = text(server.get(&path).await).await;
        assert!(html.contains(shown), "{path} does not show {shown}: {html}");
        let loose = [" style=", "<style", " onclick"].iter().any(|loose| html.contains(loose));
        assert!(!loose, "{path} has style or script of its own");
        println!("{path}: {packed} bytes, with all files {}", packed + files);
        assert!(packed + files < FIRST_VIEW, "{path}: {packed} and {files} bytes");
    }
    let missing = server.get("/nothing").await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    assert!(text(missing).await.contains("<h1>There is no such thing here</h1>"));
    let api = server.get("/api/nothing").await;
    assert_eq!(api.headers()["content-type"], "application/problem+json");
}

/// The style, the pictures and every script, compressed: what one page needs at most. There are no
/// fonts.
async fn files(server: &Server) -> usize {
    let html = text(server.get("/").await).await;
    let base = html.split("href=\"").find_map(|part| part.split_once("/style.css\"")).unwrap().0;
    let scripts = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/static/js")).unwrap();
    let scripts = scripts.map(|entry| format!("js/{}", entry.unwrap().file_name().to_str().unwrap()));
    let mut weight = 0;
    for name in ["style.css", "icon.svg", "icons.svg"].into_iter().map(str::to_owned).chain(scripts) {
        let file = server.get(&format!("{base}/{name}")).await;
        assert_eq!(file.status(), StatusCode::OK, "{name}");
        assert!(file.headers()["cache-control"].to_str().unwrap().contains("immutable"), "{name}");
        weight += file.bytes().await.unwrap().len();
    }
    weight
}
