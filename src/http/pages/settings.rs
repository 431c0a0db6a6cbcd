//! A visitor's own choices: theme, language, time zone. They are kept in cookies.

use actix_web::HttpResponse;
use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::http::header;
use actix_web::web::{Data, ServiceConfig};
use askama::Template;

use super::super::reply::Reply;
use super::super::resource;
use super::form::{Form, Posted};
use super::notice::{self, Notice};
use super::ui::{Section, Ui};
use super::visit::{self, Theme, Visit};
use super::words::Language;
use super::zone::Zone;
use super::{dress, own_path, page};
use crate::error::{Error, FieldFault};
use crate::runtime::Callboard;

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    ui: Ui,
    /// The language that was chosen, if any was.
    chosen: Option<Language>,
}

impl SettingsPage {
    fn is_chosen(&self, language: &Language) -> bool {
        self.chosen == Some(*language)
    }
}

/// Mounts the page.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/settings").get(show).post(keep).mount(config);
}

async fn show(callboard: Data<Callboard>, visit: Visit) -> Reply {
    let chosen = visit.language_chosen.then_some(visit.language);
    page(&SettingsPage { ui: visit.ui(&callboard, Section::Settings).await?, chosen })
}

async fn keep(Posted(form): Posted) -> Reply {
    let choices = choices(&form)?;
    let mut answer = HttpResponse::SeeOther();
    answer.insert_header((header::LOCATION, own_path(form.get("back"), "/settings")));
    for (name, value) in choices {
        answer.cookie(cookie(name, value));
    }
    if form.get("back").is_none() {
        answer.cookie(dress::session_cookie(notice::NAME, Notice::new("notice-settings", 0).value()));
    }
    Ok(answer.finish())
}

/// The cookies that a form asks for. A theme alone leaves the others as they are.
fn choices(form: &Form) -> Result<Vec<(&'static str, String)>, Error> {
    let mut faults = Vec::new();
    let theme = form.get("theme").unwrap_or_default();
    if !theme.is_empty() && Theme::from_word(theme).is_none() {
        faults.push(FieldFault::new("theme", "must be system, light or dark"));
    }
    let mut choices = vec![(visit::THEME, theme.to_owned())];
    if form.get("back").is_none() {
        let language = form.get("language").filter(|code| *code != "auto").unwrap_or_default();
        if !language.is_empty() && Language::from_code(language).is_none() {
            faults.push(FieldFault::new("language", "is not spoken here"));
        }
        let zone = form.get("zone").map(str::trim).unwrap_or_default();
        if !zone.is_empty() && Zone::named(zone).is_none() {
            faults.push(FieldFault::new(
                "zone",
                "is not a time zone that is known here, such as Europe/Berlin",
            ));
        }
        choices.extend([(visit::LANGUAGE, language.to_owned()), (visit::ZONE, zone.to_owned())]);
    }
    if faults.is_empty() { Ok(choices) } else { Err(Error::Invalid(faults)) }
}

/// A cookie for a year; an empty one is taken back.
fn cookie(name: &'static str, value: String) -> Cookie<'static> {
    let age = if value.is_empty() { time::Duration::ZERO } else { time::Duration::days(365) };
    Cookie::build(name, value).path("/").http_only(true).same_site(SameSite::Lax).max_age(age).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_is_kept() {
        let all = choices(&Form::of_query("theme=dark&language=ru&zone=Europe/Moscow")).unwrap();
        assert_eq!(all.iter().map(|(_, v)| v.as_str()).collect::<Vec<_>>(), ["dark", "ru", "Europe/Moscow"]);
        let none = choices(&Form::of_query("theme=system&language=auto&zone=")).unwrap();
        assert_eq!(none[1].1, "");
        assert_eq!(choices(&Form::of_query("theme=dark&back=/jobs")).unwrap().len(), 1);
        for bad in ["theme=red", "language=xx", "zone=Mars/Olympus"] {
            assert!(choices(&Form::of_query(bad)).is_err(), "{bad}");
        }
    }
}
