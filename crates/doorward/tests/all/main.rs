//! The `doorward` program, run as a user runs it.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod commands;
mod program;
