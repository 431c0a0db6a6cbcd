//! `callboard serve`

use std::net::SocketAddr;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::configured::ConfigArgs;
use super::failure::Failure;
use crate::config::{Config, LogFormat};
use crate::faktory;
use crate::http::Access;
use crate::http::server::{self, Setup};
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
        start_logging(&config);
        subprocess::adopt_orphans().map_err(|source| Failure::Local { what: "adopt orphans", source })?;
        actix_rt::System::new().block_on(serve(config, json))
    }
}

async fn serve(config: Config, json: bool) -> Result<(), Failure> {
    // First of all, so that a signal during the start is not lost.
    let mut signals =
        Signals::listen().map_err(|source| Failure::Local { what: "listen for signals", source })?;
    let listening =
        server::listen(&config.bind).map_err(|source| Failure::Local { what: "start", source })?;
    let remote = config.faktory_bind.as_deref().map(faktory::listen).transpose();
    let remote = remote.map_err(|source| Failure::Local { what: "start", source })?;
    let password = config.faktory_password.clone();
    let mut setup =
        Setup { access: Access::of(&config), base_path: config.base_path.clone(), ..Setup::default() };
    let data_dir = config.data_dir.display().to_string();
    let starting = Callboard::builder(config).start();
    let callboard = tokio::select! {
        started = starting => started.map_err(Failure::Start)?,
        name = signals.next() => {
            log::info!("{name}: going down before the start was over");
            return Ok(());
        }
    };
    let (remote, remote_address) = remote.unzip();
    let remote = remote.map(|listener| faktory::Serving::start(listener, &callboard, password));
    setup.faktory = remote.as_ref().map(|serving| serving.server().clone());
    let base_path = setup.base_path.clone();
    let http = server::serve(listening.0, &callboard, setup)
        .map_err(|source| Failure::Local { what: "serve HTTP", source })?;
    log::info!("callboard {} is up, data in {data_dir}", env!("CARGO_PKG_VERSION"));
    for address in &listening.1 {
        log::info!("listening on http://{address}{base_path}");
    }
    if let Some(address) = remote_address {
        log::info!("listening for the Faktory Work Protocol on tcp://{address}");
    }
    announce(&listening.1, &base_path, remote_address, json);

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
    drop(remote);
    http.stop().await;
    log::info!("callboard is down");
    Ok(())
}

/// Says where the server is to be found, on standard output, so that whoever started it with port 0
/// can know.
fn announce(addresses: &[SocketAddr], base_path: &str, remote: Option<SocketAddr>, json: bool) {
    use std::io::Write;
    let http = addresses.iter().map(|address| format!("http://{address}{base_path}"));
    let tcp = remote.iter().map(|address| format!("tcp://{address}"));
    let all: Vec<String> = http.chain(tcp).collect();
    let mut out = std::io::stdout();
    let _ = match json {
        true => writeln!(out, "{}", serde_json::json!({ "listening": all })),
        false => writeln!(out, "{}", all.join("\n")),
    };
    let _ = out.flush();
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        // A file that may grow no more (`ulimit -f`) is a full disk like any other; by default the
        // system ends who writes to it. Heard and not ignored: programs of jobs would inherit that.
        let _heard = signal(SignalKind::from_raw(libc::SIGXFSZ))?;
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

fn start_logging(config: &Config) {
    use std::io::Write;
    let mut builder = env_logger::Builder::new();
    builder.parse_filters(&config.log);
    if config.log_format == LogFormat::Json {
        builder.format(|out, record| {
            let line = serde_json::json!({
                "at": crate::Timestamp::system_now(),
                "level": record.level().as_str(),
                "target": record.target(),
                "message": record.args().to_string(),
            });
            writeln!(out, "{line}")
        });
    }
    builder.init();
}
