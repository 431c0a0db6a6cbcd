//! Changes of many jobs at once.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::job::Payload;
use crate::domain::audit::{Deed, Verb};
use crate::domain::foreign;
use crate::domain::remote::RemoteExtra;
use crate::domain::{Job, JobFilter, JobPatch, Order, State};
use crate::error::Error;
use crate::runtime::Callboard;

/// Jobs looked at in one read.
const PAGE: usize = 500;

/// A change of many jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutation {
    change: Change,
    target: State,
    filter: Filter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// Delete all of them.
    Clear,
    /// Delete those that match.
    Discard,
    /// Give up those that match.
    Kill,
    /// Have those that match done now.
    Requeue,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
struct Filter {
    jids: Option<Vec<String>>,
    regexp: Option<String>,
    jobtype: Option<String>,
}

#[derive(Deserialize)]
struct Told {
    cmd: Option<String>,
    target: Option<String>,
    filter: Option<Filter>,
}

impl Mutation {
    /// Reads the argument of the command.
    ///
    /// # Errors
    /// What the client is told.
    pub(super) fn read(rest: &str) -> Result<Self, String> {
        let told: Told = serde_json::from_str(rest).map_err(|e| format!("invalid format: {e}"))?;
        let change = match told.cmd.as_deref() {
            Some("clear") => Change::Clear,
            Some("discard") => Change::Discard,
            Some("kill") => Change::Kill,
            Some("requeue") => Change::Requeue,
            _ => return Err("unknown mutate operation".into()),
        };
        let target = match told.target.as_deref() {
            Some("scheduled") => State::Scheduled,
            Some("retries") => State::Retrying,
            Some("dead") => State::Failed,
            _ => return Err("invalid target for mutation command".into()),
        };
        Ok(Self { change, target, filter: told.filter.unwrap_or_default() })
    }

    /// Carries it out, page by page.
    ///
    /// # Errors
    /// When the store fails; what was changed until then stays changed.
    pub(super) async fn run(&self, callboard: &Callboard) -> Result<(), Error> {
        let begun = callboard.begin(self.deed()).await?;
        let done = self.carry_out(&callboard.in_parts()).await;
        callboard.conclude(begun, done, |()| json!({})).await
    }

    fn deed(&self) -> Deed {
        Deed::new(Verb::JobsMutate, "jobs").with(json!({
            "change": format!("{:?}", self.change).to_lowercase(),
            "state": [self.target.as_str()],
            "job_type": self.filter.jobtype,
            "jids": self.filter.jids.as_ref().map(Vec::len),
        }))
    }

    async fn carry_out(&self, callboard: &Callboard) -> Result<(), Error> {
        let jids =
            self.filter.jids.as_deref().filter(|jids| !jids.is_empty() && self.change != Change::Clear);
        if let Some(jids) = jids {
            for jid in jids {
                let mut jobs = Vec::new();
                for id in callboard.ids_by_jid(jid.clone()).await? {
                    jobs.extend(callboard.job(id).await.ok().filter(|job| job.state == self.target));
                }
                self.change(callboard, &jobs).await?;
            }
            return Ok(());
        }
        let filter =
            JobFilter { state: vec![self.target], job_type: self.job_types(), ..JobFilter::default() };
        let mut cursor = None;
        loop {
            let page = callboard.list(filter.clone(), Order::Oldest, cursor, PAGE).await?;
            self.change(callboard, &page.jobs).await?;
            match page.next_cursor {
                Some(next) => cursor = Some(next),
                None => return Ok(()),
            }
        }
    }

    fn job_types(&self) -> Vec<String> {
        let named = self.filter.jobtype.iter().filter(|_| self.change != Change::Clear);
        named.map(|name| foreign::job_type(name).into_owned()).collect()
    }

