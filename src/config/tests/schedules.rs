//! Schedules that stand in the file.

use super::*;
use crate::domain::Unique;
use crate::domain::schedule::{Misfire, Overlap};

#[test]
fn a_schedule_in_full() {
    let text = r#"
        [retry]
        multiplier = 4
        [schedules.nightly]
        cron = "30 4 * * MON-FRI"
        timezone = "Europe/Berlin"
        misfire = "all"
        overlap = "skip"
        paused = true
        job_type = "sleep"
        args = { secs = 1.5, Deep = [1, { a = true }] }
        key = "k"
        queue = "q"
        target_id = "v"
        priority = 2
        max_retries = 0
        timeout_secs = "none"
        tags = ["a"]
        metadata = { m = 1 }
        unique = { by = ["args.secs"], for_secs = 5 }
        backoff = { jitter = 0 }
        [schedules.often]
        every_secs = 90
        job_type = "noop"
    "#;
    let schedules = from_file(text).schedules;
    let nightly = &schedules["nightly"];
    assert!(nightly.paused);
    assert_eq!((nightly.spec.misfire, nightly.spec.overlap), (Misfire::All, Overlap::Skip));
    assert_eq!(nightly.spec.timing.cron().unwrap().as_str(), "30 4 * * MON-FRI");
    assert_eq!(nightly.spec.timing.timezone(), "Europe/Berlin");
    let job = &nightly.spec.job;
    let args: serde_json::Value = job.args.parse().unwrap();
    assert_eq!(args, serde_json::json!({"secs": 1.5, "Deep": [1, {"a": true}]}));
    assert_eq!((job.key.as_deref(), job.queue.as_str(), job.priority), (Some("k"), "q", 2));
    assert_eq!((job.max_retries, job.timeout_secs), (Some(0), Some(None)));
    assert!(matches!(&job.unique, Some(Unique::Rule(rule)) if rule.for_secs == Some(5.0)));
    let backoff = job.backoff.unwrap();
    assert_eq!((backoff.jitter, backoff.multiplier), (0.0, 4.0));
    assert_eq!(schedules["often"].spec.timing.every_secs(), Some(90.0));
}

#[test]
fn hostile_schedules_are_faults() {
    let cases = [
        ("cron = '@daily'", &["job_type"][..]),
        ("job_type = 't'", &["cron"]),
        ("job_type = 't'\ncron = '61 * * * *'", &["cron"]),
        ("job_type = 't'\ncron = '0 0 31 2 *'", &["cron"]),
        ("job_type = 't'\ncron = '@daily'\nevery_secs = 5", &["every_secs"]),
        ("job_type = 't'\nevery_secs = 0", &["every_secs"]),
        ("job_type = 't'\nevery_secs = 'x'", &["every_secs"]),
        ("job_type = 't'\ncron = '@daily'\ntimezone = 'Mars'", &["timezone"]),
        ("job_type = 't'\ncron = '@daily'\nmisfire = 'x'\noverlap = 'x'", &["misfire", "overlap"]),
        ("job_type = 'a b'\ncron = '@daily'", &["job_type"]),
        ("job_type = 't'\ncron = '@daily'\nargs = 5", &["args"]),
        ("job_type = 't'\ncron = '@daily'\nargs = { a = inf }", &["args"]),
        ("job_type = 't'\ncron = '@daily'\nunique = { by = ['x'] }", &["unique"]),
        ("job_type = 't'\ncron = '@daily'\nunique = { bye = [] }", &["unique"]),
        ("job_type = 't'\ncron = '@daily'\ndelay_secs = 5", &["delay_secs"]),
    ];
    for (lines, wanted) in cases {
        let error = load(&format!("[schedules.x]\n{lines}"), &[], Flags::default()).unwrap_err();
        let keys: Vec<_> = error.faults.iter().map(|f| f.key.trim_start_matches("schedules.x.")).collect();
        assert_eq!(keys, wanted, "{lines}: {error}");
    }
    let error =
        load("[schedules.'a b']\njob_type = 't'\ncron = '@daily'", &[], Flags::default()).unwrap_err();
    assert_eq!(error.faults[0].key, "schedules.\"a b\"");
}
