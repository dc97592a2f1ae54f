//! `cargo xtask fuzz json_bodies`

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| doorward_fuzz::json_bodies::run(input));