    /// Changes those of these jobs that match. Jobs that a worker here runs are nobody else's.
    async fn change(&self, callboard: &Callboard, jobs: &[Job]) -> Result<(), Error> {
        let known = callboard.known_elsewhere(jobs).await?;
        let ids: Vec<i64> = jobs.iter().filter(|job| self.matches(job, &known)).map(|job| job.id).collect();
        match self.change {
            Change::Clear | Change::Discard => callboard.discard_remote(ids).await,
            Change::Kill if self.target == State::Failed => Ok(()),
            Change::Kill => each(ids, async |id| callboard.kill(id).await).await,
            Change::Requeue if self.target == State::Scheduled => {
                let now = JobPatch { run_at: Some(None), ..JobPatch::default() };
                each(ids, async |id| callboard.patch(id, now.clone()).await.map(|_| ())).await
            }
            Change::Requeue => each(ids, async |id| callboard.retry(id).await.map(|_| ())).await,
        }
    }

    fn matches(&self, job: &Job, known: &BTreeMap<i64, (String, RemoteExtra)>) -> bool {
        let Some((jid, extra)) = known.get(&job.id) else { return false };
        let pattern = match (&self.filter.regexp, self.change, &self.filter.jids) {
            (_, Change::Clear, _) => return true,
            // Ids decide alone.
            (_, _, Some(jids)) if !jids.is_empty() => return true,
            (None, ..) => return true,
            (Some(pattern), ..) => pattern,
        };
        let text = serde_json::to_string(&Payload::of(job, jid, extra, job.created_at)).unwrap_or_default();
        fits(pattern.as_bytes(), text.as_bytes())
    }
}

/// What somebody else did meanwhile is as good.
async fn each(ids: Vec<i64>, change: impl AsyncFn(i64) -> Result<(), Error>) -> Result<(), Error> {
    for id in ids {
        match change(id).await {
            Ok(()) | Err(Error::Conflict(_) | Error::NotFound(_)) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Whether a text fits a pattern of Redis: `*`, `?`, `[abc]`, `[^a]`, `[a-z]`, and `\` before what is
/// meant as it stands.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    // Where to go on when the text does not fit: one character further behind the last `*`.
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, t));
                p += 1;
                continue;
            }
            Some(_) => {
                if let Some(next) = one(pattern, p, text[t]) {
                    p = next;
                    t += 1;
                    continue;
                }
            }
            None => {}
        }
        let Some((behind, from)) = star else { return false };
        (p, t) = (behind, from + 1);
        star = Some((behind, from + 1));
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// Behind the part of a pattern at `p`, if that fits a character.
fn one(pattern: &[u8], p: usize, c: u8) -> Option<usize> {
    match pattern[p] {
        b'?' => Some(p + 1),
        b'\\' if p + 1 < pattern.len() => (pattern[p + 1] == c).then_some(p + 2),
        b'[' => class(pattern, p + 1, c),
        plain => (plain == c).then_some(p + 1),
    }
}

fn class(pattern: &[u8], mut p: usize, c: u8) -> Option<usize> {
    let negated = pattern.get(p) == Some(&b'^');
    p += usize::from(negated);
    let mut found = false;
    while let Some(first) = pattern.get(p).filter(|byte| **byte != b']') {
        match (pattern.get(p + 1), pattern.get(p + 2)) {
            (Some(b'-'), Some(last)) if *last != b']' => {
                found |= (*first.min(last)..=*first.max(last)).contains(&c);
                p += 3;
            }
            _ => {
                found |= *first == c;
                p += 1;
            }
        }
    }
    (found != negated).then_some((p + 1).min(pattern.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("*", "abc", true),
            ("*b*", "abc", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("*aab", "aaaaab", true),
            ("*\"jobtype\":\"Resize\"*", "{\"jobtype\":\"Resize\"}", true),
            ("[", "a", false),
            ("", "", true),
        ] {
            assert_eq!(fits(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
        // No pattern takes more than the product of both lengths.
        let (pattern, text) = ("*a".repeat(200) + "b", "a".repeat(20_000));
        assert!(!fits(pattern.as_bytes(), text.as_bytes()));
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        for (text, why) in [
            ("", "invalid format"),
            (r#"{"cmd":"x","target":"dead"}"#, "unknown mutate operation"),
            (r#"{"cmd":"kill","target":"x"}"#, "invalid target"),
            (r#"{"cmd":"kill","target":"dead","filter":5}"#, "invalid format"),
        ] {
            assert!(Mutation::read(text).unwrap_err().contains(why), "{text}");
        }
        assert!(Mutation::read(r#"{ "cmd": "clear", "target": "retries", "filter": null }"#).is_ok());
    }
}
