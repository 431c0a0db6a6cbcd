//! Names as programs elsewhere give them, which may be of any length and character, and as they are
//! kept here.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::ident::check_job_type;

/// The longest id that is kept as it is, in characters.
const MAX_JID: usize = 255;
/// How much of a job type's name is kept for people.
const LEGIBLE: usize = 80;
/// Hexadecimal digits by which such names are told apart.
const DIGITS: usize = 12;

/// What an id is looked up by: itself, or a digest where it is longer than an index takes, or has a
/// NUL in it.
#[must_use]
pub fn jid(jid: &str) -> Cow<'_, str> {
    if jid.len() <= MAX_JID && !jid.contains('\0') {
        Cow::Borrowed(jid)
    } else {
        Cow::Owned(format!("sha256:{}", digest(jid)))
    }
}

/// The job type of a name: the name itself, or one that can be read as it and is like no other.
#[must_use]
pub fn job_type(name: &str) -> Cow<'_, str> {
    if check_job_type(name).is_ok() {
        return Cow::Borrowed(name);
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
    let legible: String = name.chars().map(|c| if fits(c) { c } else { '_' }).take(LEGIBLE).collect();
    let first = if legible.starts_with(|c: char| c.is_ascii_alphanumeric()) { "" } else { "x" };
    Cow::Owned(format!("{first}{legible}.{}", &digest(name)[..DIGITS]))
}

fn digest(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_kept_as_it_is() {
        for name in ["Resize", "My::Job", "a.b-c_d"] {
            assert_eq!(job_type(name), name);
        }
        assert_eq!(jid(&"a".repeat(255)), "a".repeat(255));
    }

    #[test]
    fn what_does_not_fit_becomes_a_name_of_its_own() {
        let names = ["send mail!", "send_mail!", "über", "_x", "", "bulk", "callboard.workflow", "a\0"];
        let long = ["a".repeat(101), "a".repeat(102)];
        let mut seen = std::collections::BTreeSet::new();
        for name in names.into_iter().chain(long.iter().map(String::as_str)) {
            let kept = job_type(name);
            assert_eq!(check_job_type(&kept), Ok(()), "{name:?} became {kept}");
            assert!(seen.insert(kept.into_owned()), "{name:?} is another one");
            assert_eq!(job_type(name), job_type(name));
        }
        assert!(job_type("send mail!").starts_with("send_mail_."));
        let (long, nul) = ("j".repeat(5000), "eight\0bytes");
        assert!(jid(&long).len() < 80 && jid(nul) != jid(&long) && !jid(nul).contains('\0'));
    }
}
