//! `{args.x}` in the arguments of a command.

use crate::domain::Job;

/// One argument of a command, cut at its placeholders. Braces around anything else are text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Slot(Slot),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Slot {
    Arg(String),
    Id,
    TargetId,
    Attempt,
}

impl Template {
    /// Reads an argument as it is configured.
    pub fn parse(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let (before, from_open) = rest.split_at(open);
            plain.push_str(before);
            let slot =
                from_open[1..].split_once('}').and_then(|(name, after)| Some((Slot::parse(name)?, after)));
            rest = if let Some((slot, after)) = slot {
                parts.extend((!plain.is_empty()).then(|| Part::Text(std::mem::take(&mut plain))));
                parts.push(Part::Slot(slot));
                after
            } else {
                plain.push('{');
                &from_open[1..]
            };
        }
        plain.push_str(rest);
        parts.extend((!plain.is_empty()).then_some(Part::Text(plain)));
        Self(parts)
    }

    /// Puts in what the job has. It stays one argument, whatever that is.
    ///
    /// # Errors
    /// The name of the first placeholder that the job has nothing for.
    pub fn fill(&self, job: &Job) -> Result<String, String> {
        let mut filled = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Slot(slot) => filled.push_str(&slot.value(job).ok_or_else(|| slot.name())?),
            }
        }
        Ok(filled)
    }

    /// Whether there is anything to put in.
    pub fn has_slots(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Slot(_)))
    }

    /// The paths into the job's args that it names.
    pub fn arg_paths(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Slot(Slot::Arg(path)) => Some(path.as_str()),
            _ => None,
        })
    }
}

impl Slot {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "id" => Some(Self::Id),
            "target_id" => Some(Self::TargetId),
            "attempt" => Some(Self::Attempt),
            _ => {
                name.strip_prefix("args.").filter(|path| !path.is_empty()).map(|path| Self::Arg(path.into()))
            }
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Arg(path) => format!("args.{path}"),
            Self::Id => "id".into(),
            Self::TargetId => "target_id".into(),
            Self::Attempt => "attempt".into(),
        }
    }

    /// A null counts as nothing: no program wants the word.
    fn value(&self, job: &Job) -> Option<String> {
        match self {
            Self::Arg(path) => {
                job.args.at_path(path).filter(|value| value.as_str() != "null").map(|v| v.to_plain_text())
            }
            Self::Id => Some(job.id.to_string()),
            Self::TargetId => job.target_id.clone(),
            Self::Attempt => Some(job.attempt.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Json;

    fn job() -> Job {
        let job = serde_json::json!({
            "id": 7, "key": null, "job_type": "t", "queue": "default", "target_id": null,
            "state": "running", "priority": 5, "args": {}, "tags": [], "metadata": {}, "retry_count": 0,
            "max_retries": 3, "attempt": 2, "timeout_secs": null, "unique": null, "backoff": null,
            "on_parent_failure": "cancel", "cancel_requested_at": null, "crash_count": 0,
            "progress": {"percent": 0.0, "processed": 0, "total": null, "message": null,
                "updated_at": null},
            "result": null, "error": null, "parent_job_id": null, "depends_on": [],
            "workflow_id": null, "name": null, "worker_id": null, "run_at": null,
            "created_at": "2030-01-01T00:00:00.000Z", "started_at": null, "completed_at": null
        });
        let mut job: Job = serde_json::from_str(&job.to_string()).unwrap();
        let args = r#"{"url":"a b; $(rm) {id}","deep":{"list":[1,{"x":"é"}]},"n":12345678901234567890123,"no":null}"#;
        job.args = Json::checked(args).unwrap();
        job
    }

    fn fill(text: &str) -> Result<String, String> {
        Template::parse(text).fill(&job())
    }

    #[test]
    fn fills_what_the_job_has_once() {
        assert_eq!(fill("--url={args.url}").unwrap(), "--url=a b; $(rm) {id}");
        assert_eq!(fill("{id}/{attempt}{args.deep.list.1.x}").unwrap(), "7/2é");
        assert_eq!(fill("{args.deep}").unwrap(), r#"{"list":[1,{"x":"é"}]}"#);
        assert_eq!(fill("{args.n}").unwrap(), "12345678901234567890123");
    }

    #[test]
    fn other_braces_are_text() {
        for text in ["{print $1}", "{}", "{args.}", "{ id }", "{", "}{", "{{", "a{b"] {
            assert_eq!(fill(text).unwrap(), text);
            assert!(!Template::parse(text).has_slots());
        }
        assert_eq!(fill("{{id}}").unwrap(), "{7}");
    }

    #[test]
    fn names_what_is_missing() {
        assert_eq!(fill("x{args.deep.y}").unwrap_err(), "args.deep.y");
        assert_eq!(fill("{target_id}").unwrap_err(), "target_id");
        assert_eq!(fill("{args.no}").unwrap_err(), "args.no");
    }
}
