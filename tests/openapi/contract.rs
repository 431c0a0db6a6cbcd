//! Schemathesis, with what the document allows and with what it forbids.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::served::Served;

/// So many calls for each operation, beside those that look at the edges of every parameter.
/// `scripts/contract` asks for more.
const TRIES: &str = "10";

/// Job types are made up by the caller here, so unknown ones are taken: they wait for a worker
/// elsewhere. Nothing that is made up may fill the machine.
const CONFIG: &str = r#"
accept_unknown_job_types = true
faktory_bind = "127.0.0.1:0"
log = "error"

[retry]
base_delay_secs = 600
"#;

#[test]
fn every_call_answers_as_the_document_says() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = home.join(".tools/schemathesis/bin/st");
    if !program.exists() {
        assert!(
            std::env::var_os("CI").is_none(),
            "schemathesis is not there: run scripts/setup-schemathesis"
        );
        eprintln!("NOT RUN: schemathesis is not there; scripts/setup-schemathesis installs it");
        return;
    }
    let server = Served::start(CONFIG);
    furnish(&server);
    let tries = std::env::var("CALLBOARD_CONTRACT_TRIES").unwrap_or_else(|_| TRIES.to_owned());
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(program)
        .arg("--config-file")
        .arg(home.join("tests/openapi/schemathesis.toml"))
        .args(["run", &format!("{}/api/openapi.json", server.url), "--max-examples", &tries])
        .env("SCHEMATHESIS_HOOKS", home.join("tests/openapi/hooks.py"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(&folder)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    println!("{told}");
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(server.call("GET", "/healthz", None).0, 200);
}

/// Something of everything, so that calls about jobs and the like find some.
fn furnish(server: &Served) {
    for (fields, times) in [
        (json!({"job_type": "noop", "tags": ["made"], "key": "first"}), 1),
        (json!({"job_type": "sleep", "args": {"secs": 0}}), 3),
        (json!({"job_type": "sleep", "args": {"secs": 0, "fail": "as it was told to"}, "max_retries": 0}), 3),
        (json!({"job_type": "noop", "delay_secs": 86400, "target_id": "later"}), 1),
    ] {
        for _ in 0..times {
            assert!(server.call("POST", "/api/jobs", Some(&fields)).0 < 300);
        }
    }
    let workflow = json!({"name": "film", "jobs": [
        {"name": "fetch", "job_type": "noop"},
        {"name": "publish", "job_type": "noop", "depends_on": ["fetch"]},
    ]});
    assert_eq!(server.call("POST", "/api/workflows", Some(&workflow)).0, 201);
    let schedule = json!({"name": "nightly", "cron": "0 3 * * *", "job_type": "noop"});
    assert_eq!(server.call("POST", "/api/schedules", Some(&schedule)).0, 201);
}
