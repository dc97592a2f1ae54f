//! `cargo xtask fuzz tokens`

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| doorward_fuzz::tokens::run(input));
