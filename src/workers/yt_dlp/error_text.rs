//! What yt-dlp's errors mean.

use crate::workers::net::NOT_PUBLIC;
use crate::workers::tools::Class;

/// The first that is found in the text counts.
const SIGNS: [(Class, &[&str]); 5] = [
    // What our own proxy says; it is an `HTTP Error 403` too.
    (Class::BadInput, &[NOT_PUBLIC]),
    (
        Class::Auth,
        &["HTTP Error 401", "HTTP Error 403", "Sign in", "members-only", "Private video", "login required"],
    ),
    (
        Class::NotFound,
        &["HTTP Error 404", "HTTP Error 410", "Video unavailable", "has been removed", "does not exist"],
    ),
    (
        Class::BadInput,
        &[
            "Unsupported URL",
            "is not a valid URL",
            "Requested format",
            "Invalid URL",
            "invalid output template",
        ],
    ),
    (Class::Transient, &["timed out", "refused", "HTTP Error 5", "HTTP Error 429", "HTTP Error 416"]),
];

/// The kind of an error, by its text. What is not known may work the next time.
#[must_use]
pub fn classify(text: &str) -> Class {
    let found = SIGNS.iter().find(|(_, signs)| signs.iter().any(|sign| text.contains(sign)));
    found.map_or(Class::Transient, |(class, _)| *class)
}

/// An error line without its prefix: the id of the item, if it names one, and the text.
pub(super) fn error_in(line: &str) -> Option<(Option<&str>, &str)> {
    let text = line.strip_prefix("ERROR: ")?.trim();
    let named = text
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "))
        .and_then(|(_, rest)| rest.split_once(": "));
    match named {
        Some((id, message)) if !id.contains(char::is_whitespace) => Some((Some(id), message)),
        _ => Some((None, text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes() {
        for (text, class) in [
            ("Unable to download JSON metadata: HTTP Error 404: Not Found (caused by …)", Class::NotFound),
            ("unable to download video data: HTTP Error 503: Service Unavailable", Class::Transient),
            ("HTTP Error 403: Forbidden", Class::Auth),
            ("HTTP Error 403: x leads to 10.0.0.1, which is not a public address; if", Class::BadInput),
            ("Sign in to confirm your age", Class::Auth),
            ("Unsupported URL: http://x", Class::BadInput),
            ("Requested format is not available. Use --list-formats", Class::BadInput),
            ("[Errno 111] Connection refused", Class::Transient),
            ("something new", Class::Transient),
        ] {
            assert_eq!(classify(text), class, "{text}");
        }
    }

    #[test]
    fn items_are_named() {
        assert_eq!(
            error_in("ERROR: [youtube] abc: Video unavailable"),
            Some((Some("abc"), "Video unavailable"))
        );
        assert_eq!(
            error_in("ERROR: unable to download video data: HTTP Error 503"),
            Some((None, "unable to download video data: HTTP Error 503"))
        );
        assert_eq!(error_in("ERROR: [generic] Unable to download webpage: x").map(|(id, _)| id), Some(None));
        assert_eq!(error_in("WARNING: x"), None);
    }
}
