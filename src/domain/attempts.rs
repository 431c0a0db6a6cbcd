//! Tokens and passwords that are tried out: wrong ones are counted by where they come from, and all
//! together.

use std::net::IpAddr;
use std::num::NonZero;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;

use super::Timestamp;
use super::throttle::{Rate, Used};

/// Wrong tokens from one place.
const FROM_ONE: Rate = Rate { limit: 10, per: Duration::from_secs(60) };
/// Wrong tokens from everywhere.
const FROM_ALL: Rate = Rate { limit: 200, per: Duration::from_secs(60) };
/// Places that are remembered; beyond that those that were heard of longest ago are forgotten.
const PLACES: NonZero<usize> = NonZero::new(10_000).unwrap();

/// See the module. Cloning gives another handle to the same one.
#[derive(Clone, Debug)]
pub struct Attempts(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    wrong: LruCache<Place, Used>,
    all: Used,
    /// Tokens that came from a place before: who has one of them does not guess.
    familiar: LruCache<(Place, usize), ()>,
}

/// Where somebody is. Whoever has one address of IPv6 has a whole net of them.
type Place = Option<IpAddr>;

impl Default for Attempts {
    fn default() -> Self {
        let state =
            State { wrong: LruCache::new(PLACES), all: Used::default(), familiar: LruCache::new(PLACES) };
        Self(Arc::new(Mutex::new(state)))
    }
}

impl Attempts {
    /// Takes a token that came from an address: `which` it is of those that are known, `None` for none
    /// of them. Where too many wrong ones came from, even a right one is not looked at, or guessing
    /// could go on; but for one that came from there before.
    ///
    /// # Errors
    /// How long to wait.
    pub fn take(
        &self,
        from: Option<IpAddr>,
        which: Option<usize>,
        now: Timestamp,
    ) -> Result<Option<usize>, Duration> {
        let place = from.map(net);
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if which.is_some_and(|which| state.familiar.get(&(place, which)).is_some()) {
            return Ok(which);
        }
        let wrong = state.wrong.peek(&place).copied().unwrap_or_default();
        let waits = [wrong.wait(FROM_ONE, now), state.all.wait(FROM_ALL, now)];
        if let Some(wait) = waits.into_iter().flatten().max() {
            return Err(wait);
        }
        match which {
            Some(which) => {
                state.familiar.put((place, which), ());
            }
            None => {
                state.wrong.get_or_insert_mut(place, Used::default).take(FROM_ONE, now);
                state.all.take(FROM_ALL, now);
            }
        }
        Ok(which)
    }
}

fn net(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> IpAddr {
        address.parse().unwrap()
    }

    fn now() -> Timestamp {
        Timestamp::from_millis(1_900_000_000_000)
    }

    fn guess(attempts: &Attempts, from: &str) -> bool {
        attempts.take(Some(at(from)), None, now()).is_ok()
    }

    #[test]
    fn guessing_ends_after_ten_and_who_was_known_is_not_kept_out() {
        let attempts = Attempts::default();
        assert_eq!(attempts.take(Some(at("10.0.0.1")), Some(0), now()), Ok(Some(0)));
        assert_eq!((0..20).filter(|_| guess(&attempts, "10.0.0.1")).count(), 10);
        let right = attempts.take(Some(at("10.0.0.1")), Some(1), now());
        assert!(right.is_err_and(|wait| wait == Duration::from_secs(6)), "it could be a guess");
        assert_eq!(attempts.take(Some(at("10.0.0.1")), Some(0), now()), Ok(Some(0)));
        assert_eq!(attempts.take(Some(at("10.0.0.2")), Some(1), now()), Ok(Some(1)));
        let later = now().plus(Duration::from_secs(6));
        assert_eq!(attempts.take(Some(at("10.0.0.1")), Some(1), later), Ok(Some(1)));
    }

    #[test]
    fn a_net_of_ipv6_is_one_place() {
        let attempts = Attempts::default();
        assert_eq!((0..20).filter(|n| guess(&attempts, &format!("2001:db8::{n}"))).count(), 10);
        assert!(guess(&attempts, "2001:db8:0:1::1"));
        assert_eq!(net("::ffff:10.0.0.1".parse().unwrap()), at("10.0.0.1"));
    }

    #[test]
    fn all_places_together_have_an_end_and_so_has_the_memory() {
        let attempts = Attempts::default();
        let guesses = (0..400u32).filter(|n| guess(&attempts, &format!("10.1.{}.{}", n / 200, n % 200)));
        assert_eq!(guesses.count(), 200);
        for n in 1..=30_000u32 {
            let later = now().plus(Duration::from_secs(u64::from(n) * 60));
            let from = IpAddr::from((0x0a00_0000 + n).to_be_bytes());
            assert!(attempts.take(Some(from), None, later).is_ok());
        }
        assert_eq!(attempts.0.lock().unwrap().wrong.len(), PLACES.get());
    }
}
