//! What was changed of job types at run time.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::store::schema::job_type_settings;
use crate::store::sql::Conn;
use crate::store::verbs::settings::JobTypeSettings;

/// All that was changed, by job type.
pub fn job_type_settings(conn: &mut Conn) -> QueryResult<HashMap<String, JobTypeSettings>> {
    type Row = (String, Option<i32>, Option<String>, Option<f64>, Option<i32>);
    let rows: Vec<Row> = job_type_settings::table.load(conn)?;
    let settings = |(job_type, concurrency, rate_limit, timeout, global): Row| {
        let settings = JobTypeSettings {
            concurrency: concurrency.and_then(|n| u32::try_from(n).ok()),
            rate_limit,
            timeout_secs: timeout.map(|secs| (secs > 0.0).then_some(secs)),
            global_concurrency: global.map(|n| u32::try_from(n).ok().filter(|n| *n > 0)),
        };
        (job_type, settings)
    };
    Ok(rows.into_iter().map(settings).collect())
}
