//! The terminal, which is given back as it was, however this ends.

use std::io;

use ratatui::DefaultTerminal;
use ratatui::backend::{Backend, ClearType};
use ratatui::crossterm::event;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use super::board::Board;
use super::keys::{self, Input};
use super::view;

/// See the module. After a panic the terminal is given back before the panic is told.
pub(super) struct Screen {
    terminal: DefaultTerminal,
    keys: mpsc::Receiver<Input>,
    signals: [Signal; 3],
    colours: bool,
}

impl Screen {
    /// Takes the terminal.
    pub fn open() -> io::Result<Self> {
        // Before the terminal is taken, so that none is missed while it is.
        let signals = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()].map(signal);
        let [a, b, c] = signals;
        let signals = [a?, b?, c?];
        let terminal = ratatui::try_init()?;
        let (pressed, keys) = mpsc::channel(16);
        // Reading blocks. The thread ends with the process.
        std::thread::Builder::new().name("keys".into()).spawn(move || listen(&pressed))?;
        let colours = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Ok(Self { terminal, keys, signals, colours })
    }

    /// Draws all of it; what has not changed is not sent.
    pub fn draw(&mut self, board: &Board) -> io::Result<()> {
        self.terminal.draw(|frame| view::draw(frame, board, self.colours)).map(|_| ())
    }

    /// Forgets what was drawn: a terminal that was made smaller and larger again has lost some of it.
    pub fn forget(&mut self) -> io::Result<()> {
        self.terminal.backend_mut().clear_region(ClearType::All)?;
        // Both buffers: what is drawn next is compared with nothing.
        self.terminal.swap_buffers();
        self.terminal.swap_buffers();
        Ok(())
    }

    /// What a person wants next. `None`: the terminal is gone.
    pub async fn input(&mut self) -> Option<Input> {
        let [terminate, interrupt, hangup] = &mut self.signals;
        tokio::select! {
            input = self.keys.recv() => input,
            _ = terminate.recv() => Some(Input::Quit),
            _ = interrupt.recv() => Some(Input::Quit),
            _ = hangup.recv() => None,
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

fn listen(pressed: &mpsc::Sender<Input>) {
    while let Ok(event) = event::read() {
        let Some(input) = keys::read(&event) else { continue };
        if pressed.blocking_send(input).is_err() {
            return;
        }
    }
}
