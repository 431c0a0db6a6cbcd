//! Producers that each wait for the acknowledgement of one job before they hand in the next.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

use super::payload;
use super::report::Latencies;
use crate::cli::failure::Failure;
use crate::runtime::Callboard;

/// What they did.
pub(super) struct Produced {
    /// Acknowledged jobs a second.
    pub rate: f64,
    /// How long each waited for its acknowledgement.
    pub acks: Latencies,
}

/// Lets `n` producers work until `jobs` are stored or `span` is over.
pub(super) async fn produce(
    callboard: &Callboard,
    n: usize,
    jobs: u64,
    span: Duration,
) -> Result<Produced, Failure> {
    let (begin, next) = (Instant::now(), Rc::new(Cell::new(0)));
    let line = (0..n).map(|_| {
        let (callboard, next) = (callboard.clone(), next.clone());
        async move {
            let mut acks = Latencies::default();
            while next.get() < jobs && begin.elapsed() < span {
                let i = next.replace(next.get() + 1);
                let one = Instant::now();
                callboard.enqueue(payload::job(i)?).await?;
                acks.add(one.elapsed());
            }
            Ok::<_, Failure>(acks)
        }
    });
    let mut acks = Latencies::default();
    try_join_all(line).await?.into_iter().for_each(|some| acks.merge(some));
    #[allow(clippy::cast_precision_loss)]
    let rate = acks.count() as f64 / begin.elapsed().as_secs_f64();
    Ok(Produced { rate, acks })
}
