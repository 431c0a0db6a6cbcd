//! A program on a terminal of its own, and what stands on it.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use nix::pty::{Winsize, openpty};
use nix::sys::termios::{LocalFlags, tcgetattr};

/// How long something may take to appear. It is there at once; a loaded machine is not.
const PATIENCE: Duration = Duration::from_secs(60);

/// See the module.
pub struct Terminal {
    master: File,
    pub child: Child,
    bytes: Receiver<Vec<u8>>,
    screen: vt100::Parser,
}

fn size(columns: u16, lines: u16) -> Winsize {
    Winsize { ws_row: lines, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

fn some(n: u16) -> NonZero<u16> {
    NonZero::new(n).unwrap()
}

impl Terminal {
    /// Starts a program on a terminal of this size.
    pub fn start(command: &Command, columns: u16, lines: u16) -> Self {
        let pty = openpty(&size(columns, lines), None).unwrap();
        let slave = || Stdio::from(pty.slave.try_clone().unwrap());
        // The terminal becomes its own, as it is for a program that a shell starts.
        let mut on_tty = Command::new("setsid");
        on_tty
            .arg("--ctty")
            .arg(command.get_program())
            .args(command.get_args())
            .env("TERM", "xterm-256color");
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => on_tty.env(name, value),
                None => on_tty.env_remove(name),
            };
        }
        let child = on_tty.stdin(slave()).stdout(slave()).stderr(slave()).spawn().unwrap();
        let master = File::from(pty.master);
        let mut reader = master.try_clone().unwrap();
        let (heard, bytes) = channel();
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut piece) {
                if heard.send(piece[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { master, child, bytes, screen: vt100::Parser::new(some(lines), some(columns), 0) }
    }

    pub fn press(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    /// Gives it another size, as somebody who pulls at its window.
    pub fn resize(&mut self, columns: u16, lines: u16) {
        self.screen.screen_mut().set_size(some(lines), some(columns));
        let size = rustix::termios::Winsize { ws_row: lines, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(&self.master, size).unwrap();
    }

    /// Waits until what stands on it is as it should be; all of it.
    pub fn wait_for(&mut self, what: &str, as_it_should: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let shown = self.screen.screen().contents();
            if as_it_should(&shown) {
                return shown;
            }
            let left = until.saturating_duration_since(Instant::now());
            match self.bytes.recv_timeout(left) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("{what} is not shown:\n{shown}")
                }
            }
        }
    }

    pub fn wait_for_text(&mut self, text: &str) -> String {
        self.wait_for(text, |shown| shown.contains(text))
    }

    /// Waits until the program has ended.
    pub fn end(&mut self) -> ExitStatus {
        let status = self.child.wait().unwrap();
        // What it said last; the terminal is at its end once nobody has it any more.
        while let Ok(bytes) = self.bytes.recv_timeout(PATIENCE) {
            self.screen.process(&bytes);
        }
        status
    }

    /// Whether it is as a shell wants it: lines are edited and echoed, and the screen is the usual one.
    pub fn is_given_back(&mut self) -> bool {
        while let Ok(bytes) = self.bytes.try_recv() {
            self.screen.process(&bytes);
        }
        let flags = tcgetattr(&self.master).unwrap().local_flags;
        let screen = self.screen.screen();
        flags.contains(LocalFlags::ECHO | LocalFlags::ICANON)
            && !screen.alternate_screen()
            && !screen.hide_cursor()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
