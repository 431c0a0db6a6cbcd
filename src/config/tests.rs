use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;

use super::file::ConfigFile;
use super::*;
use crate::domain::RateLimit;

const EXAMPLE: &str = include_str!("../../examples/callboard.toml");

/// A configuration from a file's text, variables and flags.
fn load(text: &str, env: &[(&str, &str)], flags: Flags) -> Result<(Config, Origins), ConfigError> {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let file = ConfigFile { name: "callboard.toml".into(), text: text.into() };
    read::read(Some(file), &Sources { file: None, env, flags })
}

fn from_file(text: &str) -> Config {
    load(text, &[], Flags::default()).unwrap().0
}

/// The faults as `source: key message`.
fn faults(text: &str, env: &[(&str, &str)]) -> Vec<String> {
    match load(text, env, Flags::default()) {
        Ok((config, _)) => panic!("{text:?} with {env:?} was taken as {config:?}"),
        Err(e) => e.faults.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn the_defaults_are_those_of_the_documentation() {
    let config = Config::load(Sources::default()).unwrap();
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
    let defaults = Defaults { concurrency: 10, max_crashes: 3, max_retries: 3, timeout_secs: Some(1800.0) };
    assert_eq!(config.defaults, defaults);
    assert_eq!(config.logs_max_bytes_per_stream, 10 * 1024 * 1024);
    let days = |n: u64| Duration::from_secs(n * 86_400);
    let retention = Retention { completed: days(7), cancelled: days(7), failed: days(30) };
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
        insecure: Some(true),
        accept_unknown_job_types: Some(true),
        log: Some("off".into()),
        log_format: Some("json".into()),
    };
    let expected = Config {
        data_dir: "d".into(),
        database_url: Some("q.db".into()),
        bind: "0.0.0.0:80".into(),
        insecure: true,
        accept_unknown_job_types: true,
        log: "off".into(),
        log_format: LogFormat::Json,
        ..Config::default()
    };
    assert_eq!(load("insecure = false", &[], flags).unwrap().0, expected);
}

#[test]
fn all_faults_are_named_at_once_with_key_and_source() {
    let text = "
        bind = '127.0.0.1'
        insecure = 'yes'
        colour = 1
        [retry]
        jitter = 7
        [retention]
        failed_days = -1
        [job_types.x]
        concurrency = 0
    ";
    let env = [("QUEUE_MAX_RETRIES", "many"), ("CALLBOARD_KILL_AFTER_SECS", "-1")];
    let error = load(text, &env, Flags::default()).unwrap_err();
    let found: Vec<_> = error.faults.iter().map(|f| (f.key.as_str(), f.source.as_str())).collect();
    let expected = [
        ("bind", "callboard.toml:2"),
        ("insecure", "callboard.toml:3"),
        ("kill_after_secs", "CALLBOARD_KILL_AFTER_SECS"),
        ("retry.jitter", "callboard.toml:6"),
        ("defaults.max_retries", "QUEUE_MAX_RETRIES"),
        ("retention.failed_days", "callboard.toml:8"),
        ("job_types.x.concurrency", "callboard.toml:10"),
        ("colour", "callboard.toml:4"),
    ];
    assert_eq!(found, expected);
    let shown = error.to_string();
    assert_eq!(shown.lines().count(), expected.len(), "{shown}");
    assert!(shown.contains("callboard.toml:6: retry.jitter must be from 0 to 1, got 7"), "{shown}");
    assert!(
        shown.contains(
            "QUEUE_MAX_RETRIES: defaults.max_retries must be a whole number from 0 to 1000, got \"many\""
        ),
        "{shown}"
    );
}

#[test]
fn unknown_keys_are_refused_with_the_nearest_known_one() {
    let cases = [
        ("databse_url = 'x'", "databse_url", Some("database_url")),
        ("retry.jiter = 0.1", "retry.jiter", Some("retry.jitter")),
        ("max_retries = 1", "max_retries", Some("defaults.max_retries")),
        ("job_types.x.timeout = 1", "job_types.x.timeout", Some("job_types.x.timeout_secs")),
        ("[job_type.x]\nenabled = true", "job_type", Some("job_types")),
        (
            "[[auth.tokens]]\nname = 'a'\nrole = 'admin'\ntoken = 'secret'\ntoken_sha256 = 'x'",
            "auth.tokens[0].token",
            Some("auth.tokens[0].token_sha256"),
        ),
        ("zebra = 1", "zebra", None),
        ("[zebra]\nretry = 1", "zebra", None),
        ("[job_types.a]\n[job_types.b]\nzebra = 1", "job_types.b.zebra", None),
        ("'retry.jitter' = 0.5", "\"retry.jitter\"", None),
        ("'data_dir[4000000000000000000]' = 1", "\"data_dir[4000000000000000000]\"", None),
        ("'' = 1", "\"\"", None),
    ];
    for (text, key, near) in cases {
        let error = load(text, &[], Flags::default()).unwrap_err();
        let fault = error.faults.iter().find(|f| f.key == key).unwrap_or_else(|| panic!("{text}: {error}"));
        let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        assert_eq!(fault.message, format!("is not a known key{hint}"), "{text}");
        assert!(fault.source.starts_with("callboard.toml:"), "{fault}");
    }
}

#[test]
fn what_is_not_built_yet_is_refused_by_name() {
    let text = "
        faktory_bind = '127.0.0.1:7419'
        faktory_password = 'hunter2'
        [postgres]
        schema = 'public'
        [defaults]
        aging_secs = 5
        [job_types.x]
        global_concurrency = 1
        concurrency_key = 'target_id'
        [schedules.nightly]
        cron = '0 3 * * *'
    ";
    let error = load(text, &[], Flags::default()).unwrap_err();
    let keys: Vec<_> = error.faults.iter().map(|f| f.key.as_str()).collect();
    let expected = [
        "faktory_bind",
        "faktory_password",
        "postgres",
        "schedules",
        "defaults.aging_secs",
        "job_types.x.global_concurrency",
        "job_types.x.concurrency_key",
    ];
    assert_eq!(keys, expected);
    assert!(error.faults.iter().all(|f| f.message.starts_with("is not available in this version")));
    let env = [("CALLBOARD_FAKTORY_BIND", "127.0.0.1:7419"), ("CALLBOARD_FAKTORY_PASSWORD", "hunter2")];
    assert_eq!(
        faults("", &env),
        [
            "CALLBOARD_FAKTORY_BIND: faktory_bind is not available in this version; leave it out",
            "CALLBOARD_FAKTORY_PASSWORD: faktory_password is not available in this version; leave it out",
        ]
    );
}

#[test]
fn database_urls() {
    for (url, path) in [
        ("sqlite://a/b.db", "a/b.db"),
        ("sqlite:///a/b.db", "/a/b.db"),
        ("a/b.db", "a/b.db"),
        ("/a b.db", "/a b.db"),
    ] {
        assert_eq!(from_file(&format!("database_url = '{url}'")).database_path(), Path::new(path));
    }
    let refused = |url: &str| faults(&format!("database_url = '{url}'"), &[]).join("\n");
    for url in ["postgres://u:hunter2@h/db", "postgresql://h"] {
        let message = refused(url);
        assert!(
            message.contains("not available in this version") && !message.contains("hunter2"),
            "{message}"
        );
    }
    for url in ["", "sqlite://", ":memory:", "mysql://u:hunter2@h", "sqlite:x", "file:x", "a.db?mode=ro"] {
        let message = refused(url);
        assert!(message.contains("database_url must") && !message.contains("hunter2"), "{message}");
    }
}

#[test]
fn hostile_values_are_faults() {
    let cases = [
        ("heartbeat_secs", "-1"),
        ("heartbeat_secs", "nan"),
        ("heartbeat_secs", "inf"),
        ("heartbeat_secs", "'5'"),
        ("heartbeat_secs", "[5]"),
        ("heartbeat_secs", "{ a = 5 }"),
        ("heartbeat_secs", "99999999999999999999999999999"),
        ("node_timeout_secs", "5"),
        ("shutdown_grace_secs", "1e300"),
        ("kill_after_secs", "true"),
        ("data_dir", "''"),
        ("data_dir", "\"a\\u0000\""),
        ("data_dir", "7"),
        ("bind", "'8080'"),
        ("bind", "':8080'"),
        ("bind", "'localhost:+80'"),
        ("bind", "'127.0.0.1:65536'"),
        ("bind", "'example.com:80'"),
        ("log", "'callboard=loud'"),
        ("log", "'=debug'"),
        ("log_format", "'JSON'"),
        ("log_format", "0"),
        ("insecure", "1"),
        ("retry", "5"),
        ("retry.base_delay_secs", "-0.1"),
        ("retry.multiplier", "nan"),
        ("retry.max_delay_secs", "inf"),
        ("retry.jitter", "1.01"),
        ("defaults.concurrency", "10001"),
        ("defaults.max_crashes", "0"),
        ("defaults.max_retries", "3.0"),
        ("defaults.max_retries", "1001"),
        ("defaults.max_retries", "0xFFFFFFFFFFFFFFFFFF"),
        ("defaults.timeout_secs", "0"),
        ("defaults.timeout_secs", "'never'"),
        ("logs.max_bytes_per_stream", "-5"),
        ("logs.max_bytes_per_stream", "1023"),
        ("logs.max_bytes_per_stream", "'10 parsecs'"),
        ("logs.max_bytes_per_stream", "'99999999999999 EiB'"),
        ("retention.completed_days", "36526"),
        ("auth.tokens", "'secret'"),
        ("auth", "[]"),
        ("job_types", "[]"),
        ("job_types.x", "true"),
    ];
    for (key, value) in cases {
        let error = load(&format!("{key} = {value}"), &[], Flags::default()).unwrap_err();
        assert_eq!(error.faults.len(), 1, "{error}");
        assert_eq!(error.faults[0].key, key, "{error}");
        assert_eq!(error.faults[0].source, "callboard.toml:1", "{error}");
    }
}

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
        ("x = { command = ['a'], args_schema = 'object' }", "x.args_schema"),
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
        args_schema = { type = "object", properties.path.maxLength = 20 }
        [job_types.hook]
        url = "https://u:p@example.com/x?key=1"
        secret_env = "HOOK_SECRET"
    "#;
    let mut config = from_file(text);
    let encode = config.job_types.remove("video.encode").unwrap();
    let schema = serde_json::json!({"type": "object", "properties": {"path": {"maxLength": 20}}});
    let command = CommandConfig {
        argv: ["ffmpeg", "-i", "{args.path}", ""].map(str::to_owned).to_vec(),
        cwd: Some("/srv".into()),
        env: vec!["HTTP_PROXY".into(), "_x1".into()],
        progress: Some(ProgressFormat::Percent),
        args_schema: Some(schema),
    };
    let expected = JobTypeConfig {
        concurrency: Some(10_000),
        timeout_secs: Some(None),
        max_retries: Some(0),
        retry: Some(Backoff { multiplier: 4.0, jitter: 0.0, ..Backoff::default() }),
        rate_limit: Some(RateLimit { limit: 2, per_secs: 0.5, key: Some("args.channel".into()) }),
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

const TOKEN: &str = "[[auth.tokens]]\nname = 'a'\nrole = 'viewer'\ntoken_sha256 = \
                     'FF00000000000000000000000000000000000000000000000000000000000001'\n";

#[test]
fn tokens() {
    let mut hash = [0; 32];
    (hash[0], hash[31]) = (255, 1);
    let expected = Token { name: "a".into(), role: Role::Viewer, token_sha256: hash };
    assert_eq!(from_file(TOKEN).auth_tokens, [expected]);
    assert!(Role::Viewer < Role::Operator && Role::Operator < Role::Admin);

    let twice = faults(&TOKEN.repeat(2), &[]).join("\n");
    assert!(twice.contains("auth.tokens[1].name must be different"), "{twice}");
    assert!(twice.contains("auth.tokens[1].token_sha256 is that of another token"), "{twice}");

    let empty = faults("[[auth.tokens]]", &[]);
    assert_eq!(empty.len(), 3, "{empty:?}");
    assert!(empty.iter().all(|f| f.starts_with("callboard.toml:1: ") && f.ends_with("is missing")));

    for hash in ["my-plain-token", "+1", &"é".repeat(32), &"+".repeat(64)] {
        let text = format!("[[auth.tokens]]\nname = 'a'\nrole = 'root'\ntoken_sha256 = '{hash}'");
        let faults = faults(&text, &[]);
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].contains("role must be \"viewer\" or \"operator\" or \"admin\""), "{faults:?}");
        assert!(faults[1].contains("64 hexadecimal digits") && !faults[1].contains(hash), "{faults:?}");
    }
}

