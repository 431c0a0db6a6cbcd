//! The log files of jobs, through the public face.

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use callboard::domain::{Clock, LogLine, Progress, Timestamp};
use callboard::logs::{Chunk, JobLogs, LogSink, Stream};
use serde_json::{Value, json};
use tempfile::TempDir;

const START: i64 = 1_893_553_445_678;

fn logs(dir: &TempDir, max: u64) -> JobLogs {
    JobLogs::new(dir.path().join("logs"), max, Clock::manual(Timestamp::from_millis(START)))
}

fn file(logs: &JobLogs, stream: Stream) -> String {
    fs::read_to_string(logs.path(1, 1, stream)).unwrap()
}

/// Everything from `offset` on, as a follower reads it; and where it ended.
fn follow(logs: &JobLogs, mut offset: u64) -> (String, u64) {
    let mut all = Vec::new();
    loop {
        let chunk = logs.read(1, 1, Stream::Stdout, offset, 700).unwrap();
        assert!(chunk.next_offset >= offset && chunk.next_offset <= chunk.size, "{chunk:?}");
        if chunk.content.is_empty() {
            return (String::from_utf8(all).unwrap(), offset);
        }
        all.extend(chunk.content);
        offset = chunk.next_offset;
    }
}

#[test]
fn a_silent_job_leaves_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let logs = logs(&dir, 4096);
    let log = logs.attempt(1, 1, None);
    log.bytes(Stream::Stdout, b"");
    log.close();
    assert!(!dir.path().join("logs").exists());
    assert_eq!(logs.attempts(1).unwrap(), [0_u32; 0]);
    assert_eq!(logs.read(1, 1, Stream::Log, 0, 100).unwrap(), Chunk::default());
    logs.remove(1).unwrap();
}

#[test]
fn each_stream_has_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let logs = logs(&dir, 1 << 20);
    let log = logs.attempt(1, 1, None);
    log.info("began");
    log.warn("hm");
    log.event("snooze", &json!({"secs": 3}));
    log.event("odd", &7);
    log.progress(&Progress { percent: 50.0, processed: 1, total: Some(2), ..Progress::default() });
    log.bytes(Stream::Stdout, b"raw \xFF");
    log.close();
    log.info("too late");
    assert_eq!(
        file(&logs, Stream::Log),
        "2030-01-02T03:04:05.678Z INFO  began\n2030-01-02T03:04:05.678Z WARN  hm\n"
    );
    let events = file(&logs, Stream::Events);
    let events: Vec<Value> = events.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(events[0], json!({"at": "2030-01-02T03:04:05.678Z", "event": "snooze", "secs": 3}));
    assert_eq!(events[1]["data"], 7);
    let step: Value = serde_json::from_str(&file(&logs, Stream::Progress)).unwrap();
    assert_eq!((&step["percent"], &step["total"]), (&json!(50.0), &json!(2)));
    assert_eq!(fs::read(logs.path(1, 1, Stream::Stdout)).unwrap(), b"raw \xFF");
    logs.attempt(1, 12, None).info("again");
    assert_eq!(logs.attempts(1).unwrap(), [1, 12]);
    logs.remove(1).unwrap();
    assert_eq!(logs.attempts(1).unwrap(), [0_u32; 0]);
}

#[test]
fn lines_reach_the_sink_whole() {
    let dir = tempfile::tempdir().unwrap();
    let seen: Arc<Mutex<Vec<LogLine>>> = Arc::default();
    let sink: LogSink = Arc::new({
        let seen = Arc::clone(&seen);
        move |line| seen.lock().unwrap().push(line)
    });
    let log = logs(&dir, 1 << 20).attempt(1, 3, Some(sink));
    log.bytes(Stream::Stdout, b"on");
    log.bytes(Stream::Stderr, b"bad \xFF\n");
    log.bytes(Stream::Stdout, b"e\ntw");
    log.bytes(Stream::Stdout, &vec![b'x'; 20_000]);
    log.progress(&Progress::default());
    log.close();
    let seen = seen.lock().unwrap();
    let told: Vec<(&str, &str)> = seen.iter().map(|l| (l.stream, l.line.as_str())).collect();
    assert_eq!(told[..2], [("stderr", "bad \u{FFFD}"), ("stdout", "one")]);
    assert!(told[2].1.starts_with("twxxx") && told[2].1.len() < 9000);
    assert_eq!(told.len(), 3);
    assert!(seen.iter().all(|l| l.attempt == 3 && l.at.as_millis() == START));
}

#[test]
fn head_and_tail_are_kept_within_the_bound() {
    let dir = tempfile::tempdir().unwrap();
    let logs = logs(&dir, 8192);
    let log = logs.attempt(1, 1, None);
    for n in 0..5000 {
        log.bytes(Stream::Stdout, format!("line {n:05}\n").as_bytes());
    }
    log.close();
    let text = file(&logs, Stream::Stdout);
    assert!((5000..=8192).contains(&text.len()), "{}", text.len());
    let lines: Vec<&str> = text.lines().collect();
    let gap = lines.iter().position(|l| l.contains("left out")).unwrap();
    assert_eq!(lines[0], "line 00000");
    assert!(lines.iter().enumerate().all(|(at, l)| at == gap || (l.len() == 10 && l.starts_with("line "))));
    assert_eq!(lines.last(), Some(&"line 04999"));
    assert!(gap > 300 && lines.len() - gap > 150, "{gap} of {}", lines.len());
    let files = fs::read_dir(logs.path(1, 1, Stream::Stdout).parent().unwrap()).unwrap().count();
    assert_eq!(files, 1, "the tail was merged");

    let (all, end) = follow(&logs, 0);
    assert_eq!((all.as_str(), end), (text.as_str(), 5000 * 11));
    let tail = logs.tail(1, 1, Stream::Stdout, 3).unwrap();
    assert_eq!(tail.content, b"line 04997\nline 04998\nline 04999\n");
    assert_eq!((tail.offset, tail.next_offset, tail.size), (4997 * 11, 5000 * 11, 5000 * 11));
}

