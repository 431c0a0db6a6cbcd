//! What the keys do and the words mean.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

const TEXT: &str = "\
 q, Esc, Control-C   quit; the server goes on
 p, space            freeze the picture, and go on
 up, down, j, k      choose what runs; its message is shown whole at the bottom
 Page up, Page down, Home, End
 ?, h                this page, and back

 ended               jobs that were completed, failed or cancelled
 wait                from ready to started: the middle, and the slowest of a hundred
 failures            the newest dead letters: `callboard dead list`

 The address is that of --url or CALLBOARD_URL.";

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, colours: bool) {
    let title =
        Line::styled(" KEYS", if colours { Style::new().add_modifier(Modifier::BOLD) } else { Style::new() });
    let lines = [title].into_iter().chain(TEXT.lines().map(Line::raw));
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), area);
}
