//! The API, tested over HTTP: one file for each URL, every test on both engines.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod app;
mod envelope;
mod guard;
mod headers;
mod login;
mod logout;
mod me;
mod openapi;
mod operation;
mod routes;
mod security;
mod session;
mod token;
mod well_known;
