//! `cargo xtask fuzz client_address`

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| doorward_fuzz::client_address::run(input));
