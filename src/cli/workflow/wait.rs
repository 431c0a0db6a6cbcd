//! Following a workflow until it is over.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::view::View;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::remote::outage::{Outage, Patience};
use crate::cli::remote::{Client, Query};
use crate::cli::text;
use crate::domain::State;

/// Between two looks at a workflow: at first, and at most.
const LOOKS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// Looks at a workflow until it is over. It is told apart from its jobs, so a look costs the same
/// however many there are.
pub(super) async fn follow(
    client: &Client,
    out: &mut Output,
    id: i64,
    patience: Patience,
) -> Result<(), Failure> {
    let screen = Screen::new(id, out.is_json());
    let followed = tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => return Err(Failure::Interrupted { what: "workflow", id }),
        view = to_its_end(client, id, patience, &screen) => view?,
    };
    drop(screen);
    if out.is_json() {
        let reply = client.get(&["workflows", &id.to_string()], &Query::new()).await?;
        out.json(reply.json()?)?;
    }
    match followed.state {
        State::Completed => {
            text::note(&followed.summary());
            Ok(())
        }
        _ => Err(Failure::Incomplete(followed.summary())),
    }
}

async fn to_its_end(client: &Client, id: i64, patience: Patience, screen: &Screen) -> Result<View, Failure> {
    let query: Query = vec![("jobs", "false".to_owned())];
    let mut outage = Outage::new(patience);
    let mut pause = LOOKS.0;
    loop {
        match client.get(&["workflows", &id.to_string()], &query).await {
            Ok(reply) => {
                outage.is_over();
                let view: View = reply.parse()?;
                if view.state.is_final() {
                    return Ok(view);
                }
                screen.show(&view);
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LOOKS.1);
            }
            Err(e) if e.is_passing() && !outage.is_too_long() => tokio::time::sleep(outage.delay()).await,
            Err(e) => return Err(e),
        }
    }
}

/// A bar at the bottom of a terminal.
struct Screen(ProgressBar);

impl Screen {
    fn new(id: i64, is_json: bool) -> Self {
        let bar = if is_json { ProgressBar::hidden() } else { ProgressBar::new(0) };
        // A template that cannot be read leaves the library's own look.
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}") {
            bar.set_style(style);
        }
        bar.set_message(format!("workflow {id}"));
        Self(bar)
    }

    fn show(&self, view: &View) {
        let (all, done) = view.counts.iter().fold((0, 0), |(all, done), (state, n)| {
            (all + n.unsigned_abs(), done + if state.is_final() { n.unsigned_abs() } else { 0 })
        });
        self.0.set_length(all);
        self.0.set_position(done);
        self.0.set_message(text::line(&view.counts()));
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
