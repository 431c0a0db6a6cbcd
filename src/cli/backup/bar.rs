//! How far a copy is, for people.

use indicatif::{ProgressBar, ProgressStyle};

use crate::store::backup::Step;

/// A bar on standard error, if a person looks at it.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// None is drawn for programs.
    pub fn new(json: bool) -> Self {
        let bar = if json { ProgressBar::hidden() } else { ProgressBar::no_length() };
        // A template that cannot be read leaves the library's own look.
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent}% {wide_msg}") {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// The next step.
    pub fn show(&self, step: Step) {
        match step {
            Step::Copied(pages, of) => {
                self.0.set_length(of);
                self.0.set_position(pages);
                self.0.set_message("copying the database");
            }
            Step::Checking => self.say("checking the copy"),
        }
    }

    /// What is being done, where nobody counts.
    pub fn say(&self, what: &'static str) {
        self.0.set_message(what);
        self.0.tick();
    }

    /// It is over.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}
