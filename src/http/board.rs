//! The callboard in the hands of whoever sent a request.

use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};

use super::base;
use super::caller::{Caller, via};
use super::problem::Problem;
use crate::runtime::Callboard;

/// What is changed through it is noted in the caller's name.
pub(super) struct Board(Callboard);

impl Deref for Board {
    type Target = Callboard;

    fn deref(&self) -> &Callboard {
        &self.0
    }
}

impl FromRequest for Board {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let callboard = request.app_data::<Data<Callboard>>();
        let caller = Caller::of(request);
        ready(match (callboard, caller) {
            (Some(callboard), Some(caller)) => {
                Ok(Self(callboard.by(caller.actor(via(base::inner(request))))))
            }
            _ => Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "nobody knows who asks")),
        })
    }
}
