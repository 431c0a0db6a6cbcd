//! The server's own log, on standard error: a line for each event, as text or as JSON.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::borrow::Cow;
use std::io::Write;
use std::panic::PanicHookInfo;

use env_logger::fmt::Formatter;
use log::{Level, Log, Metadata, Record};
use serde::Serialize;

use crate::config::{Config, LogFormat};
use crate::domain::Timestamp;
use crate::logs::{AttemptFields, LogScope};

/// Where lines about panics come from.
const PANICS: &str = "callboard::panics";

/// What speaks with clients. It calls it an error when a client breaks a rule, of which nobody here has to
/// know, and anybody who reaches the port could write as many as they like.
const PEERS: [&str; 3] = ["actix_http", "h2", "rustls"];

/// Begins to log. What panics is logged too, so that it has the form and the level of all else.
pub(super) fn start(config: &Config) {
    let mut builder = env_logger::Builder::new();
    builder.parse_filters(&config.log);
    match config.log_format {
        LogFormat::Json => builder.format(json),
        LogFormat::Text => builder.format(text),
    };
    let lines = builder.build();
    let most = lines.filter();
    if log::set_boxed_logger(Box::new(ServerLog(lines))).is_ok() {
        log::set_max_level(most);
    }
    std::panic::set_hook(Box::new(|panic| log::error!(target: PANICS, "{}", told(panic))));
}

/// What is said of a panic; where it came from, if `RUST_BACKTRACE` asks for it.
fn told(panic: &PanicHookInfo<'_>) -> String {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("without a name");
    let backtrace = Backtrace::capture();
    match backtrace.status() {
        BacktraceStatus::Captured => format!("thread {thread} {panic}\n{backtrace}"),
        _ => format!("thread {thread} {panic}"),
    }
}

/// The lines, with those about what clients do wrong at DEBUG.
struct ServerLog(env_logger::Logger);

impl Log for ServerLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let level = level(metadata);
        self.0.enabled(&Metadata::builder().level(level).target(metadata.target()).build())
    }

    fn log(&self, record: &Record<'_>) {
        let metadata = Metadata::builder().level(level(record.metadata())).target(record.target()).build();
        self.0.log(&Record::builder().metadata(metadata).args(*record.args()).build());
    }

    fn flush(&self) {
        self.0.flush();
    }
}

/// How much a line is worth.
fn level(metadata: &Metadata<'_>) -> Level {
    let from = metadata.target().split("::").next().unwrap_or_default();
    if PEERS.contains(&from) { metadata.level().max(Level::Debug) } else { metadata.level() }
}

/// A line of JSON. Its keys do not change between versions but for new ones.
#[derive(Serialize)]
struct Line<'a> {
    at: Timestamp,
    level: &'static str,
    target: &'a str,
    message: String,
    #[serde(flatten)]
    attempt: Option<AttemptFields<'a>>,
}

fn json(out: &mut Formatter, record: &Record<'_>) -> std::io::Result<()> {
    let scope = LogScope::current();
    writeln!(out, "{}", json_line(record, Timestamp::system_now(), scope.as_ref()))
}

fn json_line(record: &Record<'_>, at: Timestamp, scope: Option<&LogScope>) -> String {
    let line = Line {
        at,
        level: record.level().as_str(),
        target: record.target(),
        message: said(record, scope),
        attempt: scope.map(LogScope::fields),
    };
    // Nothing in it can fail to be written.
    serde_json::to_string(&line).unwrap_or_default()
}

fn text(out: &mut Formatter, record: &Record<'_>) -> std::io::Result<()> {
    let (level, at) = (record.level(), out.timestamp_seconds());
    let style = out.default_level_style(level);
    let message = text_message(record, LogScope::current().as_ref());
    writeln!(out, "[{at} {style}{level:<5}{style:#} {}] {message}", record.target())
}

/// What it says, without the secrets of the attempt that it is about.
fn said(record: &Record<'_>, scope: Option<&LogScope>) -> String {
    let said = record.args().to_string();
    match scope.map(|scope| scope.seen(&said)) {
        Some(Cow::Owned(seen)) => seen,
        _ => said,
    }
}