#[test]
fn a_follower_is_carried_over_gaps_and_the_merge() {
    let dir = tempfile::tempdir().unwrap();
    let logs = logs(&dir, 1 << 18);
    let log = logs.attempt(1, 1, None);
    let block: String = (0..5000).map(|n| format!("line {n:05}\n")).collect();
    // A block is larger than the buffer, so that it is written at once.
    log.bytes(Stream::Stdout, block.as_bytes());
    let (first, offset) = follow(&logs, 0);
    assert_eq!((first.as_str(), offset), (block.as_str(), 55_000));
    for _ in 0..20 {
        log.bytes(Stream::Stdout, block.as_bytes());
    }
    let (second, offset) = follow(&logs, offset);
    assert_eq!(offset, 21 * 55_000);
    assert!(second.contains("left out") && second.ends_with("line 04999\n"));
    log.bytes(Stream::Stdout, b"the end\n");
    log.close();
    assert_eq!(follow(&logs, offset), ("the end\n".to_owned(), offset + 8));
}

#[test]
fn without_line_ends_the_bound_holds_too() {
    let dir = tempfile::tempdir().unwrap();
    let logs = logs(&dir, 200_000);
    let log = logs.attempt(1, 1, None);
    for n in 0..100_u8 {
        log.bytes(Stream::Stdout, &vec![b'a' + n % 26; 33_333]);
    }
    log.close();
    let text = file(&logs, Stream::Stdout);
    assert!((100_000..=200_000).contains(&text.len()), "{}", text.len());
    assert_eq!(follow(&logs, 0), (text, 3_333_300));
}

#[test]
fn json_lines_stay_json() {
    let dir = tempfile::tempdir().unwrap();
    let logs = logs(&dir, 4096);
    let log = logs.attempt(1, 1, None);
    for n in 0..1000 {
        log.event("tick", &json!({"n": n}));
    }
    log.close();
    let text = file(&logs, Stream::Events);
    let events: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert!(events.iter().any(|e| e["left_out"]["to"].is_u64()));
    assert_eq!(events.last().unwrap()["n"], 999);
}

#[test]
fn what_a_dead_server_left_is_read_and_settled() {
    let dir = tempfile::tempdir().unwrap();
    let logs = logs(&dir, 8192);
    let log = logs.attempt(1, 1, None);
    let block: String = (0..5000).map(|n| format!("line {n:05}\n")).collect();
    log.bytes(Stream::Stdout, block.as_bytes());
    let before = follow(&logs, 0);
    std::mem::forget(log);
    logs.settle(1, 1).unwrap();
    assert_eq!(follow(&logs, 0), before);
    assert_eq!(file(&logs, Stream::Stdout), before.0);
}

#[test]
fn a_chunk_does_not_cut_a_character() {
    let dir = tempfile::tempdir().unwrap();
    let logs = logs(&dir, 8192);
    let log = logs.attempt(1, 1, None);
    log.bytes(Stream::Stdout, "aéé".as_bytes());
    log.close();
    let chunk = logs.read(1, 1, Stream::Stdout, 0, 4).unwrap();
    assert_eq!((chunk.content.as_slice(), chunk.next_offset, chunk.size), ("aé".as_bytes(), 3, 5));
    assert_eq!(logs.read(1, 1, Stream::Stdout, 9, 4).unwrap().content, b"");
}

#[test]
fn tails_of_short_files() {
    let dir = tempfile::tempdir().unwrap();
    let logs = logs(&dir, 8192);
    logs.attempt(1, 1, None).bytes(Stream::Stdout, b"one\ntwo\nthree");
    let tail = |lines| String::from_utf8(logs.tail(1, 1, Stream::Stdout, lines).unwrap().content).unwrap();
    assert_eq!((tail(0), tail(1), tail(2)), (String::new(), "three".into(), "two\nthree".into()));
    assert_eq!(tail(9), "one\ntwo\nthree");
}

#[test]
fn a_log_that_cannot_be_written_is_told_and_forgotten_when_it_can() {
    let dir = tempfile::tempdir().unwrap();
    let logs = logs(&dir, 8192);
    fs::write(dir.path().join("logs"), "in the way").unwrap();
    let log = logs.attempt(1, 1, None);
    log.info("unheard");
    log.close();
    assert!(logs.fault().unwrap().starts_with("cannot write logs in "), "{:?}", logs.fault());
    fs::remove_file(dir.path().join("logs")).unwrap();
    logs.attempt(1, 2, None).info("heard");
    assert_eq!(logs.fault(), None);
}

#[test]
fn what_is_written_shows_without_closing() {
    let dir = tempfile::tempdir().unwrap();
    let logs = logs(&dir, 8192);
    let log = logs.attempt(1, 1, None);
    log.info("live");
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while logs.read(1, 1, Stream::Log, 0, 100).unwrap().size == 0 {
        assert!(std::time::Instant::now() < deadline, "never written out");
        std::thread::yield_now();
    }
}
