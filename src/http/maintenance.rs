//! What an administrator may start by hand.

use std::time::Duration;

use actix_web::web::ServiceConfig;
use serde::Serialize;

use super::board::Board;
use super::body::{Body, NoBody};
use super::fields::Fields;
use super::given::Given;
use super::openapi::bodies;
use super::query::{self, NoQuery};
use super::reply::{self, Reply};
use super::resource;

const SECS_PER_DAY: f64 = 86_400.0;

/// The longest age, in days: all that there can be is younger.
const MAX_DAYS: f64 = 1_000_000.0;

/// Jobs that were taken back.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Recovered {
    /// So many.
    recovered: u64,
}

/// Jobs that were deleted.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Deleted {
    /// So many.
    deleted: u64,
}

/// Mounts the calls.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/api/maintenance/recover-stale").post(recover_stale).mount(config);
    resource::at("/api/maintenance/cleanup").post(cleanup).mount(config);
}

/// Take back jobs of nodes that are gone
///
/// The server does this by itself every few seconds.
#[utoipa::path(
    post, path = "/api/maintenance/recover-stale", tag = "maintenance", operation_id = "recoverStale",
    responses(
        (status = 200, description = "How many", body = Recovered),
    ),
)]
pub(super) async fn recover_stale(callboard: Board, _: NoQuery, _: NoBody) -> Reply {
    reply::ok(&Recovered { recovered: callboard.recover_stale().await? })
}

/// Delete old jobs
///
/// Completed and cancelled ones with their logs; failed ones only if that is said.
#[utoipa::path(
    post, path = "/api/maintenance/cleanup", tag = "maintenance", operation_id = "cleanUp",
    request_body = bodies::CleanupBody,
    responses(
        (status = 200, description = "How many", body = Deleted),
    ),
)]
pub(super) async fn cleanup(callboard: Board, _: NoQuery, body: Body) -> Reply {
    let mut fields = body.fields()?;
    let (older_than, include_failed) = read(&mut fields);
    query::finish(fields)?;
    reply::ok(&Deleted { deleted: callboard.cleanup(older_than, include_failed).await? })
}

/// What to delete. The age must be said: what is deleted is gone.
fn read(fields: &mut Fields<'_>) -> (Duration, bool) {
    let older_than = fields.needed("older_than_days", days).unwrap_or(Duration::MAX);
    (older_than, fields.read("include_failed", Given::flag).unwrap_or(false))
}

fn days(given: &Given<'_>) -> Result<Duration, String> {
    match given.number()? {
        days if (0.0..=MAX_DAYS).contains(&days) => Ok(Duration::from_secs_f64(days * SECS_PER_DAY)),
        _ => Err(format!("must be a number of days from 0 to {MAX_DAYS}, got {}", given.shown())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<(Duration, bool), Vec<String>> {
        let mut fields = Fields::of_object(text).unwrap();
        let wanted = read(&mut fields);
        fields.finish().map(|()| wanted).map_err(|faults| faults.into_iter().map(|f| f.field).collect())
    }

    #[test]
    fn days_are_from_nought_and_may_be_parts() {
        assert_eq!(parse(r#"{"older_than_days":0}"#), Ok((Duration::ZERO, false)));
        let half_a_day = Duration::from_secs(43_200);
        assert_eq!(parse(r#"{"older_than_days":0.5,"include_failed":true}"#), Ok((half_a_day, true)));
        for bad in
            ["{}", r#"{"older_than_days":-1}"#, r#"{"older_than_days":1e300}"#, r#"{"older_than_days":"7"}"#]
        {
            assert_eq!(parse(bad), Err(vec!["older_than_days".into()]), "{bad}");
        }
        assert_eq!(parse(r#"{"older_than_days":1,"include_failed":1}"#), Err(vec!["include_failed".into()]));
    }
}
