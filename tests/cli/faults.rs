use std::net::TcpListener;

use serde_json::json;

use crate::fake::{Answer, Fake, job};
use crate::run::{Ran, program, run};

#[test]
fn no_server_is_3() {
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://user:secret@127.0.0.1:{port}");
    for args in
        [&["list"][..], &["enqueue", "noop"], &["watch", "1"], &["logs", "-f", "1"], &["retry", "1", "2"]]
    {
        let ran: Ran = program(args).env("CALLBOARD_URL", &url).output().unwrap().into();
        assert_eq!((ran.code, ran.out.as_str()), (Some(3), ""), "{args:?}");
        assert!(
            ran.err.starts_with(&format!("error: no server at http://127.0.0.1:{port}: ")),
            "{}",
            ran.err
        );
        assert!(ran.err.contains("refused") && ran.err.contains("callboard serve"), "{}", ran.err);
        assert!(!ran.err.contains("secret"), "{}", ran.err);
    }
}

#[test]
fn a_server_that_does_not_answer_is_3() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    for args in [&["stats"][..], &["watch", "1"]] {
        let ran: Ran = program(args).args(["--answer-within", "0.2", "--url", &url]).output().unwrap().into();
        assert_eq!(ran.code, Some(3), "{args:?}");
        assert!(ran.err.contains("no answer"), "{}", ran.err);
    }
}

#[test]
fn wrong_fields_are_named_one_a_line() {
    let server = Fake::start();
    let errors = json!([{"field": "job_type", "message": "unknown; did you mean noop?"},
        {"field": "args.\u{1b}[2Jx", "message": "evil\u{7}"}]);
    server.on("POST /api/jobs", Answer::problem(422, "2 fields are wrong", errors));
    let ran = run(&server, &["enqueue", "nope"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
    assert_eq!(
        ran.err,
        "error: 2 fields are wrong (422 Unprocessable Entity)\n  job_type: unknown; did you mean noop?\n  args.x: evil\n"
    );
}

#[test]
fn says_what_to_do_about_a_refusal() {
    let server = Fake::start();
    let cases = [
        (Answer::problem(401, "no token", json!([])), "--token"),
        (Answer::problem(503, "shutting down", json!([])).header("retry-after", "7"), "try again in 7 s"),
        (Answer::text(502, "text/html", "<html>"), "502 Bad Gateway"),
        (Answer::text(301, "text/html", "").header("location", "http://127.0.0.1:1/"), "--url"),
    ];
    for (answer, word) in cases {
        server.on("GET /api/jobs/1", answer);
        let ran = run(&server, &["show", "1"]);
        assert_eq!(ran.code, Some(1));
        assert!(ran.err.contains(word), "{word}: {}", ran.err);
    }
}

#[test]
fn an_answer_that_is_not_ours_is_a_failure() {
    let server = Fake::start();
    for args in [&["show", "1"][..], &["show", "1", "--json"]] {
        server.on("GET /api/jobs/1", Answer::text(200, "text/html", "<html>"));
        let ran = run(&server, args);
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
        assert!(ran.err.contains("is this a callboard server"), "{}", ran.err);
    }
}

#[test]
fn a_server_below_a_path_is_reached() {
    let server = Fake::start();
    server.on("GET /queue/api/jobs/1", Answer::json(job(1, "pending")));
    let url = format!("{}/queue/", server.url);
    let ran: Ran = program(&["show", "1", "--url", &url]).output().unwrap().into();
    assert_eq!(ran.code, Some(0), "{}", ran.err);
}

#[test]
fn a_proxy_is_not_asked_for_this_machine() {
    let server = Fake::start();
    server.on("GET /api/jobs/1", Answer::json(job(1, "pending")));
    let mut command = program(&["show", "1", "--url", &server.url]);
    let ran: Ran = command
        .env("HTTP_PROXY", "http://127.0.0.1:1")
        .env("http_proxy", "http://127.0.0.1:1")
        .output()
        .unwrap()
        .into();
    assert_eq!(ran.code, Some(0), "{}", ran.err);
}

#[test]
fn a_machine_without_certificates_can_speak_plainly() {
    let server = Fake::start();
    server.on("GET /api/jobs/1", Answer::json(job(1, "pending")));
    for (url, code) in [(server.url.as_str(), 0), ("https://127.0.0.1:1", 1)] {
        let mut command = program(&["show", "1", "--url", url]);
        let ran: Ran =
            command.env("SSL_CERT_FILE", "/none").env("SSL_CERT_DIR", "/none").output().unwrap().into();
        assert_eq!(ran.code, Some(code), "{url}: {}", ran.err);
        assert_eq!(ran.err.contains("ca-certificates"), code == 1, "{}", ran.err);
    }
}
