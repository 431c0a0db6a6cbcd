//! Answers, in the subset of RESP 2 that the protocol uses.

use serde::Serialize;

/// The longest error, in characters.
const LONGEST_ERROR: usize = 1_000;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It is done.
    Ok,
    /// A text.
    Bulk(String),
    /// There is nothing.
    Null,
    /// It is refused: a code in capitals, a blank, and why.
    Error(String),
}

impl Reply {
    /// It is refused. What it says of a client's own words is cut: they may be a megabyte.
    #[must_use]
    pub fn err(why: impl std::fmt::Display) -> Self {
        let why = format!("ERR {why}");
        let end = why.char_indices().nth(LONGEST_ERROR).map_or(why.len(), |(end, _)| end);
        Self::Error(why[..end].to_owned())
    }

    /// A value as JSON.
    #[must_use]
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Self {
        match serde_json::to_string(value) {
            // Clients find the end of a text by its lines. Within JSON, the ends of lines are blanks.
            Ok(text) => Self::Bulk(text.replace(['\r', '\n'], " ")),
            Err(e) => Self::err(e),
        }
    }

    /// As it is sent.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Ok => b"+OK\r\n".to_vec(),
            Self::Null => b"$-1\r\n".to_vec(),
            Self::Bulk(text) => format!("${}\r\n{text}\r\n", text.len()).into_bytes(),
            Self::Error(why) => format!("-{}\r\n", why.replace(['\r', '\n'], " ")).into_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_clients_expect_them() {
        assert_eq!(Reply::Ok.bytes(), b"+OK\r\n");
        assert_eq!(Reply::Null.bytes(), b"$-1\r\n");
        assert_eq!(Reply::json(&serde_json::json!({})).bytes(), b"$2\r\n{}\r\n");
        assert_eq!(Reply::Bulk("ä".into()).bytes(), "$2\r\nä\r\n".as_bytes());
        assert_eq!(Reply::err("no\r\nway").bytes(), b"-ERR no  way\r\n");
        let long = Reply::err("ä".repeat(5_000)).bytes();
        assert!(long.starts_with("-ERR ää".as_bytes()) && long.len() < 2_010, "{}", long.len());
    }
}
