//! Doorward's parsers under arbitrary input.
//!
//! Each module is a target: `run` feeds one input to the code that reads what strangers send, and asserts what must hold of
//! whatever comes out; `seeds` are inputs to begin with, made from the crates' fixtures; `WORDS` are pieces that inputs of this
//! kind are made of. `fuzz_targets/` hands `run` to libFuzzer (`cargo xtask fuzz`), `tests/replay.rs` feeds it the seeds and
//! changes of them in the ordinary tests.

pub mod accept_language;
pub mod client_address;
pub mod configuration;
pub mod credentials;
mod door;
pub mod flask_cookies;
pub mod forward_auth;
mod header_lines;
pub mod import_files;
pub mod json_bodies;
mod json_members;
pub mod password_hashes;
pub mod requests;
pub mod tokens;

/// One parser, or a few that are reached the same way.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: the module's, and that of its file in `fuzz_targets/`.
    pub name: &'static str,
    /// Reads one input. Panics where something doesn't hold.
    pub run: fn(&[u8]),
    /// Inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Pieces of inputs, for libFuzzer's dictionary and for changing seeds.
    pub words: &'static [&'static str],
}

macro_rules! targets {
    ($($name:ident)*) => {
        /// All of them.
        pub const TARGETS: &[Target] =
            &[$(Target { name: stringify!($name), run: $name::run, seeds: $name::seeds, words: $name::WORDS }),*];
    };
}

targets! {
    accept_language
    client_address
    configuration
    credentials
    flask_cookies
    forward_auth
    import_files
    json_bodies
    password_hashes
    requests
    tokens
}
