//! Batches: jobs that are pushed one by one, and called back about as a whole.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::job::Pushed;
use super::reply::Reply;
use crate::domain::batch::{Bid, no_such};
use crate::domain::workflow::MAX_NAME;
use crate::error::Error;
use crate::runtime::Callboard;
use crate::runtime::callboard::{RemoteBatch, RemoteNew};

/// What is asked of a batch.
#[derive(Debug)]
pub enum BatchCommand {
    /// Begin one.
    New(Box<RemoteBatch>),
    /// More jobs are on their way.
    Open(String),
    /// All jobs are there.
    Commit(String),
    /// Say how far it is.
    Status(String),
}

#[derive(Deserialize)]
struct Told {
    parent_bid: Option<String>,
    description: Option<String>,
    success: Option<Box<RawValue>>,
    complete: Option<Box<RawValue>>,
}

impl BatchCommand {
    /// Reads the argument of the command.
    ///
    /// # Errors
    /// What the client is told.
    pub(super) fn read(rest: &str) -> Result<Self, String> {
        let (what, about) = rest.split_once(' ').unwrap_or((rest, ""));
        let about = about.trim();
        match what {
            "NEW" => begin(about).map(|new| Self::New(Box::new(new))),
            "OPEN" | "COMMIT" | "STATUS" if about.is_empty() => {
                Err(format!("BATCH {what} needs the id of a batch"))
            }
            "OPEN" => Ok(Self::Open(about.to_owned())),
            "COMMIT" => Ok(Self::Commit(about.to_owned())),
            "STATUS" => Ok(Self::Status(about.to_owned())),
            _ => {
                Err("BATCH needs NEW and a JSON object, or OPEN, COMMIT or STATUS and the id of a batch"
                    .into())
            }
        }
    }

    /// Carries it out.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn run(self, callboard: &Callboard) -> Result<Reply, Error> {
        let (Self::Open(bid) | Self::Commit(bid) | Self::Status(bid)) = &self else {
            let Self::New(new) = self else { return Ok(Reply::Null) };
            let parent = new.parent;
            return Ok(match callboard.begin_batch(*new).await {
                Ok(bid) => Reply::Bulk(bid.to_string()),
                Err(why) => told(why, parent)?,
            });
        };
        let bid: Bid = match bid.parse() {
            Ok(bid) => bid,
            Err(unknown) => return Ok(Reply::err(unknown)),
        };
        let done = match self {
            Self::Status(_) => callboard.batch(bid).await.map(|status| Reply::json(&status)),
            Self::Commit(_) => callboard.commit_batch(bid).await.map(|()| Reply::Ok),
            _ => callboard.open_batch(bid).await.map(|()| Reply::Bulk(bid.to_string())),
        };
        done.or_else(|why| told(why, Some(bid)))
    }
}

/// What is the client's fault it is told; a batch that is not there in the words that clients know.
fn told(why: Error, bid: Option<Bid>) -> Result<Reply, Error> {
    match (why, bid) {
        (Error::NotFound(_), Some(bid)) => Ok(Reply::err(no_such(bid))),
        (why @ (Error::Invalid(_) | Error::Conflict(_)), _) => Ok(Reply::err(why)),
        (why, _) => Err(why),
    }
}

fn begin(text: &str) -> Result<RemoteBatch, String> {
    if !text.starts_with('{') {
        return Err("invalid BATCH: a new one is a JSON object".into());
    }
    let told: Told = serde_json::from_str(text).map_err(|e| format!("invalid BATCH: {e}"))?;
    let parent = told.parent_bid.filter(|bid| !bid.is_empty()).map(|bid| bid.parse()).transpose()?;
    let batch = RemoteBatch {
        parent,
        description: told.description.and_then(described),
        complete: callback(told.complete)?,
        success: callback(told.success)?,
    };
    if batch.complete.is_none() && batch.success.is_none() {
        return Err("a batch needs a callback, success or complete".into());
    }
    Ok(batch)
}

/// As much of a description as the name of a workflow may have.
fn described(text: String) -> Option<String> {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_NAME).collect();
    let text = text.trim().to_owned();
    (!text.is_empty()).then_some(text)
}

fn callback(text: Option<Box<RawValue>>) -> Result<Option<RemoteNew>, String> {
    let Some(text) = text.filter(|text| text.get() != "null") else { return Ok(None) };
    let mut pushed = Pushed::read(text.get())?;
    // Nobody but the server pushes it, so it needs none.
    pushed.jid =
        pushed.jid.filter(|jid| !jid.is_empty()).or_else(|| Some(format!("{:016x}", fastrand::u64(..))));
    pushed.into_new().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_named() {
        let job = r#"{"jid":"12345678","jobtype":"a","args":[]}"#;
        for (bad, why) in [
            (String::new(), "BATCH needs"),
            ("CLOSE b-1".into(), "BATCH needs"),
            ("OPEN".into(), "needs the id"),
            ("COMMIT ".into(), "needs the id"),
            ("NEW".into(), "JSON object"),
            ("NEW []".into(), "JSON object"),
            ("NEW {}".into(), "needs a callback"),
            (r#"NEW {"success":null}"#.into(), "needs a callback"),
            (r#"NEW {"success":5}"#.into(), "invalid JSON"),
            (r#"NEW {"success":{"jobtype":"a"}}"#.into(), "args"),
            (format!(r#"NEW {{"complete":{job},"parent_bid":"7"}}"#), "No such batch 7"),
            (format!(r#"NEW {{"complete":{job},"description":5}}"#), "invalid BATCH"),
        ] {
            let said = BatchCommand::read(&bad).unwrap_err();
            assert!(said.contains(why), "{bad}: {said}");
        }
    }

    #[test]
    fn a_description_becomes_a_name() {
        let long = format!(
            r#"NEW {{"success":{{"jobtype":"a","args":[]}},"description":"a\n{}"}}"#,
            "b".repeat(300)
        );
        let Ok(BatchCommand::New(batch)) = BatchCommand::read(&long) else { panic!("{long}") };
        let name = batch.description.unwrap();
        assert!(name.starts_with("a b") && name.chars().count() == MAX_NAME, "{name}");
        assert!(batch.success.unwrap().jid.len() >= 8);
    }
}