#[test]
fn other_machines_need_a_token_or_insecure() {
    for bind in ["0.0.0.0:80", "[::]:80", "192.168.1.2:80", "[::ffff:10.0.0.1]:80"] {
        let text = format!("bind = '{bind}'\n");
        let faults = faults(&text, &[]);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with("callboard.toml:1: bind "), "{faults:?}");
        assert!(faults[0].contains("[[auth.tokens]]") && faults[0].contains("--insecure"), "{faults:?}");
        from_file(&format!("{text}insecure = true"));
        from_file(&format!("{text}{TOKEN}"));
    }
    for bind in ["localhost:0", "127.9.9.9:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
        from_file(&format!("bind = '{bind}'"));
    }
}

#[test]
fn a_wrong_token_is_no_second_fault_of_the_address() {
    let faults = faults("bind = '0.0.0.0:80'\n[[auth.tokens]]\nname = 'a'\nrole = 'admin'", &[]);
    assert_eq!(faults, ["callboard.toml:2: auth.tokens[0].token_sha256 is missing"]);
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
fn sizes_are_bytes_or_text() {
    for (given, bytes) in [("2048", 2048), ("'1 KiB'", 1024), ("'1.5 MB'", 1_500_000), ("'1tib'", 1 << 40)] {
        let config = from_file(&format!("logs.max_bytes_per_stream = {given}"));
        assert_eq!(config.logs_max_bytes_per_stream, bytes, "{given}");
    }
}

#[test]
fn broken_toml_is_named_with_its_lines() {
    let found = faults("data_dir = 'a'\nbind = = 1\n[retry\nlog = \"x", &[]);
    assert!(found.len() >= 2, "{found:?}");
    assert!(found[0].starts_with("callboard.toml:2: "), "{found:?}");
    assert!(found.iter().any(|f| f.starts_with("callboard.toml:3: ")), "{found:?}");
    assert!(found.iter().all(|f| !f.contains('\n')), "{found:?}");
    let deep = format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(!faults(&deep, &[]).is_empty());
}

#[test]
fn the_file_is_the_named_one_else_the_one_in_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    let find = |named: Option<PathBuf>| ConfigFile::find(named, dir.path());
    assert!(find(None).unwrap().is_none());
    let named = dir.path().join("named.toml");
    let error = find(Some(named.clone())).err().unwrap();
    assert!(error.to_string().starts_with(&format!("{}: cannot be read: ", named.display())), "{error}");
    std::fs::write(&named, "log = 'off'").unwrap();
    assert_eq!(find(Some(named)).unwrap().unwrap().text, "log = 'off'");
    std::fs::write(dir.path().join("callboard.toml"), "log = 'warn'").unwrap();
    assert_eq!(find(None).unwrap().unwrap().text, "log = 'warn'");
}

