//! Names that many jobs have in common, each in memory once.

use std::collections::HashMap;
use std::sync::Arc;

/// Texts that come again and again, shared.
#[derive(Default)]
pub struct Names(HashMap<Box<str>, Arc<str>>);

impl Names {
    /// The shared form of a text.
    pub fn get(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        // Names come from callers, so there is no end to them.
        if self.0.len() >= 10_000 {
            self.0.clear();
        }
        let shared: Arc<str> = Arc::from(text);
        self.0.insert(text.into(), shared.clone());
        shared
    }
}
