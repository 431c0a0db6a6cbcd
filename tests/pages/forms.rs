//! Forms without scripts.

use reqwest::StatusCode;
use reqwest::header::LOCATION;
use serde_json::{Value, json};

use crate::server::{Server, text};

#[tokio::test]
async fn every_action_is_a_form_that_leads_back() {
    let server = Server::start("");
    let (token, cookie) = server.token().await;
    let token = ("callboard_csrf", token.as_str());
    let form = [
        token,
        ("job_type", "noop"),
        ("args", "{\"a\":1}"),
        ("tags", "x, y"),
        ("run_at", "2999-01-01T00:00"),
    ];
    let made = server.post("/new", &cookie, &form).await;
    assert_eq!(
        (made.status(), made.headers()[LOCATION].to_str().unwrap()),
        (StatusCode::SEE_OTHER, "/jobs/1")
    );
    assert_eq!(server.job(1).await["run_at"], "2999-01-01T00:00:00.000Z");
    assert_eq!(server.job(1).await["tags"], json!(["x", "y"]));

    let change = [
        token,
        ("priority", "1"),
        ("args", "[2]"),
        ("queue", "fast"),
        ("max_retries", "0"),
        ("run_at", "2998-01-01T00:00"),
    ];
    let changed = server.post("/jobs/1/change", &cookie, &change).await;
    assert_eq!(changed.status(), StatusCode::SEE_OTHER, "{}", text(changed).await);
    let job = server.job(1).await;
    assert_eq!((&job["priority"], &job["args"], &job["tags"]), (&json!(1), &json!([2]), &json!([])));

    assert_eq!(server.post("/jobs/1/cancel", &cookie, &[token]).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(server.job(1).await["state"], "cancelled");
    let again = server.post("/jobs/1/cancel", &cookie, &[token]).await;
    assert_eq!(again.status(), StatusCode::CONFLICT);
    assert!(text(again).await.contains("<h1>Not in this state</h1>"));

    let question = server.post("/jobs/actions", &cookie, &[token, ("action", "delete"), ("id", "1")]).await;
    assert_eq!(question.status(), StatusCode::OK);
    assert!(text(question).await.contains("Delete 1 job?"));
    let yes = [token, ("action", "delete"), ("id", "1"), ("sure", "true")];
    assert_eq!(server.post("/jobs/actions", &cookie, &yes).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(server.get("/jobs/1").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn schedules_are_made_changed_and_steered_by_forms() {
    let server = Server::start("");
    let (token, cookie) = server.token().await;
    let token = ("callboard_csrf", token.as_str());
    let schedule = async || -> Value {
        let url = format!("{}/api/schedules/nightly", server.url);
        server.client.get(url).send().await.unwrap().json().await.unwrap()
    };
    let wrong = [token, ("name", "nightly"), ("cron", "61 4 * * *"), ("job_type", "noop"), ("args", "{")];
    let answer = server.post("/schedules/new", &cookie, &wrong).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let html = text(answer).await;
    assert!(html.contains("has a wrong minute") && html.contains("value=\"61 4 * * *\""), "{html}");
    let right = [
        token,
        ("name", "nightly"),
        ("cron", "30 4 * * MON-FRI"),
        ("timezone", "Europe/Berlin"),
        ("misfire", "skip"),
        ("overlap", "allow"),
        ("job_type", "noop"),
        ("args", "{\"a\":1}"),
        ("tags", "x, y"),
        ("timeout_secs", "none"),
    ];
    let made = server.post("/schedules/new", &cookie, &right).await;
    assert_eq!(
        (made.status(), &made.headers()[LOCATION]),
        (StatusCode::SEE_OTHER, &"/schedules/nightly".parse().unwrap())
    );
    let taken = server.post("/schedules/new", &cookie, &right).await;
    assert_eq!(taken.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(taken).await.contains("is there already"));
    let is = schedule().await;
    assert_eq!(
        (&is["tags"], &is["timeout_secs"], &is["misfire"]),
        (&json!(["x", "y"]), &Value::Null, &json!("skip"))
    );
    assert!(text(server.get("/schedules").await).await.contains("Monday to Friday at 04:30"));

    // What the form does not show outlives an edit by form.
    let body = json!({"job_type": "noop", "cron": "30 4 * * *", "metadata": {"m": 1}, "unique": true});
    server.client.put(format!("{}/api/schedules/nightly", server.url)).json(&body).send().await.unwrap();
    let html = text(server.get("/schedules/nightly/edit").await).await;
    assert!(html.contains("value=\"30 4 * * *\""), "{html}");
    let change = [token, ("every_secs", "90"), ("job_type", "noop"), ("priority", "2"), ("args", "{}")];
    let changed = server.post("/schedules/nightly/edit", &cookie, &change).await;
    assert_eq!(changed.status(), StatusCode::SEE_OTHER, "{}", text(changed).await);
    let is = schedule().await;
    assert_eq!((&is["every_secs"], &is["cron"], &is["priority"]), (&json!(90.0), &Value::Null, &json!(2)));
    assert_eq!((&is["metadata"], &is["unique"]), (&json!({"m": 1}), &json!(true)));

    for (verb, paused) in [("pause", true), ("run", true), ("resume", false)] {
        let answer = server.post(&format!("/schedules/nightly/{verb}"), &cookie, &[token]).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{verb}");
        assert_eq!(schedule().await["paused"], paused, "{verb}");
    }
    assert_eq!(schedule().await["history"][0]["trigger"], "manual");
    assert!(text(server.get("/schedules/nightly").await).await.contains("By hand"));
    let deleted = server.post("/schedules/nightly/delete", &cookie, &[token]).await;
    assert_eq!(deleted.headers()[LOCATION], "/schedules");
    assert_eq!(server.get("/schedules/nightly").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn forms_from_elsewhere_change_nothing() {
    let server = Server::start("");
    let (token, cookie) = server.token().await;
    let id = server.enqueue(json!({"job_type": "noop", "run_at": "2999-01-01T00:00:00Z"})).await;
    let path = format!("/jobs/{id}/cancel");
    let token = ("callboard_csrf", token.as_str());
    for (cookie, form) in [
        (cookie.as_str(), vec![]),
        (cookie.as_str(), vec![("callboard_csrf", "AAAAAAAAAAAAAAAAAAAAAA")]),
        ("", vec![token]),
        ("callboard_csrf=", vec![("callboard_csrf", "")]),
    ] {
        let answer = server.post(&path, cookie, &form).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{cookie} {form:?}");
    }
    assert_eq!(server.job(id).await["state"], "scheduled");
    let back =
        server.post("/settings", &cookie, &[token, ("theme", "dark"), ("back", "//evil.example")]).await;
    assert_eq!(back.headers()[LOCATION], "/settings");
}
