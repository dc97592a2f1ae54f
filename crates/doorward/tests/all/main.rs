//! The `doorward` program, run as a user runs it.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod adopt;
mod api_keys;
mod audit;
mod commands;
mod deletion;
mod disk_full;
mod file_modes;
mod following;
mod health;
mod import;
mod invitations;
mod log;
mod mail;
mod metrics_page;
mod named_tests;
mod postgres;
mod program;
mod proxies;
mod replicas;
mod secrets;
mod server;
mod smtp_tls;
mod sqlite_file;
mod succession;
mod testing;
mod transfer;
