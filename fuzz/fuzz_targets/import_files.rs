//! `cargo xtask fuzz import_files`

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| doorward_fuzz::import_files::run(input));
