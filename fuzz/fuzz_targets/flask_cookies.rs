//! `cargo xtask fuzz flask_cookies`

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| doorward_fuzz::flask_cookies::run(input));
