//! A snapshot of a media library: what there is in it, and how far reading it has come.

use std::fmt;

use super::{Json, Timestamp};

/// What there is in a library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LibraryKind {
    /// Labels.
    Tag,
    /// Who made it.
    Studio,
    /// Who is in it.
    Performer,
    /// The videos.
    Scene,
}

impl LibraryKind {
    /// All of them, in the order in which they are read.
    pub const ALL: [Self; 4] = [Self::Tag, Self::Studio, Self::Performer, Self::Scene];

    /// The word for one of them.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tag => "tag",
            Self::Studio => "studio",
            Self::Performer => "performer",
            Self::Scene => "scene",
        }
    }
}

impl fmt::Display for LibraryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing in a library, as its server describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct LibraryItem {
    /// Its id there.
    pub id: i64,
    /// When it was last changed, as its server writes that.
    pub updated_at: String,
    /// All that is known of it.
    pub data: Json,
}

/// One reading of all things of a kind, or of those that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct LibraryPass {
    /// What is read.
    pub kind: LibraryKind,
    /// The library that it is read from.
    pub source: String,
    /// Its number; later ones have higher numbers.
    pub number: i64,
    /// Whether everything is read.
    pub full: bool,
    /// Whether it is still under way.
    pub running: bool,
    /// Only what changed after this is read.
    pub since: Option<Timestamp>,
    /// Where to go on: the last id, or how many pieces were read.
    pub position: i64,
    /// How many things were read.
    pub seen: i64,
    /// The latest change that was seen.
    pub newest: Option<Timestamp>,
    /// The latest change that the last finished pass saw.
    pub finished_newest: Option<Timestamp>,
    /// When everything was last read to the end.
    pub full_at: Option<Timestamp>,
}

/// A page of a pass on its way to the store.
#[derive(Clone, Debug, PartialEq)]
pub struct LibraryPage {
    /// What was read.
    pub items: Vec<LibraryItem>,
    /// The pass after this page.
    pub pass: LibraryPass,
}
