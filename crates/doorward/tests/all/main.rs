//! The `doorward` program, run as a user runs it.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod audit;
mod commands;
mod deletion;
mod disk_full;
mod file_modes;
mod health;
mod mail;
mod postgres;
mod program;
mod replicas;
mod secrets;
mod server;
mod sqlite_file;
mod testing;