#[test]
fn a_file_that_cannot_be_read_is_a_fault() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("callboard.toml")).unwrap();
    assert!(ConfigFile::find(None, dir.path()).is_err());
    let path = dir.path().join("bytes.toml");
    std::fs::write(&path, b"log = '\xff'").unwrap();
    assert!(ConfigFile::find(Some(path.clone()), dir.path()).is_err());
    std::fs::File::create(&path).unwrap().write_all(&vec![b'\n'; 4 * 1024 * 1024 + 1]).unwrap();
    let error = ConfigFile::find(Some(path), dir.path()).err().unwrap();
    assert!(error.to_string().contains("larger than"), "{error}");
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

/// The example with the `#` taken away from every key and table; what is for people has `# ` or more
/// blanks.
fn uncommented() -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(rest) if !rest.is_empty() && !rest.starts_with(' ') => rest.to_owned(),
        _ => line.to_owned(),
    };
    EXAMPLE.lines().map(|l| line(l) + "\n").collect()
}

#[test]
fn the_example_changes_nothing() {
    assert_eq!(from_file(EXAMPLE), Config::default());
}

#[test]
fn the_example_shows_every_key_with_its_default() {
    let (config, origins) = load(&uncommented(), &[], Flags::default()).unwrap();
    let described = config.describe(&origins);
    let (general, _) = described.split_once("[job_types.").unwrap();
    for line in general.lines().filter(|line| line.contains(" = ")) {
        assert!(line.contains("  # callboard.toml:"), "the example does not set: {line}");
    }
    let [invoice, sleep, thumbnail] = ["invoice", "sleep", "thumbnail"].map(|name| &config.job_types[name]);
    assert!(matches!(&invoice.run, Some(RunConfig::Url(url)) if url.secret_env.is_some()), "{invoice:?}");
    let Some(RunConfig::Command(command)) = &thumbnail.run else { panic!("{thumbnail:?}") };
    assert!(command.cwd.is_some() && !command.env.is_empty(), "{command:?}");
    assert!(command.progress.is_some() && command.args_schema.is_some(), "{command:?}");
    assert!(sleep.concurrency.is_some() && sleep.timeout_secs.is_some(), "{sleep:?}");
    assert!(sleep.max_retries.is_some() && sleep.retry.is_some(), "{sleep:?}");
    assert!(sleep.description.is_some(), "{sleep:?}");
    assert!(sleep.rate_limit.as_ref().is_some_and(|limit| limit.key.is_some()), "{sleep:?}");
    let expected = Config {
        database_url: Some("sqlite://callboard-data/queue.db".into()),
        auth_tokens: config.auth_tokens.clone(),
        job_types: config.job_types.clone(),
        ..Config::default()
    };
    assert_eq!(config, expected);
    assert_eq!(config.database_path(), Config::default().database_path());
    assert_eq!((config.auth_tokens.len(), config.job_types.len()), (1, 3));
}

