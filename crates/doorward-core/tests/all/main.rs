//! Doorward over databases that other applications made, and over servers that fail.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod adopt;
mod application;
mod discover;
mod failover;
mod survey;
