//! Jobs and events to play with.

use std::sync::Arc;

use callboard::domain::{Event, EventBody, LogLine, State};
use callboard::runtime::hub::Frame;
use callboard::{Job, Timestamp};
use serde_json::json;

pub fn job(id: i64, state: State, attempt: u32) -> Job {
    let value = json!({
        "id": id, "key": null, "job_type": "video", "queue": "default", "target_id": null,
        "state": state, "priority": 5, "args": {"url": "x"}, "tags": [], "metadata": {},
        "retry_count": 0, "max_retries": 3, "attempt": attempt, "timeout_secs": null, "unique": null,
        "backoff": null, "on_parent_failure": "cancel", "cancel_requested_at": null, "crash_count": 0,
        "progress": {"percent": 0.0, "processed": 0, "total": null, "message": null, "updated_at": null},
        "result": null, "error": null, "parent_job_id": null, "depends_on": [], "workflow_id": null,
        "name": null, "worker_id": null, "run_at": null, "created_at": "2030-01-01T00:00:00.000Z",
        "started_at": null, "completed_at": null
    });
    serde_json::from_str(&value.to_string()).unwrap()
}

fn event(job_id: i64, body: EventBody) -> Event {
    Event { job_id, job_type: "video".into(), queue: "default".into(), body }
}

pub fn state(job_id: i64, state: State, attempt: u32) -> Event {
    event(job_id, EventBody::State { state, attempt, error: None, at: Timestamp::MIN })
}

pub fn progress(job_id: i64, attempt: u32, processed: u64) -> Event {
    let (percent, total, message, at) = (0.0, None, None, Timestamp::MIN);
    event(job_id, EventBody::Progress { attempt, percent, processed, total, message, at })
}

pub fn line(text: &str) -> LogLine {
    LogLine { attempt: 1, stream: "log", line: text.to_owned(), at: Timestamp::MIN }
}

/// A frame in few words: `state 7 running 1`, `progress 7 40`, `log 7 text`, `gap 3`.
pub fn told(frame: &Frame) -> String {
    words(&serde_json::from_str(frame.text()).unwrap())
}

pub fn all_told(frames: &[Arc<Frame>]) -> Vec<String> {
    frames.iter().map(|f| told(f)).collect()
}

/// The same for a frame that came over the wire.
pub fn words(frame: &serde_json::Value) -> String {
    let plain = |name: &str| match &frame[name] {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match plain("type").as_str() {
        "snapshot" => format!(
            "snapshot {} {} {}",
            frame["job"]["id"],
            frame["job"]["state"].as_str().unwrap(),
            frame["job"]["attempt"]
        ),
        "state" => format!("state {} {} {}", plain("job_id"), plain("state"), plain("attempt")),
        "progress" => format!("progress {} {}", plain("job_id"), plain("processed")),
        "log" => format!("log {} {}", plain("job_id"), plain("line")),
        "gap" => format!("gap {}", plain("dropped")),
        other => panic!("a frame of type {other}"),
    }
}
