//! Secrets in args: sealed where a job is kept, `[redacted]` where it is shown, plain for its worker.
//!
//! A sealed value is a JSON string such as `"[sealed:1a2b3c4d:…]"` in the place of the value. It says
//! itself by which key it was sealed, so it goes wherever args go: into schedules and workflows, to
//! another database, and back to its worker long after the configuration has changed.

mod keyring;
mod place;
mod scrub;
mod sealed;

pub use keyring::{Keyring, SecretKey};
pub use place::check_path;
pub use scrub::Scrub;
pub use sealed::{redacted, serialize_redacted};

use super::Json;

/// What stands in the place of a secret where it is shown.
pub const REDACTED: &str = "[redacted]";

/// The same as JSON.
const REDACTED_JSON: &str = "\"[redacted]\"";

impl Keyring {
    /// Args with the values at these paths sealed for a job type.
    ///
    /// # Errors
    /// When there is no key.
    pub fn seal(&self, args: &Json, paths: &[String], job_type: &str) -> Result<Json, String> {
        place::replace(args, paths, |plain| self.seal_value(plain, job_type))
    }

    /// Args with everything that is sealed in them opened, and what of it must not be seen.
    ///
    /// # Errors
    /// Which key is missing, or that the value was meant for another job type or was changed.
    pub fn open(&self, args: &Json, job_type: &str) -> Result<(Json, Scrub), String> {
        let mut opened = Vec::new();
        let plain = sealed::replace(args.as_str(), |value| {
            let plain = self.open_value(value, job_type)?;
            opened.push(plain.clone());
            Ok::<_, String>(plain)
        })?;
        Ok((plain.map_or_else(|| args.clone(), Json::trusted), Scrub::of(&opened)))
    }
}

/// Args as they were sent, in which `[redacted]` at one of these paths stands for what `old` has there:
/// somebody has changed something else.
#[must_use]
pub fn with_kept(args: &Json, paths: &[String], old: &Json) -> Json {
    paths.iter().fold(args.clone(), |args, path| {
        let Some(value) = old.at_path(path) else { return args };
        place::replace(&args, std::slice::from_ref(path), |given| {
            Ok::<_, std::convert::Infallible>(match given == REDACTED_JSON {
                true => value.as_str().to_owned(),
                false => given.to_owned(),
            })
        })
        .unwrap_or_else(|never| match never {})
    })
}

/// The first of these paths at which `[redacted]` is all there is.
#[must_use]
pub fn redacted_at<'a>(args: &Json, paths: &'a [String]) -> Option<&'a str> {
    let is_redacted = |path: &&String| {
        let mut found = false;
        let _ = place::replace(args, std::slice::from_ref(*path), |given| {
            found |= given == REDACTED_JSON;
            Ok::<_, std::convert::Infallible>(given.to_owned())
        });
        found
    };
    paths.iter().find(is_redacted).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(keys: &[u8]) -> Keyring {
        Keyring::new(keys.iter().map(|byte| SecretKey::new([*byte; 32])).collect())
    }

    fn paths(paths: &[&str]) -> Vec<String> {
        paths.iter().map(|path| (*path).to_owned()).collect()
    }

    #[test]
    fn what_is_sealed_opens_for_its_job_type_alone() {
        let args =
            Json::trusted(r#"{"n": 12345678901234567890123, "auth":{"token":"opensesame"},"pin":1234}"#);
        let ring_a = ring(&[1]);
        let sealed = ring_a.seal(&args, &paths(&["auth.token", "pin", "none"]), "mail").unwrap();
        assert!(!sealed.as_str().contains("opensesame") && !sealed.as_str().contains("1234}"), "{sealed}");
        assert!(sealed.as_str().starts_with(r#"{"n": 12345678901234567890123, "auth":{"token":"[sealed:"#));
        let (opened, scrub) = ring_a.open(&sealed, "mail").unwrap();
        assert_eq!(opened, args);
        assert_eq!(
            scrub.text("it said opensesame twice: opensesame"),
            "it said [redacted] twice: [redacted]"
        );
        assert!(ring_a.open(&sealed, "other").unwrap_err().contains("was not sealed for"));
        assert!(ring(&[2]).open(&sealed, "mail").unwrap_err().contains("no key"));
        assert_eq!(
            redacted(&sealed).as_str(),
            r#"{"n": 12345678901234567890123, "auth":{"token":"[redacted]"},"pin":"[redacted]"}"#
        );
    }

    #[test]
    fn keys_are_turned_over() {
        let args = Json::trusted(r#"{"password":"opensesame"}"#);
        let old = ring(&[1]).seal(&args, &paths(&["password"]), "t").unwrap();
        let both = ring(&[2, 1]);
        assert_eq!(both.open(&old, "t").unwrap().0, args);
        let new = both.seal(&args, &paths(&["password"]), "t").unwrap();
        assert_ne!(new, old);
        assert_eq!(ring(&[2]).open(&new, "t").unwrap().0, args);
        // Equal values are equal while the key is: uniqueness and keys of limits go by that.
        assert_eq!(new, both.seal(&args, &paths(&["password"]), "t").unwrap());
        assert!(Keyring::default().seal(&args, &paths(&["password"]), "t").is_err());
    }

    #[test]
    fn what_was_changed_does_not_open() {
        let args = Json::trusted(r#"{"password":"opensesame"}"#);
        let sealed = ring(&[1]).seal(&args, &paths(&["password"]), "t").unwrap();
        let at = sealed.as_str().len() - 8;
        let flipped = if &sealed.as_str()[at..=at] == "A" { "B" } else { "A" };
        let mut text = sealed.as_str().to_owned();
        text.replace_range(at..=at, flipped);
        assert!(ring(&[1]).open(&Json::trusted(text), "t").is_err());
    }

    #[test]
    fn what_was_not_changed_is_kept() {
        let old = Json::trusted(r#"{"password":"opensesame","n":1}"#);
        let sent = Json::trusted(r#"{"password":"[redacted]","n":2}"#);
        let secret = paths(&["password"]);
        assert_eq!(redacted_at(&sent, &secret), Some("password"));
        assert_eq!(with_kept(&sent, &secret, &old).as_str(), r#"{"password":"opensesame","n":2}"#);
        let new = Json::trusted(r#"{"password":"changed","n":"[redacted]"}"#);
        assert_eq!(with_kept(&new, &secret, &old), new);
        assert_eq!(redacted_at(&new, &secret), None);
    }
}
