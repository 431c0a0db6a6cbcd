//! Going down in order.

use std::time::Duration;

use tokio::sync::watch;

use super::Callboard;
use crate::domain::Clock;
use crate::runtime::attempt::StopCause;
use crate::runtime::supervisor::DrainAll;
use crate::store::verbs;

/// How long ends of attempts have to reach the disk once all code has ended.
const FLUSH: Duration = Duration::from_secs(10);

impl Callboard {
    /// Goes down in order: starts nothing more, lets running attempts finish within the grace time,
    /// then tells them to stop, then gives their jobs back. Returns once everything is on disk.
    pub async fn shutdown(&self) {
        let (_patient, hurry) = watch::channel(false);
        self.shutdown_with(hurry).await;
    }

    /// As [`Self::shutdown`]; once `hurry` becomes true running attempts are told to stop at once.
    pub async fn shutdown_with(&self, mut hurry: watch::Receiver<bool>) {
        // Before the actors hear of it, so that nobody is told anything else from now on.
        self.shared.drain();
        if let Some(supervisor) = self.supervisor() {
            let _ = supervisor.address().send(DrainAll).await;
        }
        let options = &self.shared.options;
        let hurried = async {
            if hurry.wait_for(|now| *now).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let patient = self.idle_within(&self.shared.clock, options.shutdown_grace);
        let done = tokio::select! { done = patient => done, () = hurried => false };
        if !done {
            for slots in self.shared.slots.values() {
                slots.stop_all(StopCause::Shutdown);
            }
            // An attempt that does not heed is dropped after `stop_grace`; its end then has to be
            // written.
            self.idle_within(&Clock::system(), options.stop_grace + FLUSH).await;
        }
        let (node, now) = (self.shared.node(), self.shared.clock.now());
        if let Err(e) = self.shared.store.write(move |tx| verbs::nodes::leave(tx, node, now)).await {
            log::warn!("cannot note that this node went down in order: {e}");
        }
        // Behind the last commit in its mailbox, so that those who watch hear of it first.
        if let Some(supervisor) = self.supervisor() {
            let _ = supervisor.address().send(DrainAll).await;
        }
        self.shared.end_exchange();
        self.shared.hub.close();
        self.threads.end();
        self.shared.store.close().await;
        self.shared.telemetry.end().await;
    }

    /// Waits until nothing runs and everything is on disk; false when that took too long.
    async fn idle_within(&self, clock: &Clock, limit: Duration) -> bool {
        let idle = async {
            loop {
                let changed = self.shared.idle.notified();
                if self.shared.is_idle() {
                    return;
                }
                changed.await;
            }
        };
        tokio::select! {
            () = idle => true,
            () = clock.sleep(limit) => false,
        }
    }
}
