//! `cargo xtask fuzz forward_auth`

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| doorward_fuzz::forward_auth::run(input));
