//! Each role against each call that there is. A new one has to say here for whom it is.

use std::collections::BTreeMap;

use callboard::http::known_routes;
use reqwest::Method;

use crate::access::tokens;
use crate::server::{Server, test_with};

/// Who may at least make a call: nobody in particular, or somebody with a role.
const FOR_WHOM: &str = include_str!("roles.txt");
/// From the least to the most.
const ROLES: [&str; 4] = ["everybody", "viewer", "operator", "admin"];

/// The calls that there are, as `METHOD path`.
fn calls() -> Vec<String> {
    let mut calls: Vec<String> = known_routes()
        .into_iter()
        .flat_map(|(path, methods)| methods.into_iter().map(move |method| format!("{method} {path}")))
        .filter(|call| !call.starts_with("HEAD "))
        .collect();
    calls.sort();
    calls.dedup();
    calls
}

/// The role that each call needs.
fn said() -> BTreeMap<String, usize> {
    let line = |line: &str| {
        let (role, call) = line.split_once(' ').unwrap();
        (call.trim().to_owned(), ROLES.iter().position(|known| *known == role).unwrap())
    };
    FOR_WHOM.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).map(line).collect()
}

#[test]
fn every_call_says_for_whom_it_is() {
    let said: Vec<String> = said().into_keys().collect();
    let calls = calls();
    assert!(calls.len() > 100, "{calls:?}");
    let new: Vec<_> = calls.iter().filter(|call| !said.contains(call)).collect();
    assert!(new.is_empty(), "say in tests/http/roles.txt for whom they are:\n{new:#?}");
    let gone: Vec<_> = said.iter().filter(|call| !calls.contains(call)).collect();
    assert!(gone.is_empty(), "they are not there any more:\n{gone:#?}");
}

/// Whether a call is let through to its handler, whatever that says.
async fn is_let_in(server: &Server, call: &str, role: &str) -> bool {
    let (method, path) = call.split_once(' ').unwrap();
    let mut path = path.replace("{path:.*}", "x").replace("{tail:.*}", "x");
    while let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
        path.replace_range(from..=to, "77");
    }
    let method: Method = method.parse().unwrap();
    let mut request = server.plain_request(method, &path).header("content-type", "application/json");
    if role != "everybody" {
        request = request.bearer_auth(role);
    }
    let answer = request.send().await.unwrap();
    match answer.status().as_u16() {
        401 => !answer.text().await.unwrap().contains("wants a token"),
        403 => !answer.text().await.unwrap().contains("needs the role"),
        // An answer without an end is let in, and not read.
        _ => true,
    }
}

#[test]
fn each_role_gets_in_where_it_may_and_nowhere_else() {
    test_with(tokens, async |server| {
        for (call, needed) in said() {
            for (role, name) in ROLES.iter().enumerate() {
                let wanted = role >= needed;
                assert_eq!(is_let_in(server, &call, name).await, wanted, "{name}: {call}");
            }
        }
    });
}
