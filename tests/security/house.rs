//! Servers that know three tokens, each the same as its name and its role.

use std::collections::BTreeSet;

use callboard::http::known_routes;
use reqwest::Method;
use sha2::{Digest, Sha256};

use crate::server::Server;

/// A server with tokens, and whatever else is configured.
pub fn guarded(more: &str) -> Server {
    let token = |name: &str| {
        let hash: String = Sha256::digest(name).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("[[auth.tokens]]\nname = \"{name}\"\nrole = \"{name}\"\ntoken_sha256 = \"{hash}\"\n")
    };
    Server::start(&format!("{more}\n{}{}{}", token("viewer"), token("operator"), token("admin")))
}

/// Every call that there is but those that `HEAD` makes of `GET`, as method and path.
pub fn calls() -> BTreeSet<(Method, String)> {
    let routes = known_routes().into_iter();
    let calls = routes.flat_map(|(path, methods)| {
        methods.into_iter().map(move |method| (method.to_string().parse().unwrap(), path.clone()))
    });
    calls.filter(|(method, _)| method != Method::HEAD).collect()
}

/// The path of a call with its placeholders filled in.
pub fn filled(path: &str) -> String {
    let mut path = path.replace("{version}/{name:.*}", "x/style.css");
    while let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
        path.replace_range(from..=to, "1");
    }
    path
}
