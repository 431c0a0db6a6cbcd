//! Who sent a request.

use std::net::IpAddr;

use actix_web::{HttpMessage, HttpRequest};

use super::sessions::Ticket;
use crate::config::Role;
use crate::domain::audit::{Actor, LOCAL, Via};

/// Whoever sent a request, as the guard found out.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// The name of a token, or [`LOCAL`].
    pub name: String,
    /// What it allows.
    pub role: Role,
    /// Where they are.
    pub address: Option<IpAddr>,
    /// How they showed who they are.
    pub how: How,
}

/// How somebody showed who they are.
#[derive(Clone, Debug)]
pub(super) enum How {
    /// Not at all: this server wants no token.
    Open,
    /// The program that callboard is a part of says so.
    Program,
    /// With a token in the request.
    Token,
    /// They have signed in.
    Session(Ticket),
}

impl Caller {
    /// Somebody without a name.
    pub fn local(role: Role, address: Option<IpAddr>, how: How) -> Self {
        Self { name: LOCAL.into(), role, address, how }
    }

    /// Whoever sent a request that the guard has let through.
    pub fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }

    /// The session that the request belongs to.
    pub fn ticket(&self) -> Option<&Ticket> {
        match &self.how {
            How::Session(ticket) => Some(ticket),
            How::Open | How::Program | How::Token => None,
        }
    }

    /// As the audit log has them.
    pub fn actor(&self, via: Via) -> Actor {
        Actor { name: self.name.clone(), address: shown(self.address), via }
    }
}

/// An address as text; empty: not known.
pub(super) fn shown(address: Option<IpAddr>) -> String {
    address.map(|address| address.to_string()).unwrap_or_default()
}

/// The way a request for a path comes.
pub(super) fn via(path: &str) -> Via {
    if path.starts_with("/api/") { Via::Api } else { Via::Page }
}
