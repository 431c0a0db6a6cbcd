//! Job types, and what runs them.

use super::*;
use crate::domain::RateLimit;

#[test]
fn hostile_job_types_are_faults() {
    let cases = [
        ("'a/b'.enabled = true", "\"a/b\""),
        ("bulk.enabled = true", "bulk"),
        ("''.enabled = true", "\"\""),
        ("x.description = ''", "x.description"),
        ("x.retry.jitter = -1", "x.retry.jitter"),
        ("x.retry = 3", "x.retry"),
        ("x.rate_limit = { per_secs = 1 }", "x.rate_limit.limit"),
        ("x.rate_limit = { limit = 0, per_secs = 1 }", "x.rate_limit.limit"),
        ("x.rate_limit = { limit = 1, per_secs = nan }", "x.rate_limit.per_secs"),
        ("x.rate_limit = { limit = 1, per_secs = 1, key = 'queue' }", "x.rate_limit.key"),
        ("x.command = []", "x.command"),
        ("x.command = ['']", "x.command"),
        ("x.command = ['a', 5]", "x.command"),
        ("x.command = 'rm -rf /'", "x.command"),
        ("x.command = [\"a\\u0000\"]", "x.command"),
        ("x = { command = ['a'], env = ['A=B'] }", "x.env"),
        ("x = { command = ['a'], env = ['9'] }", "x.env"),
        ("x = { command = ['a'], progress = 'bar' }", "x.progress"),
        ("x = { command = ['a'], secret_env = 'S' }", "x.secret_env"),
        ("x = { command = ['a'], url = 'http://h' }", "x.url"),
        ("x = { url = 'http://h', cwd = '/' }", "x.cwd"),
        ("x.env = ['A']", "x.env"),
        ("x.url = 'ftp://h'", "x.url"),
        ("x.url = 'h/path'", "x.url"),
        ("x = { url = 'http://h', secret_env = '' }", "x.secret_env"),
    ];
    for (line, key) in cases {
        let error = load(&format!("[job_types]\n{line}"), &[], Flags::default()).unwrap_err();
        assert_eq!(error.faults.len(), 1, "{line}: {error}");
        assert_eq!(error.faults[0].key, format!("job_types.{key}"), "{error}");
        assert_eq!(error.faults[0].source, "callboard.toml:2", "{error}");
    }
}

#[test]
fn a_job_type_in_full() {
    let text = r#"
        [retry]
        multiplier = 4
        [job_types."video.encode"]
        concurrency = 10000
        timeout_secs = "none"
        max_retries = 0
        enabled = false
        description = "Encodes"
        rate_limit = { limit = 2, per_secs = 0.5, key = "args.channel" }
        retry.jitter = 0
        command = ["ffmpeg", "-i", "{args.path}", ""]
        cwd = "/srv"
        env = ["HTTP_PROXY", "_x1"]
        progress = "percent"
        [job_types.hook]
        url = "https://u:p@example.com/x?key=1"
        secret_env = "HOOK_SECRET"
    "#;
    let mut config = from_file(text);
    let encode = config.job_types.remove("video.encode").unwrap();
    let command = CommandConfig {
        argv: ["ffmpeg", "-i", "{args.path}", ""].map(str::to_owned).to_vec(),
        cwd: Some("/srv".into()),
        env: vec!["HTTP_PROXY".into(), "_x1".into()],
        progress: Some(ProgressFormat::Percent),
    };
    let expected = JobTypeConfig {
        concurrency: Some(10_000),
        timeout_secs: Some(None),
        max_retries: Some(0),
        retry: Some(Backoff { multiplier: 4.0, jitter: 0.0, ..Backoff::default() }),
        global_concurrency: None,
        per_key: None,
        rate_limit: Some(RateLimit { limit: 2, per_secs: 0.5, key: Some("args.channel".parse().unwrap()) }),
        secrets: Vec::new(),
        fairness: None,
        enabled: false,
        description: Some("Encodes".into()),
        run: Some(RunConfig::Command(command)),
    };
    assert_eq!(encode, expected);
    let url = "https://u:p@example.com/x?key=1".parse().unwrap();
    let hook = RunConfig::Url(UrlConfig { url, secret_env: Some("HOOK_SECRET".into()) });
    let expected = JobTypeConfig { run: Some(hook), ..JobTypeConfig::default() };
    assert_eq!(config.job_types.remove("hook"), Some(expected));
}

#[test]
fn a_job_types_defaults_stay_open() {
    let config = from_file("[job_types.x]");
    assert_eq!(config.job_types["x"], JobTypeConfig::default());
    assert!(config.job_types["x"].enabled);
}
