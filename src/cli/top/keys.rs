//! What a person wants, by the keys that were pressed.

use ratatui::crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers};

/// What a person wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    Quit,
    /// The picture stays as it is, or goes on.
    Freeze,
    /// The keys are explained, or no more.
    Help,
    /// Another line is chosen: so many further down.
    Move(i32),
    /// The first line, or the last.
    First,
    Last,
    /// Nothing but another look: the window has another size.
    Redraw,
}

/// What an event of the terminal asks for.
pub(super) fn read(event: &Event) -> Option<Input> {
    match event {
        Event::Resize(..) => Some(Input::Redraw),
        Event::Key(key) if key.kind != KeyEventKind::Release => match key.code {
            KeyCode::Char('c' | 'd') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Input::Quit),
            KeyCode::Char('q') | KeyCode::Esc => Some(Input::Quit),
            KeyCode::Char('p' | ' ') => Some(Input::Freeze),
            KeyCode::Char('?' | 'h') => Some(Input::Help),
            KeyCode::Up | KeyCode::Char('k') => Some(Input::Move(-1)),
            KeyCode::Down | KeyCode::Char('j') => Some(Input::Move(1)),
            KeyCode::PageUp => Some(Input::Move(-10)),
            KeyCode::PageDown => Some(Input::Move(10)),
            KeyCode::Home => Some(Input::First),
            KeyCode::End => Some(Input::Last),
            _ => None,
        },
        _ => None,
    }
}
