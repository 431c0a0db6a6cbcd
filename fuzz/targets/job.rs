//! The body of a new job, and the query of one.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| callboard::http::fuzzing::new_job(data));
