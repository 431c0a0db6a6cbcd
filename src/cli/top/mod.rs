//! `callboard top`

mod board;
mod feed;
mod keys;
mod picture;
mod screen;
mod view;

use std::io::IsTerminal;
use std::time::Duration;

use tokio::sync::mpsc;

use board::Board;
use feed::News;
use picture::Picture;
use screen::Screen;

use super::failure::Failure;
use super::output::Output;
use super::remote::{Client, RemoteCommand};
use super::values;

/// How many pieces of news may wait while the screen is drawn.
const WAITING: usize = 1_024;
/// The screen is drawn at most so often.
const FRAME: Duration = Duration::from_millis(100);

/// Watch the whole queue in the terminal: nodes, what runs and how far, throughput, failures
///
/// Keys: q quits, p freezes the picture, the arrows choose what runs, ? explains. With --json it prints
/// one picture and ends.
#[derive(Debug, clap::Args)]
pub(super) struct Top {
    /// How often to ask for the counts, in seconds; progress and failures come by themselves
    #[arg(long, value_name = "SECS", default_value = "1", value_parser = values::seconds)]
    every: f64,
}

impl RemoteCommand for Top {
    async fn run(self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        if out.is_json() {
            return Ok(out.value(&Picture::take(client).await?)?);
        }
        if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
            return Err(Failure::Usage(
                "top needs a terminal; `callboard stats` prints the counts, and `top --json` one picture"
                    .into(),
            ));
        }
        // Before the screen is taken: what is wrong is told where it stays to be read.
        let first = Picture::take(client).await?;
        let every = Duration::try_from_secs_f64(self.every.clamp(0.1, 3_600.0)).unwrap_or(FRAME);
        let mut board = Board::new(client.name());
        board.hear(News::Picture(Box::new(first)));
        let (told, news) = mpsc::channel(WAITING);
        tokio::select! {
            failure = feed::tell(client, every, told) => Err(failure),
            ended = watch(board, news) => ended,
        }
    }
}

/// Shows what is heard until somebody has seen enough.
async fn watch(mut board: Board, mut news: mpsc::Receiver<News>) -> Result<(), Failure> {
    let local = |source| Failure::Local { what: "use the terminal", source };
    let mut screen = Screen::open().map_err(local)?;
    let mut frames = tokio::time::interval(FRAME);
    frames.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut stale = true;
    loop {
        tokio::select! {
            _ = frames.tick() => {
                if std::mem::take(&mut stale) || board.is_moving() {
                    screen.draw(&board).map_err(local)?;
                }
            }
            Some(heard) = news.recv() => {
                board.hear(heard);
                stale = true;
            }
            input = screen.input() => match input {
                Some(keys::Input::Quit) | None => return Ok(()),
                Some(input) => {
                    if input == keys::Input::Redraw {
                        screen.forget().map_err(local)?;
                    }
                    board.obey(input);
                    screen.draw(&board).map_err(local)?;
                }
            }
        }
    }
}
