//! What names and texts may look like.

/// Job types that are no caller's: the paths of the HTTP API need them, or the store does.
pub const RESERVED_JOB_TYPES: [&str; 5] = ["bulk", "actions", "queue", "logs", WORKFLOW_NODE];

/// The job type of a node that is a workflow itself. The store runs such jobs, no worker does.
pub const WORKFLOW_NODE: &str = "callboard.workflow";

/// The longest key and target id, in characters.
pub const MAX_KEY: usize = 255;
/// The most tags on a job.
pub const MAX_TAGS: usize = 20;
/// The longest tag, in characters.
pub const MAX_TAG: usize = 64;
/// The largest args, as JSON, in bytes.
pub const MAX_ARGS: usize = 1024 * 1024;
/// The largest metadata, as JSON, in bytes.
pub const MAX_METADATA: usize = 64 * 1024;
/// The most jobs in one bulk call.
pub const MAX_BULK: usize = 10_000;
/// The most jobs one job may depend on directly.
pub const MAX_DEPENDS_ON: usize = 10_000;

/// Checks a job type: `[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}`, and not reserved.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_job_type(s: &str) -> Result<(), String> {
    if RESERVED_JOB_TYPES.contains(&s) {
        return Err(format!("{s:?} is reserved"));
    }
    let fits = |c: u8| c.is_ascii_alphanumeric() || b"_.:-".contains(&c);
    match s.as_bytes() {
        [first, rest @ ..]
            if first.is_ascii_alphanumeric() && rest.len() < 100 && rest.iter().all(|c| fits(*c)) =>
        {
            Ok(())
        }
        _ => {
            Err("must be 1 to 100 of the characters A-Z a-z 0-9 _ . : - and begin with a letter or digit"
                .into())
        }
    }
}

/// Checks the name of a queue: `[A-Za-z0-9._-]{1,100}`, as remote workers know it.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_queue(s: &str) -> Result<(), String> {
    let fits = |c: u8| c.is_ascii_alphanumeric() || b"_.-".contains(&c);
    if (1..=100).contains(&s.len()) && s.bytes().all(fits) {
        Ok(())
    } else {
        Err("must be 1 to 100 of the characters A-Z a-z 0-9 _ . -".into())
    }
}

/// Checks a free text: not empty, at most `max` characters, no NUL.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_text(s: &str, max: usize) -> Result<(), String> {
    let length = s.chars().count();
    if length == 0 {
        Err("must not be empty".into())
    } else if length > max {
        Err(format!("must be at most {max} characters long, got {length}"))
    } else if s.contains('\0') {
        Err("must not contain NUL".into())
    } else {
        Ok(())
    }
}

/// Checks the tags of a job.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_tags(tags: &[String]) -> Result<(), String> {
    if tags.len() > MAX_TAGS {
        return Err(format!("at most {MAX_TAGS} tags, got {}", tags.len()));
    }
    tags.iter().try_for_each(|t| check_text(t, MAX_TAG).map_err(|e| format!("a tag {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_measured_in_characters() {
        assert!(check_text(&"ä".repeat(255), MAX_KEY).is_ok());
        assert!(check_text(&"ä".repeat(256), MAX_KEY).unwrap_err().contains("got 256"));
        for bad in ["", "a\0"] {
            assert!(check_text(bad, MAX_KEY).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn job_types() {
        for good in ["a", "channel_download", "A.b:c-9", &"x".repeat(100)] {
            assert!(check_job_type(good).is_ok(), "{good}");
        }
        for bad in ["", "_a", "a/b", "a b", "a\0", "bulk", "logs", "queue", "actions", "é", &"x".repeat(101)]
        {
            assert!(check_job_type(bad).is_err(), "{bad}");
        }
    }
}
