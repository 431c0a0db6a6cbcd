//! A new job as a JSON document, where a job itself names more jobs.

use serde::{Deserialize, Deserializer};

use super::{Backoff, Json, NewJob, Node, OnParentFailure, Timestamp, Unique};

/// A job in the words of the HTTP API.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobDocument {
    name: Option<String>,
    job_type: String,
    args: Option<Json>,
    key: Option<String>,
    queue: Option<String>,
    target_id: Option<String>,
    priority: Option<u8>,
    max_retries: Option<u32>,
    #[serde(default, deserialize_with = "nullable")]
    timeout_secs: Option<Option<f64>>,
    run_at: Option<Timestamp>,
    #[serde(default)]
    depends_on: Vec<String>,
    on_parent_failure: Option<OnParentFailure>,
    #[serde(default)]
    tags: Vec<String>,
    metadata: Option<Json>,
    unique: Option<Unique>,
    backoff: Option<Backoff>,
}

/// A null is not the same as nothing.
fn nullable<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Option<f64>>, D::Error> {
    Option::deserialize(d).map(Some)
}

impl JobDocument {
    /// Looks at the JSON in it, which a reader takes as it comes.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self) -> Result<(), String> {
        for (field, json) in [("args", &self.args), ("metadata", &self.metadata)] {
            if let Some(json) = json {
                Json::checked(json.as_str()).map_err(|e| format!("{field}: {e}"))?;
            }
        }
        Ok(())
    }

    /// The job as a node; without a name of its own it is called `usual`.
    #[must_use]
    pub fn node(self, usual: impl FnOnce() -> String) -> Node {
        let plain = NewJob::new(self.job_type);
        let job = NewJob {
            args: self.args.unwrap_or(plain.args),
            key: self.key,
            queue: self.queue.unwrap_or(plain.queue),
            target_id: self.target_id,
            priority: self.priority.unwrap_or(plain.priority),
            max_retries: self.max_retries,
            timeout_secs: self.timeout_secs,
            run_at: self.run_at,
            on_parent_failure: self.on_parent_failure.unwrap_or_default(),
            tags: self.tags,
            metadata: self.metadata.unwrap_or(plain.metadata),
            unique: self.unique,
            backoff: self.backoff,
            ..plain
        };
        Node { after: self.depends_on, ..Node::new(self.name.unwrap_or_else(usual), job) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_the_api_can_say() {
        let text = r#"{"name":"a","job_type":"t","args":[1.50],"timeout_secs":null,"depends_on":["b"],
            "on_parent_failure":"run","unique":false,"tags":["x"]}"#;
        let node = serde_json::from_str::<JobDocument>(text).unwrap().node(String::new);
        assert_eq!((node.name.as_str(), node.after), ("a", vec!["b".to_owned()]));
        assert_eq!((node.job.args.as_str(), node.job.timeout_secs), ("[1.50]", Some(None)));
        assert_eq!(node.job.on_parent_failure, OnParentFailure::Run);
        let plain = serde_json::from_str::<JobDocument>(r#"{"job_type":"t"}"#).unwrap();
        assert_eq!(plain.node(|| "n".into()), Node::new("n", NewJob::new("t")));
        assert!(serde_json::from_str::<JobDocument>(r#"{"job_type":"t","x":1}"#).is_err());
    }
}
