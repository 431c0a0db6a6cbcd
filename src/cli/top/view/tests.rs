use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::json;

use super::super::feed::News;
use super::super::keys::Input;
use super::super::picture::{Failed, Node, Picture, Running};
use super::*;
use crate::cli::remote::notice::Step;

const NOW: &str = "2026-11-22T12:00:00.000Z";

fn picture(running: i64) -> Picture {
    let counts = json!({"scheduled": 1, "blocked": 2, "pending": 3, "running": running, "retrying": 4,
        "completed": 1_234_567, "failed": 5, "cancelled": 6});
    let minute =
        json!({"enqueued": 10, "completed": 20, "failed": 1, "queue_latency_ms": {"p50": 2.0, "p99": 30.0}});
    let status = json!({"counts": counts, "by_job_type": {}, "active_workers": running, "total": 99,
        "oldest_pending_age_secs": null, "last_minute": minute, "last_hour": minute});
    let one = |n: i64| -> Running {
        let progress = json!({"percent": 50.0, "processed": 5, "total": 10, "message": format!("part {n}"), "updated_at": null});
        let attempt = json!({"worker_id": "1/transcode", "job_type": "transcode", "job_id": n, "attempt": 2,
            "started_at": NOW, "progress": progress});
        serde_json::from_value(attempt).unwrap()
    };
    let node: Node =
        serde_json::from_value(json!({"id": 1, "host": "strong", "pid": 4711, "started_at": NOW,
        "heartbeat_at": NOW, "state": "alive"}))
        .unwrap();
    let failed = |n: i64| -> Failed {
        let error = format!("it broke\n\u{1b}[2J{n}");
        serde_json::from_value(json!({"id": n, "job_type": "転送", "error": error, "completed_at": NOW}))
            .unwrap()
    };
    Picture {
        status: serde_json::from_value(status).unwrap(),
        nodes: vec![node],
        workers: (1..=running).map(one).collect(),
        failures: (900..920).map(failed).collect(),
    }
}

fn board(running: i64) -> Board {
    let mut board = Board::new("http://127.0.0.1:8080".into());
    board.hear(News::Picture(Box::new(picture(running))));
    board
}

/// What stands on the screen, line by line.
fn shown(board: &Board, width: u16, height: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, board, true)).unwrap();
    let cells = terminal.backend().buffer().clone();
    let line = |y| (0..width).map(|x| cells[(x, y)].symbol().to_owned()).collect::<String>();
    (0..height).map(line).collect()
}

fn has(lines: &[String], text: &str) -> bool {
    lines.iter().any(|line| line.contains(text))
}

#[test]
fn all_of_it_fits_into_80_by_24() {
    let lines = shown(&board(3), 80, 24);
    for text in [
        "http://127.0.0.1:8080",
        "live",
        "completed 1234567",
        "LAST MINUTE  10 enqueued  20 completed  1 failed   wait 2 ms, 30 ms",
        "strong",
        "4711",
        "██████░░░░░░  50%",
        "part 3",
        "FAILURES",
        "it broke 900",
    ] {
        assert!(has(&lines, text), "{text}: {lines:#?}");
    }
    // The message of the chosen job stands at the bottom.
    assert!(lines[23].contains("part 1"), "{lines:#?}");
}

#[test]
fn with_less_room_what_runs_stays() {
    for (width, height) in [(200, 60), (80, 24), (60, 16), (40, 10), (20, 6), (10, 3), (1, 1)] {
        let lines = shown(&board(40), width, height);
        if height >= 6 && width >= 40 {
            assert!(has(&lines, " JOB"), "{width}x{height}: {lines:#?}");
            assert!(has(&lines, "transcode"), "{width}x{height}: {lines:#?}");
        }
    }
    assert!(!has(&shown(&board(40), 80, 8), "FAILURES"));
}

#[test]
fn a_chosen_line_is_kept_in_sight_and_followed() {
    let mut board = board(100);
    board.obey(Input::Move(60));
    assert!(has(&shown(&board, 80, 24), "part 61"));
    board.obey(Input::Move(-1_000));
    assert_eq!(board.chosen, 0);
    board.obey(Input::Last);
    assert_eq!(board.running()[board.chosen].job_id, 100);
    // Those before it are done.
    let mut next = picture(100);
    next.workers.drain(..50);
    board.hear(News::Picture(Box::new(next)));
    assert_eq!(board.running()[board.chosen].job_id, 100);
    board.hear(News::Picture(Box::new(picture(0))));
    assert!(has(&shown(&board, 80, 24), "nothing runs"));
}

#[test]
fn progress_moves_the_bar_and_a_frozen_picture_stays() {
    let mut board = board(1);
    let step = |attempt, percent| {
        News::Progress(
            1,
            Step { attempt, percent, processed: 9, total: Some(10), message: Some("nearly".into()) },
        )
    };
    board.hear(step(1, 10.0));
    assert!(has(&shown(&board, 80, 24), " 50%"), "that was another attempt");
    board.hear(step(2, 90.0));
    assert!(has(&shown(&board, 80, 24), " 90%") && has(&shown(&board, 80, 24), "nearly"));
    board.obey(Input::Freeze);
    board.hear(step(2, 95.0));
    board.hear(News::Picture(Box::new(picture(3))));
    assert!(has(&shown(&board, 80, 24), " 90%") && has(&shown(&board, 80, 24), "frozen"));
    board.obey(Input::Freeze);
    board.hear(News::Picture(Box::new(picture(3))));
    assert!(has(&shown(&board, 80, 24), "live") && has(&shown(&board, 80, 24), "part 3"));
}

#[test]
fn a_server_that_is_away_is_told_and_what_was_known_stays() {
    let mut board = board(1);
    board.hear(News::Lost("no server at http://x: refused".into()));
    let lines = shown(&board, 80, 24);
    assert!(
        has(&lines, "no server, trying again") && lines[23].contains("refused") && has(&lines, "transcode")
    );
    board.hear(News::Picture(Box::new(picture(1))));
    assert!(has(&shown(&board, 80, 24), "live"));
}

#[test]
fn what_others_wrote_acts_on_nothing_and_help_explains() {
    let mut board = board(1);
    assert!(!shown(&board, 80, 24).concat().contains('\u{1b}'));
    board.obey(Input::Help);
    assert!(has(&shown(&board, 80, 24), "freeze the picture"));
    board.obey(Input::Help);
    assert!(!has(&shown(&board, 80, 24), "freeze the picture"));
}

#[test]
fn throughput_is_what_ended_between_two_pictures() {
    let mut board = board(1);
    let mut next = picture(1);
    *next.status.counts.get_mut(&crate::domain::State::Completed).unwrap() += 7;
    board.hear(News::Picture(Box::new(next)));
    // Deleted ones are not counted backwards.
    board.hear(News::Picture(Box::new(picture(1))));
    assert_eq!(board.ended, [7, 0]);
}
