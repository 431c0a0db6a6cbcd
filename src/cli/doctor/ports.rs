//! Where the server listens.

use std::io::ErrorKind;
use std::net::{TcpListener, ToSocketAddrs};

use super::finding::Finding;
use crate::config::{Config, Database};
use crate::store::owner;

const AREA: &str = "ports";

/// Looks whether they are free, or taken by a callboard.
pub(super) fn examine(config: &Config, answered: bool) -> Vec<Finding> {
    let owned = match config.database() {
        Database::Sqlite(path) => owner::owner_of(&path).is_some(),
        Database::Postgres(_) => false,
    };
    let ours = answered || owned;
    let all = [Some(("bind", &config.bind)), config.faktory_bind.as_ref().map(|bind| ("faktory_bind", bind))];
    all.into_iter().flatten().map(|(key, bind)| one(key, bind, ours)).collect()
}

fn one(key: &str, bind: &str, ours: bool) -> Finding {
    let wrong = |e: std::io::Error| {
        Finding::fault(
            AREA,
            format!("{bind} cannot be listened on: {e}"),
            format!("set {key} to an address of this machine"),
        )
    };
    let addresses = match bind.to_socket_addrs() {
        Ok(addresses) => addresses,
        Err(e) => return wrong(e),
    };
    for address in addresses {
        match TcpListener::bind(address) {
            Ok(_) => {}
            Err(e) if e.kind() == ErrorKind::AddrInUse && ours => {
                return Finding::ok(AREA, format!("{bind} is in use, as a running server does"));
            }
            Err(e) if e.kind() == ErrorKind::AddrInUse => {
                return Finding::fault(
                    AREA,
                    format!("{bind} is taken by another program"),
                    format!("end that one, or set {key}"),
                );
            }
            Err(e) if e.kind() == ErrorKind::PermissionDenied => {
                let advice = format!("set {key} to a port from 1024 up, and put a proxy in front");
                return Finding::fault(AREA, format!("{bind} may not be listened on by this user"), advice);
            }
            Err(e) => return wrong(e),
        }
    }
    Finding::ok(AREA, format!("{bind} is free"))
}
