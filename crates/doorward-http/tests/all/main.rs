//! The API, tested over HTTP: one file for each URL, every test on both engines.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod app;
mod application_beside;
mod audit;
mod challenge;
mod confirm;
mod database_down;
mod envelope;
mod flask_session;
mod forward_auth;
mod guard;
mod headers;
mod hook;
mod introspect;
mod invitations;
mod login;
mod logout;
mod mail;
mod matrix;
mod me;
mod old_application;
mod one_time_code;
mod openapi;
mod operation;
mod password;
mod register;
mod revocations;
mod roles;
mod routes;
mod security;
mod session;
mod severed;
mod smtp;
mod throttle;
mod token;
mod users;
mod well_known;