#[test]
fn the_description_is_a_configuration_that_says_the_same() {
    let (mut config, origins) =
        load(&uncommented(), &[("QUEUE_MAX_RETRIES", "9")], Flags::default()).unwrap();
    let described = config.describe(&origins);
    assert!(described.contains("max_retries = 9  # QUEUE_MAX_RETRIES\n"), "{described}");
    assert!(described.contains("token_sha256 = \"***\"  # callboard.toml:"), "{described}");
    config.auth_tokens.clear();
    assert_eq!(from_file(&config.describe(&origins)), config);
    let defaults = Config::default().describe(&Origins::default());
    assert_eq!(from_file(&defaults), Config::default());
    assert!(defaults.contains("bind = \"127.0.0.1:8080\"  # default\n"), "{defaults}");
}

#[test]
fn the_description_keeps_secrets() {
    let text = "[job_types.x]\nurl = 'https://user:hunter2@example.com/x?key=hunter3'";
    let described = from_file(text).describe(&Origins::default());
    assert!(described.contains("https://user:***@example.com/x?***"), "{described}");
    assert!(!described.contains("hunter"), "{described}");
}

/// Lines that are nearly a configuration.
fn near_misses() -> impl Strategy<Value = String> {
    let key = "(retry|defaults|job_types|auth|tokens|logs|bind|url|command|timeout_secs|'a.b'|x|''|\"[0]\")";
    let value = "(-?[0-9]{1,25}|nan|-inf|1e400|'[^']{0,8}'|\\[\\]|\\[\\[1\\]\\]|\\{\\}|true|1979-05-27|\\{ x = 1 \\})";
    let line = (prop::collection::vec(key, 1..4), value);
    let line = line.prop_map(|(path, value)| format!("{} = {value}\n", path.join(".")));
    let header = prop::collection::vec(key, 1..4).prop_map(|path| format!("[{}]\n", path.join(".")));
    let lists = prop::collection::vec(key, 1..3).prop_map(|path| format!("[[{}]]\n", path.join(".")));
    prop::collection::vec(prop_oneof![3 => line, 1 => header, 1 => lists], 0..6)
        .prop_map(|lines| lines.concat())
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), env in any::<String>()) {
        let env = [("QUEUE_RETRY_JITTER", env.as_str()), ("CALLBOARD_BIND", env.as_str())];
        if let Err(e) = load(&text, &env, Flags::default()) {
            prop_assert!(!e.faults.is_empty());
        }
    }

    #[test]
    fn no_near_miss_makes_it_panic(text in near_misses()) {
        match load(&text, &[("QUEUE_RETRY_JITTER", "0.5")], Flags::default()) {
            Ok((config, origins)) => prop_assert!(!config.describe(&origins).is_empty()),
            Err(e) => prop_assert_eq!(e.to_string().lines().count(), e.faults.len()),
        }
    }
}
