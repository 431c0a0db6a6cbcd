//! Tokens, and who can reach the server.

use std::time::Duration;

use super::*;
use crate::domain::throttle::Rate;

const TOKEN: &str = "[[auth.tokens]]\nname = 'a'\nrole = 'viewer'\ntoken_sha256 = \
                     'FF00000000000000000000000000000000000000000000000000000000000001'\n";

#[test]
fn tokens() {
    let mut hash = [0; 32];
    (hash[0], hash[31]) = (255, 1);
    let expected = Token { name: "a".into(), role: Role::Viewer, token_sha256: hash, rate_limit: None };
    assert_eq!(from_file(TOKEN).auth_tokens, [expected]);
    assert!(Role::Viewer < Role::Operator && Role::Operator < Role::Admin);

    let twice = faults(&TOKEN.repeat(2), &[]).join("\n");
    assert!(twice.contains("auth.tokens[1].name must be different"), "{twice}");
    assert!(twice.contains("auth.tokens[1].token_sha256 is that of another token"), "{twice}");

    let empty = faults("[[auth.tokens]]", &[]);
    assert_eq!(empty.len(), 3, "{empty:?}");
    assert!(empty.iter().all(|f| f.starts_with("callboard.toml:1: ") && f.ends_with("is missing")));

    for hash in ["my-plain-token", "+1", &"é".repeat(32), &"+".repeat(64)] {
        let text = format!("[[auth.tokens]]\nname = 'a'\nrole = 'root'\ntoken_sha256 = '{hash}'");
        let faults = faults(&text, &[]);
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].contains("role must be \"viewer\" or \"operator\" or \"admin\""), "{faults:?}");
        assert!(faults[1].contains("64 hexadecimal digits") && !faults[1].contains(hash), "{faults:?}");
    }
}

#[test]
fn other_machines_need_a_token_or_insecure() {
    for bind in ["0.0.0.0:80", "[::]:80", "192.168.1.2:80", "[::ffff:10.0.0.1]:80"] {
        let text = format!("bind = '{bind}'\n");
        let faults = faults(&text, &[]);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with("callboard.toml:1: bind "), "{faults:?}");
        assert!(faults[0].contains("[[auth.tokens]]") && faults[0].contains("--insecure"), "{faults:?}");
        from_file(&format!("{text}insecure = true"));
        from_file(&format!("{text}{TOKEN}"));
    }
    for bind in ["localhost:0", "127.9.9.9:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
        from_file(&format!("bind = '{bind}'"));
    }
}

#[test]
fn a_proxy_lets_other_machines_in() {
    let text = "[net]\ntrusted_proxies = ['127.0.0.1', '10.0.0.0/8']\n";
    let faults = faults(text, &[]);
    assert_eq!(faults.len(), 1);
    assert!(faults[0].contains("net.trusted_proxies") && faults[0].contains("[[auth.tokens]]"), "{faults:?}");
    from_file(&format!("insecure = true\n{text}"));
    let nets = from_file(&format!("{text}{TOKEN}")).net.trusted_proxies;
    assert_eq!(nets.iter().map(ToString::to_string).collect::<Vec<_>>(), ["127.0.0.1/32", "10.0.0.0/8"]);
}

#[test]
fn a_token_may_have_a_rate() {
    let text =
        format!("[auth]\nsession_idle_secs = 1.5\n{TOKEN}rate_limit = {{ limit = 5, per_secs = 0.5 }}");
    let config = from_file(&text);
    let rate = Rate { limit: 5, per: Duration::from_millis(500) };
    assert_eq!(config.auth_tokens[0].rate_limit, Some(rate));
    assert_eq!(
        (config.sessions.idle, config.sessions.max),
        (Duration::from_millis(1500), Duration::from_secs(604_800))
    );
    let wrong = faults(&format!("{TOKEN}rate_limit = {{ limit = 0, per = 1 }}"), &[]).join("\n");
    for fault in
        ["rate_limit.limit must", "rate_limit.per_secs is missing", "rate_limit.per is not a known key"]
    {
        assert!(wrong.contains(fault), "{wrong}");
    }
}

#[test]
fn a_wrong_token_is_no_second_fault_of_the_address() {
    let faults = faults("bind = '0.0.0.0:80'\n[[auth.tokens]]\nname = 'a'\nrole = 'admin'", &[]);
    assert_eq!(faults, ["callboard.toml:2: auth.tokens[0].token_sha256 is missing"]);
}
