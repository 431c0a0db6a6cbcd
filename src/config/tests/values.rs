//! Right and wrong values.

use proptest::prelude::*;

use super::*;

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
fn programs_of_other_machines_need_a_password() {
    let env = [("CALLBOARD_FAKTORY_BIND", "127.0.0.1:7419"), ("CALLBOARD_FAKTORY_PASSWORD", "hunter2")];
    let (config, _) = load("", &env, Flags::default()).unwrap();
    assert_eq!(config.faktory_bind.as_deref(), Some("127.0.0.1:7419"));
    assert_eq!(config.faktory_password.as_deref(), Some("hunter2"));
    assert!(faults("faktory_bind = '0.0.0.0:7419'", &[])[0].contains("there is no password"));
    assert!(faults("faktory_bind = 'here'", &[])[0].contains("an address and a port"));
    assert!(faults("faktory_password = ''", &[])[0].contains("must not be empty"));
    for fine in ["faktory_password = 'x'", "insecure = true"] {
        assert!(load(&format!("faktory_bind = '0.0.0.0:7419'\n{fine}"), &[], Flags::default()).is_ok());
    }
}

#[test]
fn database_urls() {
    for (url, path) in [
        ("sqlite:a.db", "a.db"),
        ("sqlite://a/b.db", "a/b.db"),
        ("sqlite:///a/b.db", "/a/b.db"),
        ("a/b.db", "a/b.db"),
        ("/a b.db", "/a b.db"),
    ] {
        assert_eq!(from_file(&format!("database_url = '{url}'")).database_path(), Path::new(path));
    }
    let refused = |url: &str| faults(&format!("database_url = '{url}'"), &[]).join("\n");
    for url in ["postgres://u:hunter2@h/db", "postgresql://h"] {
        let config = from_file(&format!("database_url = '{url}'\npostgres.schema = 'jobs'"));
        let Database::Postgres(postgres) = config.database() else { panic!("{url}") };
        assert_eq!(postgres.schema, "jobs");
        assert!(!format!("{config:?}").contains("hunter2"));
    }
    let schema = faults("postgres.schema = '1 2'", &[]).join("\n");
    assert!(schema.contains("postgres.schema"), "{schema}");
    for url in ["", "sqlite://", ":memory:", "mysql://u:hunter2@h", "sqlite:", "file:x", "a.db?mode=ro"] {
        let message = refused(url);
        assert!(message.contains("database_url must") && !message.contains("hunter2"), "{message}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
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
        ("defaults.max_result_bytes", "100"),
        ("defaults.max_result_bytes", "'17 MiB'"),
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
        ("net.allow_private", "'10.0.0.0/8'"),
        ("net.allow_private", "['10.0.0.0/33']"),
        ("net.allow_private", "['localhost']"),
        ("texts.roots", "'/srv'"),
        ("texts.roots", "[1]"),
        ("llm", "'http://x'"),
        ("llm.base_url", "'ftp://x'"),
        ("llm.api_key_env", "'sk-x y'"),
        ("llm.temperature", "2.1"),
        ("llm.max_output_tokens", "0"),
        ("llm.token_limit_field", "'tokens'"),
        ("llm.idle_timeout_secs", "0"),
        ("llm.max_input_chars", "10"),
        ("stash.url", "'localhost:9999'"),
        ("stash.page_size", "0"),
        ("stash.full_every_days", "-1"),
        ("prompts.x.text", "'{title}'"),
        ("tools.env", "['A=B']"),
        ("tools.yt_dlp.command", "''"),
        ("yt_dlp.limit_rate", "'fast'"),
        ("yt_dlp.limit_rate", "'1MM'"),
        ("yt_dlp.extra_args", "'--verbose'"),
        ("transcribe.command", "[]"),
        ("transcribe.command", "[['whisper']]"),
        ("transcribe.command", "['{model}']"),
        ("transcribe.format", "'docx'"),
        ("transcribe.threads", "0"),
        ("transcribe.env", "['A']"),
        ("rclone.allowed_destinations", "['backup']"),
        ("rclone.allowed_sources", "['/']"),
        ("rclone.max_delete", "-1"),
        ("cleanup.roots", "['/']"),
        ("cleanup.roots", "['relative']"),
        ("cleanup.roots", "['/srv/../etc']"),
        ("cleanup.min_age_minutes", "-1"),
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
fn an_endpoint_that_cannot_be_used_is_a_fault() {
    let error = faults(
        "[llm]\nbase_url = 'http://x/v1'\napi_key_env = 'A'\napi_key_file = 'b'\n[prompts.x]\nsystem = 's'",
        &[],
    );
    assert!(error[0].contains("llm.model must be given"), "{error:?}");
    assert!(error[1].starts_with("callboard.toml:4: llm.api_key_file must not stand"), "{error:?}");
    assert!(error[2].ends_with("prompts.x.text is missing"), "{error:?}");
}

#[test]
fn sizes_are_bytes_or_text() {
    for (given, bytes) in [("2048", 2048), ("'1 KiB'", 1024), ("'1.5 MB'", 1_500_000), ("'1tib'", 1 << 40)] {
        let config = from_file(&format!("logs.max_bytes_per_stream = {given}"));
        assert_eq!(config.logs_max_bytes_per_stream, bytes, "{given}");
    }
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

#[test]
fn a_base_path_begins_with_a_slash_and_ends_in_none() {
    for (given, wanted) in [("/board", "/board"), ("/our/board/", "/our/board"), ("/", ""), ("", "")] {
        assert_eq!(from_file(&format!("base_path = {given:?}")).base_path, wanted, "{given:?}");
    }
    for wrong in ["board", "/a//b", "/a b", "/{x}", "/../x", "//evil.example", "/a?b"] {
        assert!(
            faults(&format!("base_path = {wrong:?}"), &[])[0].contains("such as /callboard"),
            "{wrong:?}"
        );
    }
}
