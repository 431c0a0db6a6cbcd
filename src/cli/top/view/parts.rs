//! The parts of the screen.

use console::truncate_str;
use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Paragraph, Row, Sparkline, Table, TableState};

use super::super::board::Board;
use super::super::picture::{Picture, Running};
use crate::Timestamp;
use crate::cli::{duration, text};
use crate::domain::State;

/// From here on every column has room.
const WIDE: u16 = 72;
/// How wide a bar is.
const BAR: u16 = 12;

/// What is painted, and how.
pub(super) struct Paint<'a> {
    pub board: &'a Board,
    pub colours: bool,
}

impl Paint<'_> {
    fn colour(&self, colour: Color) -> Style {
        if self.colours { Style::new().fg(colour) } else { Style::new() }
    }

    fn title(&self) -> Style {
        self.colour(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    /// Which server, and whether it is heard.
    pub fn head(&self, frame: &mut Frame<'_>, area: Rect) {
        let (word, colour) = match (&self.board.lost, self.board.frozen) {
            (Some(_), _) => ("no server, trying again ", Color::Red),
            (None, true) => ("frozen ", Color::Yellow),
            (None, false) => ("live ", Color::Green),
        };
        let left = Line::from(vec![
            Span::styled(" callboard top", self.title()),
            Span::raw(format!("  {}", self.board.url)),
        ]);
        let right = Line::styled(word, self.colour(colour).add_modifier(Modifier::BOLD));
        frame.render_widget(Paragraph::new(left), area);
        let width = u16::try_from(word.len()).unwrap_or(0).min(area.width);
        let at = Rect { x: area.right() - width, width, ..area };
        frame.render_widget(Paragraph::new(right).alignment(Alignment::Right), at);
    }

    /// What the chosen job says, or why there is nothing to hear, or the keys.
    pub fn foot(&self, frame: &mut Frame<'_>, area: Rect) {
        let chosen = self.board.running().get(self.board.chosen);
        let message =
            chosen.and_then(|running| running.progress.message.as_deref()).filter(|m| !m.is_empty());
        let line = match (&self.board.lost, message) {
            _ if self.board.help => Line::raw(" ? back   q quit"),
            (Some(why), _) => Line::styled(format!(" {}", text::line(why)), self.colour(Color::Red)),
            (None, Some(message)) => Line::raw(format!(" {}", text::line(message))),
            (None, None) => Line::raw(" q quit   p freeze   arrows choose   ? help"),
        };
        frame.render_widget(Paragraph::new(line), area);
    }

    /// How many jobs are in each state.
    pub fn counts(&self, frame: &mut Frame<'_>, area: Rect, picture: &Picture) {
        let one = |state: State| {
            let n = picture.status.counts.get(&state).copied().unwrap_or(0);
            let style = match state {
                State::Failed if n > 0 => self.colour(Color::Red),
                State::Running if n > 0 => self.colour(Color::Green),
                _ => Style::new(),
            };
            [
                Span::raw(format!(" {state} ")),
                Span::styled(n.to_string(), style.add_modifier(Modifier::BOLD)),
                Span::raw(" "),
            ]
        };
        let line = |ends: bool| {
            Line::from(
                State::ALL
                    .into_iter()
                    .filter(|state| state.is_final() == ends)
                    .flat_map(one)
                    .collect::<Vec<_>>(),
            )
        };
        frame.render_widget(Paragraph::new(vec![line(false), line(true)]), area);
    }

    /// What the last minute brought, and what ended of late.
    pub fn throughput(&self, frame: &mut Frame<'_>, area: Rect, picture: &Picture) {
        if area.height == 0 {
            return;
        }
        let minute = &picture.status.last_minute;
        let wait = minute
            .queue_latency_ms
            .map_or_else(String::new, |wait| format!("   wait {:.0} ms, {:.0} ms", wait.p50, wait.p99));
        let told = format!(
            " LAST MINUTE  {} enqueued  {} completed  {} failed{wait}",
            minute.enqueued, minute.completed, minute.failed
        );
        frame.render_widget(Paragraph::new(Line::styled(told, self.title())), Rect { height: 1, ..area });
        let room = usize::from(area.width.saturating_sub(1));
        let ended: Vec<u64> = self.board.ended.iter().rev().take(room).rev().copied().collect();
        let most = ended.iter().max().copied().unwrap_or(0).max(1);
        let chart = Rect {
            x: area.x + 1,
            y: area.y + 1,
            width: area.width.saturating_sub(1),
            height: area.height - 1,
        };
        let bars = Sparkline::default().data(&ended).max(most).style(self.colour(Color::Green));
        frame.render_widget(bars, chart);
    }

    /// The servers.
    pub fn nodes(&self, frame: &mut Frame<'_>, area: Rect, picture: &Picture) {
        let row = |node: &super::super::picture::Node| {
            let runs = picture
                .workers
                .iter()
                .filter(|r| r.worker_id.split(['/', ':']).next() == Some(&node.id.to_string()));
            let style = if node.state == "alive" { Style::new() } else { self.colour(Color::DarkGray) };
            Row::new([
                format!(" {}", node.id),
                text::line(&node.host),
                node.pid.to_string(),
                node.state.clone(),
                since(node.started_at),
                runs.count().to_string(),
            ])
            .style(style)
        };
        let widths = [8, 20, 8, 8, 14, 7].map(Constraint::Length);
        let titles = Row::new([" NODE", "HOST", "PROCESS", "STATE", "UP", "RUNS"]).style(self.title());
        frame.render_widget(Table::new(picture.nodes.iter().map(row), widths).header(titles), area);
    }

    /// What runs, with the chosen line marked.
    pub fn running(&self, frame: &mut Frame<'_>, area: Rect) {
        let running = self.board.running();
        let titles = Row::new([" JOB", "TYPE", "TRY", "SINCE", "PROGRESS", "MESSAGE"]).style(self.title());
        if running.is_empty() {
            let lines = vec![Line::styled(" RUNNING", self.title()), Line::raw(" nothing runs")];
            return frame.render_widget(Paragraph::new(lines), area);
        }
        // Where there is little room the message goes first: that of the chosen one stands at the bottom.
        let widths = match area.width {
            WIDE.. => [10, 20, 3, 11, 18].map(Constraint::Length).to_vec(),
            _ => [7, 10, 0, 0, 18].map(Constraint::Length).to_vec(),
        };
        let widths = widths.into_iter().chain([Constraint::Min(0)]);
        let table = Table::new(running.iter().map(|running| self.attempt(running)), widths)
            .header(titles)
            .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED));
        let mut state = TableState::new().with_selected(self.board.chosen);
        frame.render_stateful_widget(table, area, &mut state);
    }

    fn attempt(&self, running: &Running) -> Row<'static> {
        let percent = running.progress.percent.clamp(0.0, 100.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 12")]
        let full = (percent / 100.0 * f64::from(BAR)).round() as usize;
        let bar = format!("{}{} {percent:>3.0}%", "█".repeat(full), "░".repeat(usize::from(BAR) - full));
        Row::new([
            Cell::from(format!(" {}", running.job_id)),
            Cell::from(truncate_str(&text::line(&running.job_type), 20, "…").into_owned()),
            Cell::from(running.attempt.to_string()),
            Cell::from(since(running.started_at)),
            Cell::from(Span::styled(bar, self.colour(Color::Green))),
            Cell::from(text::line(running.progress.message.as_deref().unwrap_or_default())),
        ])
    }

    /// The newest dead letters.
    pub fn failures(&self, frame: &mut Frame<'_>, area: Rect, picture: &Picture) {
        let mut lines = vec![Line::styled(" FAILURES", self.title())];
        if picture.failures.is_empty() {
            lines.push(Line::raw(" none"));
        }
        for failed in &picture.failures {
            let ago = failed.completed_at.map_or_else(String::new, since);
            let error = text::line(failed.error.as_deref().unwrap_or_default());
            lines.push(Line::from(vec![
                Span::raw(format!(" {:<9} {:<16.16} {ago:<10} ", failed.id, text::line(&failed.job_type))),
                Span::styled(error, self.colour(Color::Red)),
            ]));
        }
        frame.render_widget(Paragraph::new(lines), area);
    }
}

/// In whole seconds: nobody reads more from a screen that moves.
fn since(time: Timestamp) -> String {
    let span = Timestamp::system_now().as_millis().saturating_sub(time.as_millis()).max(0);
    duration::show(std::time::Duration::from_secs(span.unsigned_abs() / 1000))
}
