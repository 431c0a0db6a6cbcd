//! A cron expression, and a time zone behind a line's end.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| callboard::domain::cron::fuzzing::expression(data));
