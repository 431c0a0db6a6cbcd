//! The signals that a server heeds.

use std::io::IsTerminal;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::tls::Tls;

/// Those that end it, and the one upon which it reads its certificate again.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Option<Signal>,
    tls: Option<Tls>,
}

impl Signals {
    /// Listens for those that end the server and for the one upon which it reads again what it can.
    pub(super) fn listen(tls: Option<Tls>) -> std::io::Result<Self> {
        // A file that may grow no more (`ulimit -f`) is a full disk like any other; by default the
        // system ends who writes to it. Heard and not ignored: programs of jobs would inherit that.
        let _heard = signal(SignalKind::from_raw(libc::SIGXFSZ))?;
        // With nothing to read again it ends the server when its terminal is closed. A service has no
        // terminal, and goes on when it is reloaded.
        let ends = tls.is_none() && std::io::stdin().is_terminal();
        let hangup = (!ends).then(|| signal(SignalKind::hangup())).transpose()?;
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt, hangup, tls })
    }

    /// The next one to go down.
    pub(super) async fn next(&mut self) -> &'static str {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return "SIGTERM",
                _ = self.interrupt.recv() => return "SIGINT",
                () = hung_up(&mut self.hangup) => reload(self.tls.as_ref()),
            }
        }
    }
}

async fn hung_up(hangup: &mut Option<Signal>) {
    match hangup {
        Some(hangup) => {
            hangup.recv().await;
        }
        None => std::future::pending().await,
    }
}

fn reload(tls: Option<&Tls>) {
    let Some(tls) = tls else {
        log::info!("SIGHUP: there is no certificate to read again; a changed configuration takes a restart");
        return;
    };
    match tls.reload() {
        Ok(()) => {
            if let Some(warning) = tls.warning() {
                log::warn!("SIGHUP: {warning}");
            }
            log::info!("SIGHUP: from now on connections are shown {}", tls.files().certificate.display());
        }
        Err(faults) => {
            for fault in faults {
                log::error!("SIGHUP: {fault}; the certificate stays what it was");
            }
        }
    }
}
