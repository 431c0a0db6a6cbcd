//! GET /metrics: what is counted, in both formats.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use callboard::metrics::{Kind, Listed, listed};
use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Server, send, test};

const OPEN_METRICS: &str = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";

/// The value of a sample; 0 when it is not there.
fn value(text: &str, sample: &str) -> f64 {
    let found = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    found.map_or(0.0, |value| value.parse().unwrap())
}

async fn scraped(server: &Server) -> String {
    let answer = server.get("/metrics?from=scraper").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text
}

/// Asks until a sample has a value: what happens is counted right after those who wait are answered.
async fn until(server: &Server, sample: &str, wanted: f64) -> String {
    loop {
        let text = scraped(server).await;
        if value(&text, sample) >= wanted {
            return text;
        }
    }
}

#[test]
fn the_life_of_jobs_is_counted() {
    test(async |server| {
        server.enqueue(json!({"delay_secs": 60})).await;
        server.ended(json!({"key": "k"}), "completed").await;
        server.ended(json!({"max_retries": 0}), "failed").await;
        let again = server.post("/api/jobs", json!({"job_type": "puppet", "key": "k"})).await;
        assert_eq!(again.status, 200);
        let text = until(server, r#"callboard_jobs_duplicates_total{job_type="puppet"}"#, 1.0).await;
        for (sample, wanted) in [
            (r#"callboard_jobs{job_type="puppet",state="scheduled"}"#, 1.0),
            (r#"callboard_queue_jobs{queue="default",state="completed"}"#, 1.0),
            (r#"callboard_jobs_enqueued_total{job_type="puppet"}"#, 3.0),
            (r#"callboard_attempts_started_total{job_type="puppet"}"#, 2.0),
            (r#"callboard_attempts_ended_total{job_type="puppet",outcome="success"}"#, 1.0),
            (r#"callboard_jobs_finished_total{job_type="puppet",state="completed"}"#, 1.0),
            (r#"callboard_jobs_finished_total{job_type="puppet",state="failed"}"#, 1.0),
            (r#"callboard_jobs_finished_total{job_type="doll",state="failed"}"#, 0.0),
            (r#"callboard_job_queue_latency_seconds_count{job_type="puppet"}"#, 2.0),
            (r#"callboard_attempt_duration_seconds_count{job_type="puppet"}"#, 2.0),
            (r#"callboard_nodes{state="alive"}"#, 1.0),
            ("callboard_ready", 1.0),
            (r#"callboard_part_ok{part="supervisor"}"#, 1.0),
        ] {
            assert_eq!(value(&text, sample), wanted, "{sample}\n{text}");
        }
        assert!(text.contains(r#"callboard_actor_mailbox_messages{actor="supervisor"}"#), "{text}");
        let doll = r#"callboard_jobs_finished_total{job_type="doll",state="failed"} 0"#;
        assert!(text.lines().any(|line| line == doll), "a rise from nothing would not be seen");
        for sample in [
            r#"callboard_store_commits_total{result="committed"}"#,
            "callboard_store_commit_seconds_sum",
            "callboard_store_commit_writes_sum",
            "callboard_store_commit_statements_sum",
            "callboard_store_write_seconds_count",
            "callboard_store_read_seconds_count",
            r#"callboard_sqlite_file_bytes{file="wal"}"#,
            r#"callboard_disk_free_bytes{place="data_dir"}"#,
        ] {
            assert!(value(&text, sample) > 0.0, "{sample}\n{text}");
        }
    });
}

#[test]
fn retries_and_snoozes_are_told_apart() {
    test(async |server| {
        server.ended(json!({"max_retries": 1}), "retrying").await;
        until(server, r#"callboard_job_retries_total{job_type="puppet"}"#, 1.0).await;
        let text = scraped(server).await;
        let errors = r#"callboard_attempts_ended_total{job_type="puppet",outcome="error"}"#;
        assert_eq!(value(&text, errors), 1.0);
        assert_eq!(value(&text, r#"callboard_jobs_finished_total{job_type="puppet",state="failed"}"#), 0.0);
    });
}

#[test]
fn what_a_caller_got_wrong_is_no_failed_commit() {
    test(async |server| {
        let orphan = json!({"job_type": "puppet", "depends_on": [987_654]});
        let jobs = json!({"jobs": [{"job_type": "puppet"}, orphan]});
        assert_eq!(server.post("/api/jobs/bulk", jobs).await.status, 422);
        let text = until(server, r#"callboard_store_commits_total{result="refused"}"#, 1.0).await;
        assert_eq!(value(&text, r#"callboard_store_commits_total{result="failed"}"#), 0.0);
        assert_eq!(value(&text, r#"callboard_jobs_enqueued_total{job_type="puppet"}"#), 0.0);
    });
}

#[test]
fn requests_are_counted_by_route() {
    test(async |server| {
        let id = server.enqueue(json!({"delay_secs": 60})).await;
        server.get(&format!("/api/jobs/{id}")).await.ok(200);
        server.get("/api/jobs/987654").await.problem(404);
        server.get("/no/such/page/at/all").await;
        let brew = Method::from_bytes(b"BREW").unwrap();
        send(server.request(brew, "/api/jobs")).await;
        let text = scraped(server).await;
        for labels in [
            r#"route="/api/jobs/{id}",method="GET",status="2xx""#,
            r#"route="/api/jobs/{id}",method="GET",status="4xx""#,
            r#"route="/api/jobs",method="POST",status="2xx""#,
            r#"route="/api/jobs",method="OTHER",status="4xx""#,
            r#"route="(none)",method="GET",status="4xx""#,
        ] {
            let count = format!("callboard_http_request_duration_seconds_count{{{labels}}}");
            assert_eq!(value(&text, &count), 1.0, "{count}\n{text}");
        }
        assert!(!text.contains("987654") && !text.contains("/no/such"), "{text}");
    });
}

#[test]
fn those_who_watch_are_counted() {
    test(async |server| {
        let sample = r#"callboard_live_clients{transport="sse"}"#;
        assert_eq!(value(&scraped(server).await, sample), 0.0);
        let answer = server.request(Method::GET, "/api/events").send().await.unwrap();
        let mut events = answer.bytes_stream();
        events.next().await.unwrap().unwrap();
        until(server, sample, 1.0).await;
        drop(events);
        while value(&scraped(server).await, sample) > 0.0 {
            // The server notices when it writes.
            server.enqueue(json!({"delay_secs": 60})).await;
        }
    });
}

/// Every sample belongs to a metric that is documented, and has its labels.
fn check(text: &str, counters_end: &str) {
    let listed: BTreeMap<&str, Listed> = listed().into_iter().map(|metric| (metric.name, metric)).collect();
    let mut typed = 0;
    for line in text.lines() {
        if let Some(said) = line.strip_prefix("# TYPE ") {
            let (name, kind) = said.split_once(' ').unwrap();
            let full = format!("{name}{}", if kind == "counter" { counters_end } else { "" });
            assert_eq!(listed[full.as_str()].kind.as_str(), kind, "{line}");
            typed += 1;
            continue;
        }
        if line.starts_with('#') {
            continue;
        }
        let name = line.split(['{', ' ']).next().unwrap();
        let metric = ["", "_bucket", "_sum", "_count"].iter().find_map(|end| {
            let metric = listed.get(name.strip_suffix(end)?)?;
            (end.is_empty() != (metric.kind == Kind::Histogram)).then_some(metric)
        });
        let metric = metric.unwrap_or_else(|| panic!("not documented: {line}"));
        let labels = line.split_once('{').map_or("", |(_, rest)| rest.rsplit_once('}').unwrap().0);
        let mut names: Vec<&str> =
            labels.split("\",").filter(|l| !l.is_empty()).map(|l| l.split('=').next().unwrap()).collect();
        names.retain(|name| *name != "le");
        assert_eq!(names, metric.labels, "{line}");
    }
    assert!(typed > 40, "{text}");
}

#[test]
fn both_formats_say_what_is_documented() {
    test(async |server| {
        server.ended(json!({}), "completed").await;
        let plain = server.get("/metrics").await;
        assert_eq!(plain.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
        check(&plain.text, "");
        let open = send(server.request(Method::GET, "/metrics").header("accept", OPEN_METRICS)).await;
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert_eq!(open.header("content-type"), Some(kind));
        assert!(open.text.ends_with("# EOF\n"));
        check(&open.text, "_total");
        prometheus(&json!({"plain": plain.text, "open": open.text}));
    });
}

#[test]
fn dashboard_and_alerts_ask_for_what_is_there() {
    test(async |server| {
        server.ended(json!({}), "completed").await;
        server.poke("/api/pause").await.ok(200);
        // One that waits, or there is no age of the oldest.
        server.enqueue(json!({})).await;
        let text = scraped(server).await;
        let name = |line: &str| line.split(['{', ' ']).next().unwrap().to_owned();
        let there: BTreeSet<String> = text.lines().filter(|line| !line.starts_with('#')).map(name).collect();
        for file in ["examples/grafana/dashboard.json", "examples/prometheus/alerts.yml"] {
            let asked = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
            let words = asked.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            let metrics: BTreeSet<&str> =
                words.filter(|word| word.starts_with("callboard_") || word.starts_with("process_")).collect();
            let missing: Vec<_> = metrics.iter().filter(|metric| !there.contains(**metric)).collect();
            assert!(metrics.len() > 10 && missing.is_empty(), "{file} asks for {missing:?}");
        }
    });
}

/// What Prometheus' own library understands of the two texts.
fn prometheus(texts: &Value) {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = home.join(".tools/clients/bin/python");
    let is_there = Command::new(&python).args(["-c", "import prometheus_client"]).status();
    if !is_there.is_ok_and(|status| status.success()) {
        assert!(std::env::var_os("CI").is_none(), "the library is not there: run scripts/setup-clients");
        eprintln!("NOT RUN: Prometheus' library is not there; scripts/setup-clients installs it");
        return;
    }
    let script = home.join("tests/http/prometheus.py");
    let reader = Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut reader = reader.unwrap();
    reader.stdin.take().unwrap().write_all(texts.to_string().as_bytes()).unwrap();
    let done = reader.wait_with_output().unwrap();
    assert!(done.status.success(), "it cannot read this:\n{texts:#}");
    let read: BTreeMap<String, Vec<(String, String, u64)>> = serde_json::from_slice(&done.stdout).unwrap();
    let stem = |metric: Listed| (metric.name.strip_suffix("_total").unwrap_or(metric.name), metric.kind);
    let known: BTreeMap<&str, Kind> = listed().into_iter().map(stem).collect();
    for (format, metrics) in read {
        for (name, kind, _) in &metrics {
            assert_eq!(known.get(name.as_str()).map(|kind| kind.as_str()), Some(kind.as_str()), "{name}");
        }
        // Those of which nothing is there at the moment are left out.
        assert!(metrics.len() > 40, "{format}: {metrics:?}");
        assert!(metrics.iter().map(|(.., samples)| samples).sum::<u64>() > 500, "{format}: {metrics:?}");
    }
}
