//! How it looks. Made for 80 by 24; with less room the less important parts go first.

mod help;
mod parts;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use super::board::Board;
use parts::Paint;

/// What every part needs to stand at all.
const RUNNING: u16 = 5;

/// Draws the board.
pub(super) fn draw(frame: &mut Frame<'_>, board: &Board, colours: bool) {
    let paint = Paint { board, colours };
    let [head, body, foot] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(0), Constraint::Length(1)])
            .areas(frame.area());
    paint.head(frame, head);
    paint.foot(frame, foot);
    match &board.picture {
        _ if board.help => help::draw(frame, body, colours),
        None => {}
        Some(picture) => {
            let room = Room::of(body, picture.nodes.len(), picture.failures.len());
            paint.counts(frame, room.counts, picture);
            paint.throughput(frame, room.throughput, picture);
            paint.nodes(frame, room.nodes, picture);
            paint.running(frame, room.running);
            paint.failures(frame, room.failures, picture);
        }
    }
}

/// Where the parts are; one without room has no height.
struct Room {
    counts: Rect,
    throughput: Rect,
    nodes: Rect,
    running: Rect,
    failures: Rect,
}

impl Room {
    fn of(body: Rect, nodes: usize, failures: usize) -> Self {
        let mut left = body.height.saturating_sub(RUNNING);
        let mut give = |wanted: usize, least: u16| {
            let wanted = u16::try_from(wanted).unwrap_or(u16::MAX);
            let given = if left < least { 0 } else { wanted.min(left) };
            left -= given;
            given
        };
        let counts = give(2, 1);
        let throughput = give(3, 2);
        let nodes = give(nodes.min(4) + 1, 2);
        let failures = give(failures.clamp(1, 6) + 1, 2);
        let heights = [counts, throughput, nodes].map(Constraint::Length);
        let [counts, throughput, nodes] = heights;
        let parts = [counts, throughput, nodes, Constraint::Min(0), Constraint::Length(failures)];
        let [counts, throughput, nodes, running, failures] = Layout::vertical(parts).areas(body);
        Self { counts, throughput, nodes, running, failures }
    }
}

#[cfg(test)]
mod tests;
