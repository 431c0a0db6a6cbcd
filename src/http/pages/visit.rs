//! Who asks for a page, and how they want it: language, theme, time zone.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::csrf::Csrf;
use super::notice::Notice;
use super::ui::{Section, Ui};
use super::words::Language;
use super::zone::Zone;
use crate::config::Role;
use crate::domain::Timestamp;
use crate::domain::status::Counts;
use crate::error::Error;
use crate::http::access::Access;
use crate::http::base::{self, Base};
use crate::http::caller::Caller;
use crate::runtime::Callboard;
use crate::runtime::callboard::by_state;

/// The cookies with a visitor's choices.
pub(super) const THEME: &str = "callboard_theme";
pub(super) const LANGUAGE: &str = "callboard_language";
pub(super) const ZONE: &str = "callboard_zone";

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Theme {
    /// As the system has it.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub(super) const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// Its word.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme with this word.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.as_str() == word)
    }
}

/// A request for a page.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub language: Language,
    /// Whether the language was chosen rather than asked for by the browser.
    pub language_chosen: bool,
    pub theme: Theme,
    pub zone: Zone,
    csrf: Csrf,
    may_act: bool,
    /// Whether nobody knows who the visitor is, and somebody should.
    pub is_stranger: bool,
    signed_in: Option<String>,
    notice: Option<Notice>,
    base: Base,
    here: String,
}

impl Visit {
    /// Reads a request.
    pub(super) fn of(request: &HttpRequest) -> Self {
        let chosen = |name| request.cookie(name).map(|cookie| cookie.value().to_owned());
        let language = chosen(LANGUAGE).and_then(|code| Language::from_code(&code));
        let caller = Caller::of(request);
        let wants_tokens = request.app_data::<Data<Access>>().is_some_and(|access| access.wants_tokens());
        let is_stranger = caller.is_none() && wants_tokens;
        let csrf = request.extensions().get::<Csrf>().cloned();
        Self {
            language: language.unwrap_or_else(|| Language::of_browser(request)),
            language_chosen: language.is_some(),
            theme: chosen(THEME).and_then(|word| Theme::from_word(&word)).unwrap_or_default(),
            zone: chosen(ZONE).and_then(|name| Zone::named(&name)).unwrap_or_default(),
            csrf: csrf.unwrap_or_else(|| Csrf::of(request)),
            may_act: caller.as_ref().map_or(!is_stranger, |caller| caller.role >= Role::Operator),
            is_stranger,
            signed_in: caller.filter(|caller| caller.ticket().is_some()).map(|caller| caller.name),
            notice: Notice::of(request),
            base: Base::of(request),
            here: here(request),
        }
    }

    /// Path and query, as they are called within.
    pub(super) fn into_here(self) -> String {
        self.here
    }

    /// What a page of a section needs besides its own data.
    pub(super) async fn ui(self, callboard: &Callboard, section: Section) -> Result<Ui, Error> {
        let counts = by_state(&callboard.counters().await?, |_, _| true);
        let ui = self.into_ui(section, counts, callboard.clock().now());
        Ok(Ui { is_paused: callboard.is_paused(), ..ui })
    }

    /// The same where the store is not to be asked.
    pub(super) fn bare_ui(self, now: Timestamp) -> Ui {
        self.into_ui(Section::None, Counts::new(), now)
    }

    fn into_ui(self, section: Section, counts: Counts, now: Timestamp) -> Ui {
        Ui {
            language: self.language,
            theme: self.theme,
            zone: self.zone,
            csrf: self.csrf.token,
            may_act: self.may_act,
            is_stranger: self.is_stranger,
            signed_in: self.signed_in,
            notice: self.notice,
            base: self.base,
            here: self.here,
            section,
            counts,
            is_paused: false,
            now,
        }
    }
}

/// Path and query of a request, as they are called within.
fn here(request: &HttpRequest) -> String {
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}{query}", base::inner(request))
}

impl FromRequest for Visit {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}
