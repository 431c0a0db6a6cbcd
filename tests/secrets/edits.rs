//! Changing a job whose secrets are not shown, and telling equal ones.

use serde_json::{Value, json};

use crate::server::{Server, say};

fn later(mut job: Value) -> Value {
    job["delay_secs"] = json!(3600);
    job
}

#[tokio::test]
async fn what_is_not_touched_stays() {
    let server = Server::start("");
    server.go();
    let id = server.enqueue(later(say("opensesame"))).await;
    let args = json!({"password": "[redacted]", "auth": {"token": "a new one"}, "n": 2});
    let change = json!({"args": args, "run_at": null});
    let (status, job) = server.call("PATCH", &format!("/api/jobs/{id}"), change).await;
    assert_eq!((status, &job["args"]["auth"]["token"]), (200, &json!("[redacted]")), "{job}");
    server.until(id, "event: end").await;
    assert_eq!(server.told(id), "opensesame");
    let said = server.text(&format!("/api/jobs/{id}/logs?stream=stdout")).await;
    assert!(said.contains("\\\"n\\\":2") && !said.contains("a new one"), "{said}");
}

#[tokio::test]
async fn redacted_is_no_value_for_a_new_job() {
    let server = Server::start("");
    let job = json!({"job_type": "say", "args": {"password": "[redacted]"}});
    let (status, problem) = server.call("POST", "/api/jobs", job).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("args.password")), "{problem}");
    // Where it is no secret it is a text like any other.
    let (status, _) =
        server.call("POST", "/api/jobs", json!({"job_type": "noop", "args": {"x": "[redacted]"}})).await;
    assert_eq!(status, 201);
}

#[tokio::test]
async fn a_schedule_keeps_what_is_not_touched_and_runs_with_it() {
    let server = Server::start("");
    server.go();
    let mut schedule = say("opensesame");
    schedule["cron"] = json!("0 3 * * *");
    assert_eq!(server.call("PUT", "/api/schedules/s", schedule.clone()).await.0, 201);
    schedule["args"] = json!({"password": "[redacted]", "auth": {"token": "[redacted]"}});
    schedule["cron"] = json!("0 5 * * *");
    let (status, changed) = server.call("PUT", "/api/schedules/s", schedule).await;
    assert_eq!((status, &changed["cron"]), (200, &json!("0 5 * * *")), "{changed}");
    let (_, run) = server.call("POST", "/api/schedules/s/run", Value::Null).await;
    let id = run["id"].as_i64().unwrap();
    server.until(id, "event: end").await;
    assert_eq!(server.told(id), "opensesame");
}

#[tokio::test]
async fn a_job_is_run_again_from_its_page() {
    let server = Server::start("");
    server.go();
    let id = server.enqueue(say("opensesame")).await;
    server.until(id, "event: end").await;
    let form = server.http.get(format!("{}/new?from={id}&json=1", server.url)).send().await.unwrap();
    let cookie = form.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let token = cookie.split_once('=').unwrap().1.to_owned();
    let html = form.text().await.unwrap();
    assert!(html.contains("[redacted]") && html.contains(&format!("name=\"from\" value=\"{id}\"")), "{html}");
    let from = id.to_string();
    let fields = [
        ("callboard_csrf", token.as_str()),
        ("job_type", "say"),
        ("from", from.as_str()),
        ("args", r#"{"password":"[redacted]","n":3}"#),
    ];
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let posted = server.http.post(format!("{}/new", server.url)).header("cookie", cookie);
    let posted = posted.header("content-type", "application/x-www-form-urlencoded").body(body);
    let answer = posted.send().await.unwrap();
    assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
    server.until(id + 1, "event: end").await;
    assert_eq!(server.told(id + 1), "opensesame");
}

#[tokio::test]
async fn equal_secrets_are_equal_and_others_are_not() {
    let server = Server::start("");
    let unique = |password: &str| {
        let mut job = later(say(password));
        job["unique"] = json!({"by": ["args.password"]});
        job
    };
    let first = server.call("POST", "/api/jobs", unique("opensesame")).await;
    let same = server.call("POST", "/api/jobs", unique("opensesame")).await;
    assert_eq!((first.0, same.0, &first.1["id"]), (201, 200, &same.1["id"]));
    assert_eq!(server.call("POST", "/api/jobs", unique("opensesam3")).await.0, 201);
}
