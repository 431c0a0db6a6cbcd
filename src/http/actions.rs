//! One action on many jobs.

use actix_web::web::ServiceConfig;

use super::board::Board;
use super::body::Body;
use super::fields::Fields;
use super::given::Given;
use super::openapi::bodies;
use super::query::{self, NoQuery};
use super::reply::{self, Reply};
use super::{filter, resource};
use crate::domain::JobFilter;
use crate::runtime::callboard::{Acted, Action};

/// Mounts the call.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/api/jobs/actions").post(act).mount(config);
}

/// One action on many jobs
///
/// On jobs named by id, or on all that a filter finds. `delete` takes jobs that are over, `retry` and
/// `cancel` those that allow it; the others are matched and not changed.
#[utoipa::path(
    post, path = "/api/jobs/actions", tag = "jobs", operation_id = "actOnJobs",
    request_body = bodies::ActionBody,
    responses(
        (status = 200, description = "How many", body = Acted),
    ),
)]
pub(super) async fn act(callboard: Board, _: NoQuery, body: Body) -> Reply {
    let mut fields = body.fields()?;
    let wanted = read(&mut fields);
    query::finish(fields)?;
    let Some((action, filter)) = wanted else {
        return Err(crate::Error::invalid("body", "must name an action and the jobs").into());
    };
    reply::ok(&callboard.act(action, filter).await?)
}

/// The action and whom it is for; `None` only with a fault in `fields`.
fn read(fields: &mut Fields<'_>) -> Option<(Action, JobFilter)> {
    let action = fields.needed("action", Given::word);
    let (by_ids, by_filter) = (fields.has("ids"), fields.has("filter"));
    let filter = fields.table("filter", filter::read_deliberate).flatten();
    if by_filter && filter.is_none() {
        fields.fault("filter", "must be an object");
    }
    if by_filter && by_ids {
        fields.fault("filter", "cannot be given together with ids");
    }
    let filter = if by_ids || !by_filter { Some(filter::read_ids(fields)) } else { filter };
    action.zip(filter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::State;

    fn parse(text: &str) -> Result<Option<(Action, JobFilter)>, Vec<String>> {
        let mut fields = Fields::of_object(text).unwrap();
        let wanted = read(&mut fields);
        fields.finish().map(|()| wanted).map_err(|faults| faults.into_iter().map(|f| f.field).collect())
    }

    #[test]
    fn ids_or_a_filter() {
        let ids = JobFilter { id: vec![1, 2], ..JobFilter::default() };
        assert_eq!(parse(r#"{"action":"retry","ids":[1,2]}"#), Ok(Some((Action::Retry, ids))));
        let failed = JobFilter { state: vec![State::Failed], ..JobFilter::default() };
        let body = r#"{"action":"delete","filter":{"state":"failed"}}"#;
        assert_eq!(parse(body), Ok(Some((Action::Delete, failed))));
        let body = r#"{"action":"cancel","filter":{"all":true}}"#;
        assert_eq!(parse(body), Ok(Some((Action::Cancel, JobFilter::default()))));
    }

    #[test]
    fn names_what_is_wrong() {
        for (body, field) in [
            (r#"{"ids":[1]}"#, "action"),
            (r#"{"action":"explode","ids":[1]}"#, "action"),
            (r#"{"action":null,"ids":[1]}"#, "action"),
            (r#"{"action":"retry"}"#, "ids"),
            (r#"{"action":"retry","ids":[]}"#, "ids"),
            (r#"{"action":"retry","ids":[1.5]}"#, "ids[0]"),
            (r#"{"action":"retry","filter":{}}"#, "filter.all"),
            (r#"{"action":"retry","filter":null}"#, "filter"),
            (r#"{"action":"retry","filter":{"all":true},"ids":[1]}"#, "filter"),
            (r#"{"action":"retry","filter":[]}"#, "filter"),
            (r#"{"action":"retry","filter":{"stat":"failed"}}"#, "filter.stat"),
            (r#"{"action":"retry","filter":{"state":"failed","limit":5}}"#, "filter.limit"),
        ] {
            assert_eq!(parse(body), Err(vec![field.to_owned()]), "{body}");
        }
    }
}
