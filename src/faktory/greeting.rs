//! The first words of both sides, and the password.

use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::runtime::remote::Told;

/// Rounds of the hash: enough that nobody tries passwords by the million, few enough that a connection
/// opens in a millisecond.
const ROUNDS: std::ops::Range<u32> = 4_000..8_096;

/// What is asked of a client before anything else.
#[derive(Clone, Debug)]
pub(super) struct Greeting {
    password: Option<String>,
    rounds: u32,
    salt: String,
}

/// Who a client says it is.
#[derive(Debug, Default, Deserialize)]
struct Hello {
    v: Option<i64>,
    pwdhash: Option<String>,
    wid: Option<String>,
    hostname: Option<String>,
    pid: Option<i64>,
    labels: Option<Vec<String>>,
}

/// Why a client is sent away.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// It did not say hello, or not so that it could be understood.
    #[error("{0}")]
    NoHello(String),
    /// It does not know the password.
    #[error("Invalid password")]
    WrongPassword,
}

impl Greeting {
    /// One with a salt of its own.
    pub(super) fn new(password: Option<&str>) -> Self {
        let mut salt = [0; 8];
        // A salt is no secret; it only has to differ.
        if getrandom::fill(&mut salt).is_err() {
            salt = fastrand::u64(..).to_be_bytes();
        }
        Self {
            password: password.map(ToOwned::to_owned),
            rounds: fastrand::u32(ROUNDS),
            salt: format!("{:016x}", u64::from_be_bytes(salt)),
        }
    }

    /// The line that opens a connection. Without a blank in it: a client splits it there.
    pub(super) fn line(&self) -> String {
        match &self.password {
            None => "+HI {\"v\":2}\r\n".into(),
            Some(_) => format!("+HI {{\"v\":2,\"i\":{},\"s\":\"{}\"}}\r\n", self.rounds, self.salt),
        }
    }

    /// Looks at the first line of a client: who it is.
    pub(super) fn check(&self, line: &str) -> Result<Told, Refusal> {
        let expected = || Refusal::NoHello("expected HELLO with a JSON object".into());
        let said = line.strip_prefix("HELLO ").ok_or_else(expected)?;
        if !said.trim_start().starts_with('{') {
            return Err(expected());
        }
        let invalid = |e| Refusal::NoHello(format!("invalid HELLO: {e}"));
        let hello: Hello = serde_json::from_str(said).map_err(invalid)?;
        if let Some(password) = &self.password {
            // Clients of the first version hash once.
            let rounds = if hello.v.unwrap_or_default() < 2 { 1 } else { self.rounds };
            let right = hash(password, &self.salt, rounds);
            let given = hello.pwdhash.unwrap_or_default();
            if !bool::from(right.as_bytes().ct_eq(given.as_bytes())) {
                return Err(Refusal::WrongPassword);
            }
        }
        Ok(Told {
            wid: hello.wid.unwrap_or_default(),
            hostname: hello.hostname,
            pid: hello.pid,
            labels: hello.labels.unwrap_or_default(),
        })
    }
}

fn hash(password: &str, salt: &str, rounds: u32) -> String {
    let mut hash = Sha256::new().chain_update(password).chain_update(salt).finalize();
    for _ in 1..rounds {
        hash = Sha256::digest(hash);
    }
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_specification() {
        let known = "6d877f8e5544b1f2598768f817413ab8a357afffa924dedae99eb91472d4ec30";
        assert_eq!(hash("foobar", "55104dc76695721d", 1545), known);
    }

    #[test]
    fn who_knows_the_password_is_let_in() {
        let greeting = Greeting::new(Some("sesame"));
        assert!(greeting.line().starts_with("+HI {\"v\":2,\"i\":"));
        assert_eq!(greeting.line().matches(' ').count(), 1);
        let hello = |v: &str, rounds| {
            format!("HELLO {{{v}\"pwdhash\":\"{}\"}}", hash("sesame", &greeting.salt, rounds))
        };
        assert!(greeting.check(&hello("\"v\":2,", greeting.rounds)).is_ok());
        assert!(greeting.check(&hello("", 1)).is_ok());
        for bad in [hello("\"v\":2,", 1), "HELLO {\"v\":2}".into(), "HELLO {\"v\":2,\"pwdhash\":\"\"}".into()]
        {
            assert_eq!(greeting.check(&bad).unwrap_err(), Refusal::WrongPassword);
        }
        // The salt of another connection.
        assert!(Greeting::new(Some("sesame")).check(&hello("\"v\":2,", greeting.rounds)).is_err());
    }

    #[test]
    fn who_does_not_say_hello_is_sent_away() {
        let open = Greeting::new(None);
        assert_eq!(open.line(), "+HI {\"v\":2}\r\n");
        for bad in ["", "HELLO", "HELLO []", "HELLO {\"v\":\"2\"}", "PUSH {}", "HELLO {", "hello {\"v\":2}"] {
            assert!(matches!(open.check(bad), Err(Refusal::NoHello(_))), "{bad}");
        }
        let told =
            open.check("HELLO {\"v\":2,\"wid\":\"w\",\"labels\":[\"a\"],\"username\":null,\"x\":1}").unwrap();
        assert_eq!((told.wid.as_str(), told.labels.len()), ("w", 1));
        assert_eq!(open.check("HELLO {\"wid\":null,\"hostname\":\"h\"}").unwrap().wid, "");
    }
}
