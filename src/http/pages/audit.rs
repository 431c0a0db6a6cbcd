//! The audit log.

use actix_web::HttpRequest;
use actix_web::web::{Data, ServiceConfig};
use askama::Template;

use super::super::jobs::cursor;
use super::super::reply::Reply;
use super::super::{audit, query, resource};
use super::form::Form;
use super::page;
use super::ui::{Section, Ui};
use super::visit::Visit;
use super::zone::Zone;
use crate::domain::audit::{AuditEntry, Verb};
use crate::runtime::Callboard;

/// Entries on a page.
const PAGE: usize = 50;
/// The filters that are times.
const TIMES: [&str; 2] = ["since", "until"];

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    ui: Ui,
    /// As it was asked, without the cursor.
    form: Form,
    entries: Vec<AuditEntry>,
    next: Option<String>,
    is_first: bool,
}

/// Mounts the page.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/audit").get(list).mount(config);
}

async fn list(callboard: Data<Callboard>, visit: Visit, request: HttpRequest) -> Reply {
    let given = Form::of_query(request.query_string());
    let form: Form =
        given.iter().map(|(name, value)| (name.to_owned(), as_time(name, value, &visit.zone))).collect();
    let mut fields = form.fields();
    let filter = audit::read(&mut fields);
    let after = fields.read("cursor", cursor);
    query::finish(fields)?;
    let is_first = after.is_none();
    let found = callboard.audit(filter, after, PAGE).await?;
    let form = form.without(&["cursor"]);
    let next = found.next_cursor.map(|cursor| href(&form.clone().with("cursor", cursor)));
    let ui = visit.ui(&callboard, Section::Audit).await?;
    page(&AuditPage { ui, form, entries: found.entries, next, is_first })
}

/// Times may come as inputs of type `datetime-local` make them.
fn as_time(name: &str, value: &str, zone: &Zone) -> String {
    match zone.read(value) {
        Some(at) if TIMES.contains(&name) => at.to_string(),
        _ => value.to_owned(),
    }
}

fn href(form: &Form) -> String {
    match form.to_query() {
        query if query.is_empty() => "/audit".to_owned(),
        query => format!("/audit?{query}"),
    }
}

impl AuditPage {
    /// What a filter field holds.
    fn value(&self, name: &str) -> &str {
        self.form.get(name).unwrap_or_default()
    }

    fn time_value(&self, name: &str) -> String {
        let at = self.form.get(name).and_then(|text| text.parse().ok());
        at.map_or_else(String::new, |at| self.ui.zone.input(at))
    }

    fn verbs(&self) -> &'static [Verb] {
        Verb::ALL
    }

    /// The words for what was done.
    fn verb(&self, word: impl AsRef<str>) -> String {
        self.ui.t(format!("audit-{}", word.as_ref().replace(['.', '_'], "-")))
    }

    /// The list without what comes after this page.
    fn first(&self) -> String {
        href(&self.form)
    }

    /// The list of all that somebody did, or of what was done to something.
    fn only(&self, name: &str, value: &str) -> String {
        href(&self.form.without(&[name]).with(name, value))
    }

    /// The page of what was changed, if it has one.
    fn page_of(&self, entry: &AuditEntry) -> Option<String> {
        let (kind, _) = entry.object.split_once('/')?;
        ["jobs", "workflows", "schedules"].contains(&kind).then(|| format!("/{}", entry.object))
    }

    /// The particulars, if there are any.
    fn detail<'a>(&self, entry: &'a AuditEntry) -> Option<&'a str> {
        Some(entry.detail.as_str()).filter(|text| *text != "{}")
    }
}
