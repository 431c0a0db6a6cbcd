//! Where a list goes on. A cursor is good for the list that it came from and no other.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::domain::{JobFilter, Order};

/// The last job of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Its id.
    pub id: i64,
    /// Its priority.
    pub priority: i64,
}

impl Cursor {
    /// As text that callers give back.
    #[must_use]
    pub fn encode(self, filter: &JobFilter, order: Order) -> String {
        let mut bytes = Vec::with_capacity(21);
        bytes.extend(self.id.to_le_bytes());
        bytes.push(u8::try_from(self.priority).unwrap_or(u8::MAX));
        bytes.extend(seal(filter, order, &bytes));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what a caller gave back; `None` when it is not from this list.
    #[must_use]
    pub fn decode(text: &str, filter: &JobFilter, order: Order) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (body, given) = bytes.split_at_checked(9)?;
        if given != seal(filter, order, body) {
            return None;
        }
        let id = i64::from_le_bytes(body[..8].try_into().ok()?);
        Some(Self { id, priority: i64::from(body[8]) })
    }
}

/// Ties a cursor to its list. Not a secret: it catches mistakes, and a forged cursor can only name
/// another place in a list that its forger may read anyway.
fn seal(filter: &JobFilter, order: Order, body: &[u8]) -> [u8; 6] {
    let mut sum = Sha256::new();
    sum.update(format!("{order:?}|{filter:?}|"));
    sum.update(body);
    let digest = sum.finalize();
    [digest[0], digest[1], digest[2], digest[3], digest[4], digest[5]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_good_for_its_own_list_only() {
        let filter = JobFilter { q: Some("x".into()), ..JobFilter::default() };
        let cursor = Cursor { id: 77, priority: 3 };
        let text = cursor.encode(&filter, Order::Newest);
        assert_eq!(Cursor::decode(&text, &filter, Order::Newest), Some(cursor));
        assert_eq!(Cursor::decode(&text, &filter, Order::Oldest), None);
        assert_eq!(Cursor::decode(&text, &JobFilter::default(), Order::Newest), None);
        for bad in ["", "a", "!!!!", "AAAAAAAAAAAAAAAAAAAA", &format!("{text}A")] {
            assert_eq!(Cursor::decode(bad, &filter, Order::Newest), None, "{bad}");
        }
    }
}
