//! `cargo xtask fuzz credentials`

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| doorward_fuzz::credentials::run(input));
