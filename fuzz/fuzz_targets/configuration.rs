//! `cargo xtask fuzz configuration`

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| doorward_fuzz::configuration::run(input));
