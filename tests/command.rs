//! Programs as workers: what they get, what they say, how they end.

#[path = "workers/support.rs"]
mod support;

use std::sync::Arc;
use std::time::Duration;

use callboard::config::ProgressFormat;
use callboard::domain::{Json, State, TraceContext};
use callboard::logs::Stream;
use callboard::workers::{AnyWorker, Availability, CommandSpec, CommandWorker, Failure, ParentResult};
use serde_json::Value;
use support::{Bench, entries, fatal, retried, run, spec};

#[tokio::test]
async fn arguments_are_filled_and_never_split() {
    let bench = Bench::new();
    let worker = CommandWorker::new(
        spec(&["printf", "[%s]\\n", "{args.name}", "x{id}.{attempt}", "{target_id}", "{args.list}"]),
        bench.host(),
    );
    let ctx = bench.context(r#"{"name":"a b; $(touch /tmp/no) '\"*","list":[1, 2.50]}"#);
    assert_eq!(run(worker, ctx).await, Ok(None));
    let stdout = bench.read(Stream::Stdout);
    assert_eq!(stdout, "[a b; $(touch /tmp/no) '\"*]\n[x7.2]\n[a target]\n[[1, 2.50]]\n");
}

#[tokio::test]
async fn a_missing_argument_fails_for_good() {
    let bench = Bench::new();
    let worker = || CommandWorker::new(spec(&["echo", "{args.a}{args.video.id}"]), bench.host());
    let args = Json::checked(r#"{"a":1}"#).unwrap();
    assert_eq!(worker().missing_args(&args), ["args.video.id"]);
    let error = fatal(run(worker(), bench.context(args.as_str())).await);
    assert!(error.contains("args.video.id"), "{error}");
    assert_eq!(worker().info().args_schema["required"], serde_json::json!(["a", "video"]));
}

#[tokio::test]
async fn the_job_is_on_stdin_and_in_a_file() {
    let mut bench = Bench::new();
    bench.parents.push(ParentResult {
        id: 3,
        name: Some("first".into()),
        job_type: "other".into(),
        state: State::Completed,
        result: Some(Json::checked("{\"big\":12345678901234567890123}").unwrap()),
    });
    let script = r#"cmp - "$CALLBOARD_JOB_FILE" && cat "$CALLBOARD_JOB_FILE"; echo; echo "$CALLBOARD_JOB_ID $CALLBOARD_ATTEMPT""#;
    let ctx = bench.context(r#"{"n":1.10}"#);
    assert_eq!(run(bench.script(script), ctx).await, Ok(None));
    let stdout = bench.read(Stream::Stdout);
    let (document, ids) = stdout.split_once('\n').unwrap();
    assert_eq!(ids, "7 2\n");
    assert!(document.contains(r#""args":{"n":1.10}"#), "{document}");
    assert!(document.contains(r#""result":{"big":12345678901234567890123}"#), "{document}");
    let document: Value = serde_json::from_str(document).unwrap();
    assert_eq!(document["parents"][0]["name"], "first");
    assert_eq!(document["id"], 7);
}

#[tokio::test]
async fn the_environment_is_small() {
    let bench = Bench::new();
    let env = vec!["CARGO_MANIFEST_DIR".into(), "OWN=a=b".into(), "NOT_SET_ANYWHERE".into()];
    let worker = CommandWorker::new(CommandSpec { env, ..spec(&["env"]) }, bench.host());
    run(worker, bench.context("{}")).await.unwrap();
    let stdout = bench.read(Stream::Stdout);
    let allowed = ["PATH", "HOME", "LANG", "TZ", "CARGO_MANIFEST_DIR", "OWN"];
    for name in stdout.lines().filter_map(|line| line.split('=').next()) {
        assert!(allowed.contains(&name) || name.starts_with("CALLBOARD_"), "{name}");
    }
    assert!(stdout.contains("OWN=a=b\n") && stdout.contains("CARGO_MANIFEST_DIR=/"), "{stdout}");
    assert!(!stdout.contains("NOT_SET_ANYWHERE"));
}

#[tokio::test]
async fn a_program_is_told_its_place_in_a_trace() {
    let bench = Bench::new();
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let ctx = bench.context("{}").with_trace(TraceContext::read(parent, Some("a=b")));
    run(bench.script("echo $TRACEPARENT $TRACESTATE"), ctx).await.unwrap();
    assert_eq!(bench.read(Stream::Stdout), format!("{parent} a=b\n"));
}

#[tokio::test]
async fn the_folder_is_fresh_and_removed() {
    let bench = Bench::new();
    bench.run_script("ls -A; pwd; mkdir -p deep/er; echo x > deep/er/file").await.unwrap();
    let work = bench.dir.path().join("work");
    let pwd = bench.read(Stream::Stdout);
    assert!(pwd.starts_with(work.canonicalize().unwrap().to_str().unwrap()), "{pwd}");
    assert_eq!(entries(&work), 0);

    let cwd = Some(bench.dir.path().to_owned());
    let worker = CommandWorker::new(CommandSpec { cwd, ..spec(&["touch", "here"]) }, bench.host());
    run(worker, bench.context("{}")).await.unwrap();
    assert!(bench.dir.path().join("here").exists());
    assert_eq!(entries(&work), 0);
    let cwd = Some("/no/such/folder".into());
    let worker = CommandWorker::new(CommandSpec { cwd, ..spec(&["true"]) }, bench.host());
    assert!(fatal(run(worker, bench.context("{}")).await).contains("/no/such/folder"));
}

#[tokio::test]
async fn exits_are_judged() {
    let bench = Bench::new();
    assert_eq!(bench.run_script("true").await, Ok(None));
    let error = retried(bench.run_script("echo one >&2; echo why >&2; exit 3").await);
    assert_eq!(error, "bash ended with exit code 3: one\nwhy");
    assert!(retried(bench.run_script("exit 75").await).contains("75"));
    assert!(fatal(bench.run_script("echo bad >&2; exit 65").await).ends_with(": bad"));
    assert!(retried(bench.run_script("kill -9 $$").await).contains("SIGKILL"));
    assert!(retried(bench.run_script("printf 'a\\0b' >&2; exit 1").await).ends_with("a\u{FFFD}b"));
}

#[tokio::test]
async fn a_silent_program_leaves_no_log() {
    let bench = Bench::new();
    bench.run_script("true").await.unwrap();
    assert_eq!(bench.logs.attempts(7).unwrap(), [0_u32; 0]);
}

#[tokio::test]
async fn programs_speak() {
    let bench = Bench::new();
    let script = r#"
        echo before
        echo '::callboard {"progress":{"processed":3,"total":10,"message":"working"}}'
        echo '::callboard {"result":{"answer":4.20}}'
        echo '::callboard {"nonsense":1}'
        printf '::callboard {"progress":{"percent":60,"processed":6}}'"#;
    let result = bench.run_script(script).await.unwrap().unwrap();
    assert_eq!(result.as_str(), r#"{"answer":4.20}"#);
    assert_eq!(bench.read(Stream::Stdout), "before\n::callboard {\"nonsense\":1}\n");
    assert!(bench.read(Stream::Log).contains("WARN  a ::callboard line is kept as log"));
    let steps = bench.steps();
    assert_eq!(
        (steps[0].percent, steps[0].total, steps[0].message.as_deref()),
        (30.0, Some(10), Some("working"))
    );
    assert_eq!((steps[1].percent, steps[1].processed), (60.0, 6));
    assert_eq!(bench.read(Stream::Progress).lines().count(), 2);
    assert!(bench.read(Stream::Events).contains(r#""event":"result","result":{"answer":4.20}}"#));
}

#[tokio::test]
async fn programs_may_snooze() {
    let bench = Bench::new();
    let result = bench.run_script(r#"echo '::callboard {"snooze_secs":60}'"#).await;
    assert_eq!(result, Err(Failure::Snooze(Duration::from_secs(60))));
    let failed = bench.run_script(r#"echo '::callboard {"snooze_secs":60}'; exit 1"#).await;
    retried(failed);
}

#[tokio::test]
async fn other_programs_are_understood() {
    let bench = Bench::new();
    let script = r#"
        echo '  Duration: 00:00:10.00, start: 0' >&2
        while [ ! -s "$CALLBOARD_JOB_FILE" ]; do :; done
        sleep 0.2; printf 'out_time_us=2500000\nprogress=continue\nout_time_us=10000000\nprogress=end\n'"#;
    let progress = Some(ProgressFormat::Ffmpeg);
    let worker = CommandWorker::new(CommandSpec { progress, ..spec(&["bash", "-c", script]) }, bench.host());
    run(worker, bench.context("{}")).await.unwrap();
    let last = bench.steps().last().cloned().unwrap();
    assert_eq!((last.percent, last.processed, last.total), (100.0, 10_000, Some(10_000)));

    let bench = Bench::new();
    let progress = Some(ProgressFormat::Percent);
    let command = ["bash", "-c", "printf '\\r 10%%\\r 55.5%% done\\r' >&2"];
    let worker = CommandWorker::new(CommandSpec { progress, ..spec(&command) }, bench.host());
    run(worker, bench.context("{}")).await.unwrap();
    assert_eq!(bench.steps().last().unwrap().percent, 55.5);
}

#[tokio::test]
async fn much_output_does_not_block() {
    let bench = Bench::new();
    let script =
        "head -c 30000000 /dev/zero | tr '\\0' 'x' | fold -w 99; head -c 3000000 /dev/zero >&2; echo end";
    bench.run_script(script).await.unwrap();
    let stdout = bench.read(Stream::Stdout);
    assert!(stdout.len() <= 10 << 20 && stdout.ends_with("end\n"));
    assert_eq!(bench.read(Stream::Stderr).len(), 3_000_000);
}

#[tokio::test]
async fn odd_output_is_kept_as_it_is() {
    let mut bench = Bench::new();
    let script = "printf 'a\\377b\\n'; head -c 1048576 /dev/zero | tr '\\0' y; echo; echo last";
    bench.run_script(script).await.unwrap();
    let bytes = std::fs::read(bench.logs.path(7, 2, Stream::Stdout)).unwrap();
    assert_eq!((&bytes[..4], bytes.len()), (&b"a\xFFb\n"[..], 4 + (1 << 20) + 1 + 5));
    assert_eq!(bench.line("a").await, "\u{FFFD}b");
    assert!(bench.line("yyyy").await.len() < 10_000);
    bench.line("last").await;
}

#[tokio::test]
async fn a_program_need_not_read() {
    let bench = Bench::new();
    let args = format!("{{\"long\":\"{}\"}}", "x".repeat(900_000));
    assert_eq!(run(bench.script("exec <&-; echo hi"), bench.context(&args)).await, Ok(None));
    let too_long = CommandWorker::new(spec(&["echo", "{args.long}"]), bench.host());
    assert!(fatal(run(too_long, bench.context(&args)).await).contains("too long"));
}

#[tokio::test]
async fn a_missing_program_says_what_to_do() {
    let bench = Bench::new();
    for (program, hint) in [("no-such-program", "PATH"), ("/no/such", "install"), ("/etc/passwd", "chmod")] {
        let worker = CommandWorker::new(spec(&[program]), bench.host());
        let Availability::Unavailable(reason) = worker.availability() else { panic!("{program} is there") };
        assert!(reason.contains(program) && reason.contains(hint), "{reason}");
        assert_eq!(fatal(run(worker, bench.context("{}")).await), reason);
    }
    assert_eq!(bench.script("true").availability(), Availability::Available);
}

#[tokio::test]
async fn a_log_that_cannot_be_written_fails_no_job() {
    let bench = Bench::new();
    std::fs::write(bench.dir.path().join("logs"), "in the way").unwrap();
    let result = bench.run_script(r#"echo hi; echo '::callboard {"result":1}'"#).await;
    assert_eq!(result.unwrap().unwrap().as_str(), "1");
    assert!(bench.logs.fault().is_some());
}

#[tokio::test]
async fn built_in_workers() {
    let registry = callboard::workers::builtin();
    let names: Vec<&str> = registry.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["noop", "sleep"]);
    let start = |name: &str, bench: &Bench, args: &str| {
        let worker = Arc::clone(registry.get(name).unwrap());
        let callboard::workers::worker::Start::Future(running) = worker.start(bench.context(args)) else {
            panic!("{name} is not async");
        };
        running
    };
    let bench = Bench::new();
    assert_eq!(start("noop", &bench, "[1,{\"a\":null}]").await, Ok(None));
    assert_eq!(start("sleep", &bench, r#"{"secs":0.01,"steps":4}"#).await, Ok(None));
    assert_eq!(bench.steps().iter().map(|s| s.percent).collect::<Vec<_>>(), [25.0, 50.0, 75.0, 100.0]);
    assert_eq!(retried(start("sleep", &bench, r#"{"secs":0,"fail":"as asked"}"#).await), "as asked");
    assert!(fatal(start("sleep", &bench, r#"{"secs":-1}"#).await).contains("args.secs"));
    let sleeping = start("sleep", &bench, r#"{"secs":1000}"#);
    bench.cancel.cancel();
    assert_eq!(sleeping.await, Err(Failure::Cancelled));
}
