//! `callboard serve`

mod doors;
mod signals;

use tokio::sync::watch;

use self::doors::Doors;
use self::signals::Signals;
use super::configured::{self, ConfigArgs};
use super::failure::Failure;
use super::server_log;
use crate::config::{self, Config};
use crate::runtime::Callboard;
use crate::workers::subprocess;

/// Run the server: jobs, HTTP and WebSocket
#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    #[command(flatten)]
    config: ConfigArgs,
}

impl Serve {
    pub(super) fn run(self, json: bool) -> Result<(), Failure> {
        let (config, _) = self.config.load()?;
        server_log::start(&config);
        config::ask_for_open_files();
        subprocess::adopt_orphans().map_err(|source| Failure::Local { what: "adopt orphans", source })?;
        actix_rt::System::new().block_on(serve(config, json))
    }
}

async fn serve(config: Config, json: bool) -> Result<(), Failure> {
    let tls = configured::tls(&config)?;
    // Before all else, so that a signal during the start is not lost.
    let mut signals = Signals::listen(tls.clone())
        .map_err(|source| Failure::Local { what: "listen for signals", source })?;
    let doors =
        Doors::listen(&config, tls.as_ref()).map_err(|source| Failure::Local { what: "start", source })?;
    let data_dir = config.data_dir.display().to_string();
    let starting = Callboard::builder(config).start();
    let callboard = tokio::select! {
        started = starting => started.map_err(Failure::Start)?,
        name = signals.next() => {
            log::info!("{name}: going down before the start was over");
            return Ok(());
        }
    };
    let places = doors.places();
    let open = doors.serve(&callboard).map_err(|source| Failure::Local { what: "serve HTTP", source })?;
    if let Some(warning) = tls.and_then(|tls| tls.warning()) {
        log::warn!("{warning}");
    }
    log::info!("callboard {} is up, data in {data_dir}", env!("CARGO_PKG_VERSION"));
    announce(&places, json);

    let name = signals.next().await;
    log::info!("{name}: going down; running jobs may finish, a second signal stops them now");
    let (faster, hurry) = watch::channel(false);
    let down = callboard.shutdown_with(hurry);
    tokio::pin!(down);
    let mut heard = 1;
    loop {
        tokio::select! {
            () = &mut down => break,
            name = signals.next() => {
                heard += 1;
                log::warn!("{name} again: {}", if heard == 2 { "running jobs are told to stop" } else { "leaving at once" });
                if heard > 2 {
                    // Everything that was acknowledged is on disk; what runs is taken back at the
                    // next start.
                    std::process::exit(1);
                }
                let _ = faster.send(true);
            }
        }
    }
    drop(open.remote);
    open.http.stop().await;
    log::info!("callboard is down");
    Ok(())
}

/// Says where the server is to be found: in the log, and on standard output, so that whoever started it
/// with port 0 can know.
fn announce(places: &[String], json: bool) {
    use std::io::Write;
    for place in places {
        log::info!("listening on {place}");
    }
    let mut out = std::io::stdout();
    let _ = match json {
        true => writeln!(out, "{}", serde_json::json!({ "listening": places })),
        false => writeln!(out, "{}", places.join("\n")),
    };
    let _ = out.flush();
}
