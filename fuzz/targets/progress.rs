//! Standard output of a program, with lines for callboard in it.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| callboard::workers::command::fuzzing::output(data));
