//! The server's own log, on standard error: a line for each event, as text or as JSON.

use std::io::Write;

use env_logger::fmt::Formatter;
use log::Record;
use serde::Serialize;

use crate::config::{Config, LogFormat};
use crate::domain::Timestamp;
use crate::logs::{AttemptFields, LogScope};

/// Begins to log.
pub(super) fn start(config: &Config) {
    let mut builder = env_logger::Builder::new();
    builder.parse_filters(&config.log);
    match config.log_format {
        LogFormat::Json => builder.format(json),
        LogFormat::Text => builder.format(text),
    };
    builder.init();
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
        message: record.args().to_string(),
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

/// One line, whatever was said: a text that a job or a client has chosen must not look like another
/// event, nor steer a terminal.
fn text_message(record: &Record<'_>, scope: Option<&LogScope>) -> String {
    let said = record.args().to_string();
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

    use log::Level;
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::{Claim, NewJob, State};
    use crate::store::verbs::enqueue::Prepared;

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
