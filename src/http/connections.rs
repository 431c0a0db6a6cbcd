//! The connections that are open, so that it shows when the last one is gone.

use tokio::sync::watch;

/// See the module. Cloning gives another handle to the same ones.
#[derive(Clone, Default)]
pub(super) struct Connections(watch::Sender<usize>);

/// A connection, for as long as it is kept.
pub(super) struct Open(watch::Sender<usize>);

impl Connections {
    /// There is one more.
    pub(super) fn open(&self) -> Open {
        self.0.send_modify(|n| *n += 1);
        Open(self.0.clone())
    }

    /// Waits until there is none.
    pub(super) async fn all_closed(&self) {
        // The sender lives as long as this does, so the wait does not end without it.
        let _ = self.0.subscribe().wait_for(|n| *n == 0).await;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.send_modify(|n| *n -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn the_last_one_is_waited_for() {
        let connections = Connections::default();
        assert!(connections.all_closed().now_or_never().is_some());
        let (a, b) = (connections.open(), connections.open());
        drop(a);
        assert!(connections.all_closed().now_or_never().is_none());
        drop(b);
        assert!(connections.all_closed().now_or_never().is_some());
    }
}
