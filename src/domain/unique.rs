//! Which jobs count as the same.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

use super::{NewJob, State};

/// When a job is refused because one like it is there already. The job type always counts.
#[derive(Clone, Debug, PartialEq, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Unique {
    /// `true`: by target, or by args if there is none, while unfinished. `false`: never.
    Plain(bool),
    /// Spelled out.
    Rule(UniqueRule),
}

/// The spelled-out form of [`Unique`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UniqueRule {
    /// What must be equal: `target_id`, `args`, `args.x` or `queue`.
    #[serde(default)]
    #[schema(schema_with = super::schema::unique_by)]
    pub by: Vec<String>,
    /// The states in which the older job stands in the way. Unfinished ones unless said, or all if
    /// `for_secs` is given.
    #[serde(default, rename = "while", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<State>, min_items = 1, max_items = 8)]
    pub while_in: Option<Vec<State>>,
    /// The older job stands in the way only so long after it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(exclusive_minimum = 0, maximum = 315_360_000)]
    pub for_secs: Option<f64>,
    /// What then happens.
    #[serde(default)]
    pub on_conflict: OnConflict,
}

/// What happens when a job like it is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnConflict {
    /// The caller gets the older job.
    #[default]
    Return,
    /// The caller gets an error.
    Refuse,
    /// The older job takes the new one's args, priority, time and the like, if it still waits.
    Replace,
}

impl Serialize for Unique {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(on) => on.serialize(s),
            Self::Rule(rule) => rule.serialize(s),
        }
    }
}

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        // By hand and not `untagged`, which would answer a wrong field with "did not match".
        let raw = serde_json::Value::deserialize(d)?;
        match raw {
            serde_json::Value::Bool(on) => Ok(Self::Plain(on)),
            other => serde_json::from_value(other).map(Self::Rule).map_err(de::Error::custom),
        }
    }
}

impl Unique {
    /// Everything that is wrong with it, as (field, message).
    #[must_use]
    pub fn faults(&self) -> Vec<(&'static str, String)> {
        let Self::Rule(rule) = self else { return Vec::new() };
        let mut faults = Vec::new();
        for by in &rule.by {
            let known = matches!(by.as_str(), "target_id" | "args" | "queue")
                || by.strip_prefix("args.").is_some_and(|p| !p.is_empty());
            if !known {
                faults.push(("by", format!("{by:?} is not one of target_id, args, args.x, queue")));
            }
        }
        if rule.while_in.as_ref().is_some_and(Vec::is_empty) {
            faults.push(("while", "must name at least one state".into()));
        }
        if rule.for_secs.is_some_and(|s| !(s > 0.0 && s <= 315_360_000.0)) {
            faults.push(("for_secs", "must be more than 0 and at most 315360000 (ten years)".into()));
        }
        faults
    }
}

/// The lock that a job holds against its equals.
#[derive(Clone, Debug, PartialEq)]
pub struct Lock {
    /// Equal for equal jobs: 32 hexadecimal digits.
    pub hash: String,
    /// The states in which it is held.
    pub states: Vec<State>,
    /// How long it is held at most, in seconds after the job was made.
    pub for_secs: Option<f64>,
    /// What happens to the newcomer.
    pub on_conflict: OnConflict,
}

impl Lock {
    /// The lock of a new job; `None` when it is not unique.
    #[must_use]
    pub fn of(job: &NewJob) -> Option<Self> {
        let rule = match &job.unique {
            None if job.target_id.is_none() => return None,
            Some(Unique::Plain(false)) => return None,
            None | Some(Unique::Plain(true)) => UniqueRule {
                by: vec![if job.target_id.is_some() { "target_id" } else { "args" }.into()],
                while_in: None,
                for_secs: None,
                on_conflict: OnConflict::Return,
            },
            Some(Unique::Rule(rule)) => rule.clone(),
        };
        let states = rule.while_in.clone().unwrap_or_else(|| {
            if rule.for_secs.is_some() { State::ALL.to_vec() } else { State::UNFINISHED.to_vec() }
        });
        Some(Self {
            hash: hash(job, &rule.by),
            states,
            for_secs: rule.for_secs,
            on_conflict: rule.on_conflict,
        })
    }

    /// The states as the store keeps them: joined by commas.
    #[must_use]
    pub fn states_text(&self) -> String {
        self.states.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(",")
    }
}

fn hash(job: &NewJob, by: &[String]) -> String {
    let mut by: Vec<&str> = by.iter().map(String::as_str).collect();
    by.sort_unstable();
    by.dedup();
    let mut sum = Sha256::new();
    let mut feed = |part: &str| {
        sum.update((part.len() as u64).to_le_bytes());
        sum.update(part.as_bytes());
    };
    feed(&job.job_type);
    for part in by {
        feed(part);
        match part {
            "target_id" => feed(job.target_id.as_deref().unwrap_or("")),
            "queue" => feed(&job.queue),
            "args" => feed(&job.args.canonical()),
            path => {
                let found = path.strip_prefix("args.").and_then(|p| job.args.at_path(p));
                feed(&found.map_or_else(|| "-".into(), |v| v.canonical()));
            }
        }
    }
    sum.finalize().iter().take(16).map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Json;

    fn lock(args: &str, unique: Option<Unique>) -> Option<Lock> {
        let mut job = NewJob::new("t");
        job.args = Json::checked(args).unwrap();
        job.unique = unique;
        Lock::of(&job)
    }

    #[test]
    fn off_without_a_target_unless_asked_for() {
        assert!(lock("{}", None).is_none());
        assert!(lock("{}", Some(Unique::Plain(true))).is_some());
        assert!(Lock::of(&NewJob::new("t").target_id("x")).is_some());
    }

    #[test]
    fn key_order_and_blanks_do_not_matter_but_values_do() {
        let by_args = Some(Unique::Plain(true));
        let a = lock(r#"{"a":1,"b":[1,{"x":"\u0041"}]}"#, by_args.clone()).unwrap().hash;
        let b = lock(r#"{ "b": [1, {"x":"A"}], "a": 1 }"#, by_args.clone()).unwrap().hash;
        let c = lock(r#"{"a":2,"b":[1,{"x":"A"}]}"#, by_args).unwrap().hash;
        assert_eq!(a, b);
        assert_ne!(a, c);
    }

    #[test]
    fn big_numbers_are_told_apart() {
        let by_args = Some(Unique::Plain(true));
        let a = lock(r#"{"n":9007199254740993}"#, by_args.clone()).unwrap().hash;
        let b = lock(r#"{"n":9007199254740992}"#, by_args).unwrap().hash;
        assert_ne!(a, b);
    }
}
