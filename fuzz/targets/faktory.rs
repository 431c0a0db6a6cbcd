//! A conversation of a client of the Faktory Work Protocol.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| callboard::faktory::fuzzing::conversation(data));
