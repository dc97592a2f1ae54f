//! `cargo xtask fuzz accept_language`

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| doorward_fuzz::accept_language::run(input));
