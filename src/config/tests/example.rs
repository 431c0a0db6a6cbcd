//! The example file and the description.

use super::*;

const EXAMPLE: &str = include_str!("../../../examples/callboard.toml");

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
    let expected = Config {
        database_url: Some("sqlite://callboard-data/queue.db".into()),
        faktory_bind: Some("127.0.0.1:7419".into()),
        faktory_password: Some("sesame".into()),
        auth_tokens: config.auth_tokens.clone(),
        tls: Some(TlsConfig {
            certificate: "/etc/callboard/fullchain.pem".into(),
            key: "/etc/callboard/privkey.pem".into(),
            faktory: true,
            hsts: Duration::ZERO,
        }),
        telemetry: TelemetryConfig {
            otlp_endpoint: Some("http://127.0.0.1:4318".parse().unwrap()),
            otlp_headers: vec![("authorization".into(), "Basic c2VzYW1l".into())],
            ..TelemetryConfig::default()
        },
        texts: config.texts.clone(),
        llm: LlmConfig {
            base_url: config.llm.base_url.clone(),
            api_key_env: Some("OPENAI_API_KEY".into()),
            model: Some("llama3.2".into()),
            temperature: Some(0.3),
            max_output_tokens: Some(2000),
            response_format: Some("text".into()),
            max_tokens_per_job: Some(200_000),
            ..LlmConfig::default()
        },
        prompts: config.prompts.clone(),
        stash: StashConfig {
            url: config.stash.url.clone(),
            api_key_env: Some("STASH_API_KEY".into()),
            ..StashConfig::default()
        },
        job_types: config.job_types.clone(),
        schedules: config.schedules.clone(),
        downloads: config.downloads.clone(),
        yt_dlp: YtDlpConfig { limit_rate: Some("4M".into()), ..YtDlpConfig::default() },
        transcribe: config.transcribe.clone(),
        rclone: RcloneConfig { config: config.rclone.config.clone(), ..RcloneConfig::default() },
        ..Config::default()
    };
    assert_eq!(config, expected);
    assert_eq!(config.database_path(), Config::default().database_path());
    assert_eq!(config.downloads_dir(), Config::default().downloads_dir());
    let TranscribeConfig { command, model, language, .. } = &config.transcribe;
    assert!(command.len() > 5 && model.is_some() && language.is_some(), "{:?}", config.transcribe);
    assert_eq!((config.auth_tokens.len(), config.job_types.len()), (1, 3));
    assert!(config.schedules["nightly"].spec.job.backoff.is_some(), "{:?}", config.schedules);
    assert!(config.texts.roots.len() == 1 && config.texts.output_root.is_some(), "{:?}", config.texts);
    assert!(config.prompts["show_notes"].system.is_some(), "{:?}", config.prompts);
}

#[test]
fn the_example_shows_job_types_of_every_kind() {
    let (config, _) = load(&uncommented(), &[], Flags::default()).unwrap();
    let [invoice, sleep, thumbnail] = ["invoice", "sleep", "thumbnail"].map(|name| &config.job_types[name]);
    assert!(matches!(&invoice.run, Some(RunConfig::Url(url)) if url.secret_env.is_some()), "{invoice:?}");
    let Some(RunConfig::Command(command)) = &thumbnail.run else { panic!("{thumbnail:?}") };
    assert!(command.cwd.is_some() && !command.env.is_empty(), "{command:?}");
    assert!(command.progress.is_some(), "{command:?}");
    assert!(sleep.concurrency.is_some() && sleep.timeout_secs.is_some(), "{sleep:?}");
    assert!(sleep.max_retries.is_some() && sleep.retry.is_some(), "{sleep:?}");
    assert!(sleep.description.is_some(), "{sleep:?}");
    assert!(sleep.rate_limit.as_ref().is_some_and(|limit| limit.key.is_some()), "{sleep:?}");
}

#[test]
fn the_description_is_a_configuration_that_says_the_same() {
    let (mut config, origins) =
        load(&uncommented(), &[("QUEUE_MAX_RETRIES", "9")], Flags::default()).unwrap();
    let described = config.describe(&origins);
    assert!(described.contains("max_retries = 9  # QUEUE_MAX_RETRIES\n"), "{described}");
    assert!(described.contains("token_sha256 = \"***\"  # callboard.toml:"), "{described}");
    assert!(described.contains("faktory_password = \"***\"  # callboard.toml:"), "{described}");
    assert!(described.contains("max_bytes_per_stream = \"10 MiB\"  # "), "{described}");
    assert!(described.contains("otlp_headers = \"authorization=***\"  # callboard.toml:"), "{described}");
    config.auth_tokens.clear();
    config.faktory_password = None;
    config.telemetry.otlp_headers.clear();
    assert_eq!(from_file(&config.describe(&origins)), config);
    let defaults = Config::default().describe(&Origins::default());
    assert_eq!(from_file(&defaults), Config::default());
    assert!(defaults.contains("bind = \"127.0.0.1:8080\"  # default\n"), "{defaults}");
}

#[test]
fn the_description_tells_where_a_job_types_delays_come_from() {
    let text = "retry.jitter = 0.5\njob_types.x.retry.multiplier = 3";
    let (config, origins) = load(text, &[], Flags::default()).unwrap();
    let described = config.describe(&origins);
    let (_, of_job_type) = described.split_once("[job_types.x.retry]").unwrap();
    assert!(of_job_type.contains("multiplier = 3  # callboard.toml:2\n"), "{described}");
    assert!(of_job_type.contains("jitter = 0.5  # [retry]\n"), "{described}");
}

#[test]
fn the_description_keeps_secrets() {
    let text = "[job_types.x]\nurl = 'https://user:hunter2@example.com/x?key=hunter3'";
    let described = from_file(text).describe(&Origins::default());
    assert!(described.contains("https://user:***@example.com/x?***"), "{described}");
    assert!(!described.contains("hunter"), "{described}");
}
