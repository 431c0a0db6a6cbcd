//! Which source wins.

use super::*;

#[test]
fn the_defaults_are_those_of_the_documentation() {
    let config = read::read(None, &Sources::default()).unwrap().0;
    assert_eq!(config, Config::default());
    assert_eq!(config.data_dir, Path::new("callboard-data"));
    assert_eq!(config.database_url, None);
    assert_eq!(config.database_path(), Path::new("callboard-data/queue.db"));
    assert_eq!(config.logs_dir(), Path::new("callboard-data/logs"));
    assert_eq!(config.bind, "127.0.0.1:8080");
    assert!(!config.insecure && !config.accept_unknown_job_types);
    assert_eq!((config.log.as_str(), config.log_format), ("info", LogFormat::Text));
    assert_eq!(config.shutdown_grace, Duration::from_secs(25));
    assert_eq!(config.heartbeat, Duration::from_secs(5));
    assert_eq!(config.node_timeout, Duration::from_secs(30));
    assert_eq!(config.kill_after, Duration::from_secs(10));
    let retry = Backoff { base_delay_secs: 1.0, multiplier: 2.0, max_delay_secs: 3600.0, jitter: 0.1 };
    assert_eq!(config.retry, retry);
    let defaults = Defaults {
        concurrency: 10,
        max_crashes: 3,
        max_retries: 3,
        timeout_secs: Some(1800.0),
        aging: None,
        max_result_bytes: 1024 * 1024,
    };
    assert_eq!(config.defaults, defaults);
    assert_eq!(config.logs_max_bytes_per_stream, 10 * 1024 * 1024);
    let days = |n: u64| Duration::from_secs(n * 86_400);
    let retention = Retention { completed: days(7), cancelled: days(7), failed: days(30), audit: days(90) };
    assert_eq!(config.retention, retention);
    assert!(config.auth_tokens.is_empty() && config.job_types.is_empty());
}

#[test]
fn each_layer_wins_over_the_one_below() {
    let text = "bind = '127.0.0.1:1'\nlog = 'warn'\ndata_dir = 'f'";
    let env = [("CALLBOARD_BIND", "127.0.0.1:2"), ("RUST_LOG", "debug")];
    let flags = Flags { bind: Some("127.0.0.1:3".into()), ..Flags::default() };
    let (config, origins) = load(text, &env, flags).unwrap();
    assert_eq!((config.bind.as_str(), origins.of("bind")), ("127.0.0.1:3", "--bind"));
    assert_eq!((config.log.as_str(), origins.of("log")), ("debug", "RUST_LOG"));
    assert_eq!((config.data_dir.to_str(), origins.of("data_dir")), (Some("f"), "callboard.toml:3"));
    assert_eq!(origins.of("kill_after_secs"), "default");
}

#[test]
fn every_variable_sets_its_key() {
    let env = [
        ("CALLBOARD_DATA_DIR", "/d"),
        ("CALLBOARD_DATABASE_URL", "sqlite:///q.db"),
        ("DATABASE_URL", "postgres://of/another/program"),
        ("CALLBOARD_BIND", "[::1]:0"),
        ("CALLBOARD_BASE_PATH", "/b"),
        ("RUST_LOG", "warn,callboard=trace"),
        ("CALLBOARD_SHUTDOWN_GRACE_SECS", "0.5"),
        ("CALLBOARD_HEARTBEAT_SECS", "1"),
        ("CALLBOARD_NODE_TIMEOUT_SECS", "2"),
        ("CALLBOARD_KILL_AFTER_SECS", "0"),
        ("QUEUE_RETRY_BASE_DELAY", "2"),
        ("QUEUE_RETRY_MULTIPLIER", "1.5"),
        ("QUEUE_RETRY_MAX_DELAY", "60"),
        ("QUEUE_RETRY_JITTER", "0"),
        ("QUEUE_MAX_RETRIES", "0"),
        ("QUEUE_JOB_TIMEOUT_MINUTES", "0.5"),
        ("QUEUE_CLEANUP_AFTER_DAYS", "0.25"),
    ];
    let expected = Config {
        data_dir: "/d".into(),
        database_url: Some("sqlite:///q.db".into()),
        bind: "[::1]:0".into(),
        base_path: "/b".into(),
        log: "warn,callboard=trace".into(),
        shutdown_grace: Duration::from_millis(500),
        heartbeat: Duration::from_secs(1),
        node_timeout: Duration::from_secs(2),
        kill_after: Duration::ZERO,
        retry: Backoff { base_delay_secs: 2.0, multiplier: 1.5, max_delay_secs: 60.0, jitter: 0.0 },
        defaults: Defaults { max_retries: 0, timeout_secs: Some(30.0), ..Defaults::default() },
        retention: Retention { completed: Duration::from_secs(21_600), ..Retention::default() },
        ..Config::default()
    };
    let config = load("", &env, Flags::default()).unwrap().0;
    assert_eq!(config, expected);
    assert_eq!(config.database_path(), Path::new("/q.db"));
}

#[test]
fn empty_variables_and_those_of_others_do_not_count() {
    let env = [
        ("CALLBOARD_BIND", ""),
        ("QUEUE_MAX_RETRIES", ""),
        ("CALLBOARD_CONFIG", ""),
        ("CALLBOARD_PORT", "tcp://10.0.0.1:80"),
        ("CALLBOARD_TOKEN", "x"),
        ("BIND", "0.0.0.0:1"),
    ];
    assert_eq!(load("", &env, Flags::default()).unwrap().0, Config::default());
}

#[test]
fn every_flag_sets_its_key() {
    let flags = Flags {
        data_dir: Some("d".into()),
        database_url: Some("q.db".into()),
        bind: Some("0.0.0.0:80".into()),
        base_path: Some("/b".into()),
        insecure: Some(true),
        accept_unknown_job_types: Some(true),
        log: Some("off".into()),
        log_format: Some("json".into()),
    };
    let expected = Config {
        data_dir: "d".into(),
        database_url: Some("q.db".into()),
        bind: "0.0.0.0:80".into(),
        base_path: "/b".into(),
        insecure: true,
        accept_unknown_job_types: true,
        log: "off".into(),
        log_format: LogFormat::Json,
        ..Config::default()
    };
    assert_eq!(load("insecure = false", &[], flags).unwrap().0, expected);
}

#[test]
fn a_variable_does_not_hide_that_the_file_is_wrong() {
    let found = faults("retry = 5", &[("QUEUE_RETRY_JITTER", "0.5")]);
    assert_eq!(found, ["callboard.toml:1: retry must be a table, written [retry]"]);
}

#[test]
fn variables_that_are_not_text_are_refused() {
    let found = faults("", &[("CALLBOARD_DATA_DIR", "a\u{FFFD}b")]);
    assert_eq!(found, ["CALLBOARD_DATA_DIR: data_dir is not valid UTF-8"]);
}

#[test]
fn load_reads_the_file_that_the_flag_or_else_the_variable_names() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, log: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, format!("log = '{log}'")).unwrap();
        path
    };
    let (flag, variable) = (write("flag.toml", "warn"), write("variable.toml", "error"));
    let env: BTreeMap<_, _> = [("CALLBOARD_CONFIG".to_owned(), variable.display().to_string())].into();
    let sources = Sources { env, ..Sources::default() };
    assert_eq!(Config::load(sources.clone()).unwrap().log, "error");
    let (config, origins) =
        Config::load_with_origins(Sources { file: Some(flag.clone()), ..sources }).unwrap();
    assert_eq!((config.log.as_str(), origins.of("log")), ("warn", format!("{}:1", flag.display()).as_str()));
}
