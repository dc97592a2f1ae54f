//! `cargo xtask fuzz password_hashes`

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| doorward_fuzz::password_hashes::run(input));
