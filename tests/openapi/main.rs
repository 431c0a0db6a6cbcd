//! The HTTP API against its OpenAPI document: a real server, and schemathesis, which makes up calls from
//! the document and looks whether the answers are what it says.

mod contract;
mod names;
#[path = "../served/mod.rs"]
mod served;
