//! The web pages. Each is read whole without scripts, and each action is a form that leads back to
//! a page; scripts keep what is shown fresh.

mod assets;
mod audit;
mod chart;
mod confirm;
mod csrf;
mod dead_letters;
mod docs;
mod dress;
mod filters;
mod form;
mod graph;
mod job;
mod job_actions;
mod jobs;
mod json_view;
mod log_panel;
mod login;
mod new_job;
mod nodes;
mod notice;
mod overview;
mod phases;
mod runs_spark;
mod schedule_form;
mod schedules;
mod schema_form;
mod sentences;
mod settings;
mod timeline;
mod types;
mod ui;
mod visit;
mod waiting;
mod words;
mod workflows;
mod zone;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, FormConfig, ServiceConfig};
use askama::Template;

pub(super) use self::dress::{refusal, session_cookie};
use self::notice::Notice;
use super::body;
use super::problem::Problem;
use super::reply::Reply;

/// Mounts the pages. They take whatever path is left, so this comes last.
pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(
        web::scope("")
            .app_data(FormConfig::default().limit(body::ONE))
            .wrap(from_fn(dress::dress))
            .wrap(Compress::default())
            .configure(assets::routes)
            .configure(overview::routes)
            .configure(confirm::routes)
            .configure(jobs::routes)
            .configure(job_actions::routes)
            .configure(log_panel::routes)
            .configure(job::routes)
            .configure(workflows::routes)
            .configure(dead_letters::routes)
            .configure(types::routes)
            .configure(schedule_form::routes)
            .configure(schedules::routes)
            .configure(new_job::routes)
            .configure(nodes::routes)
            .configure(audit::routes)
            .configure(login::routes)
            .configure(settings::routes)
            .configure(docs::routes)
            .default_service(web::to(super::mount::nothing_here)),
    );
}

/// 200 with a page.
fn page<T: Template>(page: &T) -> Reply {
    page_with(StatusCode::OK, page)
}

/// A page with another status.
fn page_with<T: Template>(status: StatusCode, page: &T) -> Reply {
    let html = page.render().map_err(|e| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the page cannot be written: {e}"))
    })?;
    Ok(HttpResponse::build(status).content_type(ContentType::html()).body(html))
}

/// Leads on to another page, which tells what was done.
#[expect(clippy::unnecessary_wraps, reason = "it is what a handler gives back")]
fn go(to: &str, notice: Notice) -> Reply {
    let mut answer = HttpResponse::SeeOther();
    answer.insert_header((header::LOCATION, to));
    answer.cookie(dress::session_cookie(notice::NAME, notice.value()));
    Ok(answer.finish())
}

/// A path of ours, as it is called within, that a form names to come back to; anything else is the given one.
fn own_path<'a>(named: Option<&'a str>, otherwise: &'a str) -> &'a str {
    let own = |path: &&str| {
        path.starts_with('/')
            && !path.starts_with("//")
            && path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
    };
    named.filter(own).unwrap_or(otherwise)
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn only_own_paths_are_led_back_to() {
        assert_eq!(own_path(Some("/jobs?state=failed"), "/"), "/jobs?state=failed");
        for other in ["//evil.example", "https://evil.example", "/\\evil.example", "jobs", "", "/a\r\nb"] {
            assert_eq!(own_path(Some(other), "/x"), "/x", "{other:?}");
        }
        assert_eq!(own_path(None, "/x"), "/x");
    }
}
