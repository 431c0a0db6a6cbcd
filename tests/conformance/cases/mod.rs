//! The cases, a file for each noun.

mod access;
mod claims;
mod commits;
mod counts;
mod crashes;
mod deletion;
mod duplicates;
mod fan_out;
mod fences;
mod guests;
mod lifecycle;
mod lists;
mod nested;
mod owner;
mod parents;
mod patch;
mod pauses;
mod plain;
mod remote;
mod retry;
mod settings;
mod signals;
mod two_nodes;
mod uniqueness;
mod waiting;
mod workflows;
