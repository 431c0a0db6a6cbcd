//! What the next page tells of the action that led to it, kept in a cookie for that long.

use actix_web::HttpRequest;

/// The cookie.
pub(super) const NAME: &str = "callboard_notice";

/// The messages there are; the cookie holds a place in this list, so that nobody can make a page
/// say something else.
const MESSAGES: [&str; 21] = [
    "notice-enqueued",
    "notice-duplicate",
    "notice-retried",
    "notice-cancelled",
    "notice-cancel-asked",
    "notice-deleted",
    "notice-changed",
    "notice-retried-many",
    "notice-cancelled-many",
    "notice-deleted-many",
    "notice-paused",
    "notice-resumed",
    "notice-settings",
    "notice-type-changed",
    "notice-schedule-created",
    "notice-schedule-changed",
    "notice-schedule-deleted",
    "notice-workflow-retried",
    "notice-workflow-cancelled",
    "notice-workflow-cancel-asked",
    "notice-signalled",
];

/// A message, and the number in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    /// The message.
    pub id: &'static str,
    /// The number.
    pub n: i64,
}

impl Notice {
    pub(super) const fn new(id: &'static str, n: i64) -> Self {
        Self { id, n }
    }

    /// What a request brings.
    pub(super) fn of(request: &HttpRequest) -> Option<Self> {
        let cookie = request.cookie(NAME)?;
        let (place, n) = cookie.value().split_once('.')?;
        let id = MESSAGES.get(place.parse::<usize>().ok()?)?;
        Some(Self { id, n: n.parse().ok()? })
    }

    /// What the cookie holds.
    pub(super) fn value(self) -> String {
        let place = MESSAGES.iter().position(|id| *id == self.id).unwrap_or(MESSAGES.len());
        format!("{place}.{}", self.n)
    }
}
