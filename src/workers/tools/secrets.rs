//! What of a program's options and environment must not be seen in a log.

/// Parts of the names of options and variables whose values are secret.
const SIGNS: [&str; 8] = ["pass", "token", "secret", "key", "header", "auth", "username", "credential"];
/// Shorter values are not hidden: they stand in many a line by chance.
const SHORTEST: usize = 4;

/// The secret values among options: `--password x` and `--password=x`.
#[must_use]
pub fn secrets_in(options: &[String]) -> Vec<String> {
    let mut secrets = Vec::new();
    let mut before = "";
    for option in options {
        match option.split_once('=') {
            Some((name, value)) if name.starts_with('-') => secrets.extend(secret(name, value)),
            _ if before.starts_with('-') => secrets.extend(secret(before, option)),
            _ => {}
        }
        before = option;
    }
    secrets
}

/// A value, if it is one that must not be seen.
#[must_use]
pub fn secret(name: &str, value: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    (value.len() >= SHORTEST && SIGNS.iter().any(|sign| name.contains(sign))).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_secret_by_their_names() {
        let options =
            ["--password", "hunter22", "--add-header=Cookie: x=y", "-f", "best", "--ap-token=abc", "x"];
        let found = secrets_in(&options.map(String::from));
        assert_eq!(found, ["hunter22", "Cookie: x=y"]);
        assert_eq!(secret("HF_TOKEN", "hf_1234"), Some("hf_1234".into()));
        assert_eq!(secret("HF_HUB_OFFLINE", "1234"), None);
    }
}
