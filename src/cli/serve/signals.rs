//! The signals that a server heeds.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::tls::Tls;

/// Those that end it, and the one upon which its certificate is read again.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Option<(Signal, Tls)>,
}

impl Signals {
    /// Listens for those that end the server and, where there is a certificate, for the one upon which it
    /// is read again.
    pub(super) fn listen(tls: Option<Tls>) -> std::io::Result<Self> {
        // A file that may grow no more (`ulimit -f`) is a full disk like any other; by default the
        // system ends who writes to it. Heard and not ignored: programs of jobs would inherit that.
        let _heard = signal(SignalKind::from_raw(libc::SIGXFSZ))?;
        // Without a certificate it ends the server, as it does when a terminal is closed.
        let hangup = tls.map(|tls| signal(SignalKind::hangup()).map(|hangup| (hangup, tls))).transpose()?;
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt, hangup })
    }

    /// The next one to go down.
    pub(super) async fn next(&mut self) -> &'static str {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return "SIGTERM",
                _ = self.interrupt.recv() => return "SIGINT",
                tls = hung_up(&mut self.hangup) => reload(tls),
            }
        }
    }
}

async fn hung_up(hangup: &mut Option<(Signal, Tls)>) -> &Tls {
    match hangup {
        Some((hangup, tls)) => {
            hangup.recv().await;
            tls
        }
        None => std::future::pending().await,
    }
}

fn reload(tls: &Tls) {
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
