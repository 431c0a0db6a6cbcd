//! Keys: none, one, another one, and two.

use std::process::Command;

use serde_json::json;

use crate::server::{KEY, OTHER_KEY, Server, say};

/// What `check` says of a configuration.
fn checked(config: &str, keys: Option<&str>) -> Result<String, String> {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("callboard.toml"), config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_callboard"));
    command.arg("check").current_dir(home.path()).env_remove("CALLBOARD_SECRET_KEY");
    let output = keys
        .into_iter()
        .fold(&mut command, |command, keys| command.env("CALLBOARD_SECRET_KEY", keys))
        .output();
    let output = output.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

#[test]
fn who_names_fields_needs_a_key() {
    let fields = "defaults.secrets = ['password']\n";
    let said = checked(fields, None).unwrap_err();
    assert!(said.contains("secret_key is needed, as defaults.secrets names fields"), "{said}");
    let of_type = checked("[job_types.noop]\nsecrets = ['a.b']\n", None).unwrap_err();
    assert!(of_type.contains("job_types.noop.secrets"), "{of_type}");
    let shown = checked(fields, Some(&format!("{KEY}, {OTHER_KEY}"))).unwrap();
    assert!(shown.contains("secret_key = \"***\"") && !shown.contains(KEY), "{shown}");
    for wrong in ["short", "not base64 at all, really not", &KEY[4..]] {
        let said = checked(fields, Some(wrong)).unwrap_err();
        assert!(said.contains("must be 32 bytes in Base64") && !said.contains(wrong), "{said}");
    }
    let said = checked(&format!("secret_key = '{KEY}'\n{fields}"), None).unwrap_err();
    assert!(said.contains("from the environment alone"), "{said}");
    let said = checked("defaults.secrets = ['a..b']\n", Some(KEY)).unwrap_err();
    assert!(said.contains("must be a field of the args"), "{said}");
}

#[tokio::test]
async fn jobs_whose_key_is_gone_fail_for_good_and_nothing_else_suffers() {
    let mut server = Server::start("");
    server.go();
    let later = |mut job: serde_json::Value| {
        job["delay_secs"] = json!(3600);
        job
    };
    let mut far = say("opensesame");
    far["job_type"] = json!("far");
    let (old, far) = (server.enqueue(later(say("opensesame"))).await, server.enqueue(later(far)).await);
    server.restart(OTHER_KEY);
    let new = server.enqueue(say("opensesame")).await;
    server.until(new, "event: end").await;
    assert_eq!(server.told(new), "opensesame");
    for id in [old, far] {
        let (status, job) = server.call("PATCH", &format!("/api/jobs/{id}"), json!({"run_at": null})).await;
        assert_eq!(status, 200, "{job}");
    }
    server.until(old, "event: end").await;
    // Whoever fetches it goes on waiting, and gets what comes next.
    let mut worker = server.far();
    let mut next = say("opensesame");
    next["job_type"] = json!("far");
    let next = server.enqueue(next).await;
    assert_eq!(worker.fetch()["args"][0]["password"], "opensesame");
    server.until(far, "event: end").await;
    for id in [old, far] {
        let job = server.job(id).await;
        assert_eq!(job["state"], "failed", "{job}");
        assert!(job["error"].as_str().unwrap().contains("there is no key"), "{job}");
        assert_eq!(job["args"]["password"], "[redacted]");
    }
    assert_eq!(server.job(next).await["state"], "running");
}

#[tokio::test]
async fn keys_are_turned_over() {
    let mut server = Server::start("");
    server.go();
    let mut job = say("opensesame");
    job["delay_secs"] = json!(3600);
    let old = server.enqueue(job).await;
    server.restart(&format!("{OTHER_KEY},{KEY}"));
    let (status, _) = server.call("PATCH", &format!("/api/jobs/{old}"), json!({"run_at": null})).await;
    assert_eq!(status, 200);
    server.until(old, "event: end").await;
    assert_eq!(server.told(old), "opensesame");
    server.restart(OTHER_KEY);
    let new = server.enqueue(say("another one")).await;
    server.until(new, "event: end").await;
    assert_eq!(server.told(new), "another one");
}
