//! Writes `conformance/guard.jsonl`: what every guard must say of a request, whatever language it is written in.
//! `cargo xtask docs` runs it.
//!
//! What is expected is written down here by hand, from the rules; no guard is asked for it.

#![allow(clippy::unwrap_used, reason = "a generator that cannot go on has failed")]

mod algorithms;
mod fixtures;
mod form;
mod formats;
mod headers;
mod making;
mod revoking;
mod spelling;

use std::collections::HashSet;
use std::io::Write as _;

use form::Vector;

fn main() {
    let mut vectors: Vec<Vector> = Vec::new();
    for part in [
        algorithms::vectors,
        formats::vectors,
        spelling::vectors,
        revoking::vectors,
        headers::vectors,
        fixtures::vectors,
    ] {
        part(&mut vectors);
    }
    let mut names = HashSet::new();
    let mut out = std::io::stdout().lock();
    for vector in &vectors {
        assert!(names.insert(&vector.name), "two vectors are called {}", vector.name);
        let line = serde_json::to_string(vector).unwrap();
        writeln!(out, "{line}").unwrap();
    }
}
