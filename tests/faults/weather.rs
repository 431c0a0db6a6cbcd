//! Fault layers: one that does what a test says, and one that goes by a seed.

use std::sync::{Arc, Mutex};

use callboard::store::faults::{Faults, Point};
use callboard::store::sql::Conn;

type Rule = Box<dyn FnMut(Point) -> Result<(), String> + Send>;

/// Fails where the test says. It begins fair.
pub struct Weather(Mutex<Rule>);

/// What a disk says that is broken.
pub const BROKEN: &str = "disk I/O error";

impl Weather {
    pub fn fair() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Box::new(|_| Ok(())))))
    }

    /// From now on this rule holds.
    pub fn set(&self, rule: impl FnMut(Point) -> Result<(), String> + Send + 'static) {
        *self.0.lock().unwrap() = Box::new(rule);
    }

    /// Nothing fails any more.
    pub fn clear(&self) {
        self.set(|_| Ok(()));
    }

    /// Everything fails at these points.
    pub fn fail_at(&self, points: &'static [Point]) {
        self.set(move |point| if points.contains(&point) { Err(BROKEN.into()) } else { Ok(()) });
    }

    /// The n-th statement fails, counted from 0, and no other. Returns what tells whether it came
    /// to that.
    pub fn fail_statement(&self, n: usize) -> Arc<Mutex<bool>> {
        let (mut seen, happened) = (0, Arc::new(Mutex::new(false)));
        let told = happened.clone();
        self.set(move |point| {
            seen += usize::from(point == Point::Statement);
            if point == Point::Statement && seen == n + 1 {
                *told.lock().unwrap() = true;
                return Err(BROKEN.into());
            }
            Ok(())
        });
        happened
    }

    /// Fails by chance, here and there. The same seed fails at the same places.
    pub fn storm(&self, seed: u64, share: f64) {
        let mut dice = fastrand::Rng::with_seed(seed);
        self.set(move |point| {
            // A commit whose answer is lost is looked for; that look fails as often as not.
            let share = if point == Point::Look { 0.5 } else { share };
            if dice.f64() < share { Err(format!("{BROKEN} at {point:?}")) } else { Ok(()) }
        });
    }
}

impl Faults for Weather {
    fn at(&self, point: Point, _: &mut Conn) -> Result<(), String> {
        (self.0.lock().unwrap())(point)
    }
}

/// The seed of a test: from `CALLBOARD_SEED`, or a new one. It is printed, so that a failure can be
/// replayed.
pub fn seed(test: &str) -> u64 {
    let seed = match std::env::var("CALLBOARD_SEED") {
        Ok(given) => given.parse().expect("CALLBOARD_SEED is a number"),
        Err(_) => fastrand::u64(..),
    };
    println!("{test}: CALLBOARD_SEED={seed}");
    seed
}