/// One line, whatever was said: a text that a job or a client has chosen must not look like another
/// event, nor steer a terminal.
fn text_message(record: &Record<'_>, scope: Option<&LogScope>) -> String {
    let said = said(record, scope);
    let mut line = String::with_capacity(said.len());
    for c in said.chars() {
        match c {
            c if c.is_control() => line.extend(c.escape_default()),
            c => line.push(c),
        }
    }
    if let Some(AttemptFields { job_id, job_type, attempt, .. }) = scope.map(LogScope::fields) {
        line.push_str(&format!(" (job {job_id} {job_type}, attempt {attempt})"));
    }
    line
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::domain::secret::Scrub;
    use crate::domain::{Claim, NewJob, State};
    use crate::store::verbs::enqueue::Prepared;

    #[test]
    fn what_clients_do_wrong_is_for_those_who_look_for_it() {
        let of = |target, given| level(&Metadata::builder().level(given).target(target).build());
        assert_eq!(of("actix_http::h1::dispatcher", Level::Error), Level::Debug);
        assert_eq!(of("h2", Level::Trace), Level::Trace);
        for target in ["actix_server::accept", "callboard::http", "h2o"] {
            assert_eq!(of(target, Level::Error), Level::Error, "{target}");
        }
    }

    #[test]
    fn secrets_of_an_attempt_are_in_no_line_about_it() {
        let scope = scope();
        let clone = scope.clone();
        scope.hide(Scrub::of(&["\"opensesame\"".to_owned()]));
        let args = format_args!("GET /?key=opensesame");
        let record = Record::builder().level(Level::Info).args(args).build();
        assert_eq!(text_message(&record, Some(&clone)), "GET /?key=[redacted] (job 7 noop, attempt 3)");
        let line = json_line(&record, Timestamp::from_millis(0), Some(&clone));
        assert!(line.contains("GET /?key=[redacted]"), "{line}");
    }

    #[test]
    fn a_panic_is_told_with_its_thread_and_its_place() {
        let (tell, heard) = std::sync::mpsc::sync_channel(1);
        let before = std::panic::take_hook();
        let me = std::thread::Builder::new().name("anybody".into());
        std::panic::set_hook(Box::new(move |panic| match std::thread::current().name() {
            Some("anybody") => tell.send(told(panic)).unwrap(),
            _ => before(panic),
        }));
        let ended = me.spawn(|| panic!("no luck")).unwrap().join();
        let _ = std::panic::take_hook();
        assert!(ended.is_err());
        let said = heard.recv().unwrap();
        let begin = format!("thread anybody panicked at {}:", file!());
        assert!(said.starts_with(&begin) && said.contains("\nno luck"), "{said}");
    }

    fn scope() -> LogScope {
        let now = Timestamp::from_millis(0);
        let mut job = Prepared::new(NewJob::new("noop"), 3).into_job(7, State::Running, now);
        job.worker_id = Some("2/noop".into());
        LogScope::new(Arc::new(job), Claim { job_id: 7, attempt: 3, node: 2 })
    }

    #[test]
    fn a_line_of_json_says_whose_attempt_it_is_about() {
        let args = format_args!("a\n{{\"level\":\"ERROR\"}}");
        let record = Record::builder().level(Level::Warn).target("x").args(args).build();
        let line = json_line(&record, Timestamp::from_millis(0), Some(&scope()));
        assert!(!line.contains('\n'));
        let said: Value = serde_json::from_str(&line).unwrap();
        let expected = json!({
            "at": "1970-01-01T00:00:00.000Z", "level": "WARN", "target": "x", "message": "a\n{\"level\":\"ERROR\"}",
            "job_id": 7, "job_type": "noop", "queue": "default", "attempt": 3, "worker_id": "2/noop", "node": 2
        });
        assert_eq!(said, expected);
        let plain: Value =
            serde_json::from_str(&json_line(&record, Timestamp::from_millis(0), None)).unwrap();
        assert_eq!(plain.get("job_id"), None);
    }

    #[test]
    fn a_text_is_one_line_and_steers_no_terminal() {
        let args = format_args!("title: x\n[2026 ERROR callboard] \u{1b}[31mred é");
        let record = Record::builder().level(Level::Info).args(args).build();
        let line = text_message(&record, Some(&scope()));
        let said = "title: x\\n[2026 ERROR callboard] \\u{1b}[31mred é (job 7 noop, attempt 3)";
        assert_eq!(line, said);
    }

    #[test]
    fn the_scope_is_that_of_the_code_that_logs() {
        assert!(LogScope::current().is_none());
        let inside = scope().run(|| LogScope::current().map(|scope| scope.fields().job_id));
        assert_eq!(inside, Some(7));
    }
}
