//! Who changes what: each change is noted in the transaction that makes it.

use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

use super::Callboard;
use crate::domain::Timestamp;
use crate::domain::audit::{Actor, AuditEntry, AuditFilter, AuditOutcome, Deed};
use crate::error::Error;
use crate::store::views::audit::Place;
use crate::store::{StoreResult, Tx, verbs, views};

/// A page of the audit log.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct AuditPage {
    /// The entries, the latest first.
    pub entries: Vec<AuditEntry>,
    /// Give it back for the next page; `null` on the last one.
    pub next_cursor: Option<String>,
}

/// Notes a deed in the transaction that does it.
pub(super) struct Noted {
    actor: Option<Arc<Actor>>,
    deed: Deed,
    now: Timestamp,
}

impl Noted {
    pub(super) fn note(&self, tx: &mut Tx<'_>) -> StoreResult<()> {
        if let Some(actor) = &self.actor {
            verbs::audit::note(tx, actor, &self.deed, AuditOutcome::Done, self.now)?;
        }
        Ok(())
    }
}

/// A deed that is done in parts, and its entry, if there is one.
pub(crate) struct Begun {
    entry: Option<i64>,
    detail: Value,
}

impl Callboard {
    /// The same, asked by somebody: what is changed through this handle is noted in their name.
    #[must_use]
    pub fn by(&self, actor: Actor) -> Self {
        Self { actor: Some(Arc::new(actor)), ..self.clone() }
    }

    /// The same, for parts of something that was noted as a whole.
    pub(crate) fn in_parts(&self) -> Self {
        Self { actor: None, ..self.clone() }
    }

    /// What is to be noted of a deed.
    pub(super) fn noted(&self, deed: Deed) -> Noted {
        Noted { actor: self.actor.clone(), deed, now: self.shared.clock.now() }
    }

    /// Writes, and notes in the same transaction what that is.
    pub(super) async fn change<T, F>(&self, deed: Deed, mut verb: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> StoreResult<T> + Send + 'static,
    {
        let noted = self.noted(deed);
        self.write(move |tx| {
            let done = verb(tx)?;
            noted.note(tx)?;
            Ok(done)
        })
        .await
    }

    /// Notes something that is no write of its own.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn note(&self, deed: Deed, outcome: AuditOutcome) -> Result<(), Error> {
        let Some(actor) = self.actor.clone() else { return Ok(()) };
        let now = self.shared.clock.now();
        self.write(move |tx| verbs::audit::note(tx, &actor, &deed, outcome, now).map(|_| ())).await
    }

    /// Notes something that is done in parts, before the first of them.
    pub(crate) async fn begin(&self, deed: Deed) -> Result<Begun, Error> {
        let detail = deed.detail.clone();
        let Some(actor) = self.actor.clone() else { return Ok(Begun { entry: None, detail }) };
        let now = self.shared.clock.now();
        let note = move |tx: &mut Tx<'_>| verbs::audit::note(tx, &actor, &deed, AuditOutcome::Begun, now);
        Ok(Begun { entry: Some(self.write(note).await?), detail })
    }

    /// Notes what became of it, and hands that on. What is done is done, even if this cannot be noted.
    pub(crate) async fn conclude<T>(
        &self,
        begun: Begun,
        ended: Result<T, Error>,
        told: impl FnOnce(&T) -> Value,
    ) -> Result<T, Error> {
        let Begun { entry: Some(id), mut detail } = begun else { return ended };
        let (outcome, more) = match &ended {
            Ok(done) => (AuditOutcome::Done, told(done)),
            Err(e) => (AuditOutcome::Broken, serde_json::json!({"error": e.to_string()})),
        };
        if let (Value::Object(detail), Value::Object(more)) = (&mut detail, more) {
            detail.extend(more);
        }
        let noted = self.write(move |tx| verbs::audit::conclude(tx, id, &detail, outcome)).await;
        if let Err(e) = noted {
            log::warn!("entry {id} of the audit log stays begun: {e}");
        }
        ended
    }

    /// The audit log, the latest entry first.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a cursor that is not from here; [`Error::Unavailable`].
    pub async fn audit(
        &self,
        filter: AuditFilter,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<AuditPage, Error> {
        let after = cursor.map(|text| {
            read_place(&text)
                .ok_or_else(|| Error::invalid("cursor", "is not from this list; begin again without it"))
        });
        let after = after.transpose()?;
        let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let mut entries = self.read(move |conn| views::audit::audit(conn, &filter, after, most)).await?;
        let more = entries.len() > limit;
        entries.truncate(limit);
        let next = entries.last().filter(|_| more);
        let next_cursor = next.map(|last| format!("{}-{}", last.at.as_millis(), last.id));
        Ok(AuditPage { entries, next_cursor })
    }
}

fn read_place(text: &str) -> Option<Place> {
    let (at, id) = text.split_once('-')?;
    let number = |digits: &str| digits.parse::<u64>().ok().and_then(|n| i64::try_from(n).ok());
    Some((Timestamp::from_millis(number(at)?), number(id)?))
}
