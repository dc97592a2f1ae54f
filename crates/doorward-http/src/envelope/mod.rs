//! The envelope `{code, message, data}` of every answer, and how an error becomes one.

mod preferences;
mod refusal;

pub(crate) use preferences::Preferences;
pub use refusal::Refusal;
pub(crate) use refusal::{Refused, field_json, render};

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// An answer in the form that the Flask system has. The HTTP status is the code, or always 200 where
/// `http_status` is `always-200`.
///
/// The vocabulary is for the embedding application's own answers too:
///
/// ```
/// use doorward_http::Envelope;
///
/// let answer = Envelope::successful(serde_json::json!({"hello": "world"}));
/// assert_eq!(
///     serde_json::to_string(&answer).unwrap(),
///     r#"{"code":200,"message":null,"data":{"hello":"world"}}"#
/// );
/// let answer = Envelope::not_found_device("no answer from the meter");
/// assert_eq!(
///     serde_json::to_string(&answer).unwrap(),
///     r#"{"code":412,"message":"no answer from the meter","data":null}"#
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Envelope<T> {
    /// 200, or what went wrong.
    #[schema(example = 200)]
    pub code: u16,
    /// What went wrong, for a person.
    pub message: Option<String>,
    /// What was asked for.
    pub data: Option<T>,
}

impl<T> Envelope<T> {
    /// 200: here is what was asked for.
    pub fn successful(data: T) -> Self {
        Self { code: 200, message: None, data: Some(data) }
    }
}

impl Envelope<()> {
    /// 200: it is done, and there is nothing to say of it.
    pub(crate) fn done() -> Self {
        Self { code: 200, message: None, data: None }
    }
}

/// The envelope of an answer that has nothing to say.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes an answer")]
pub(crate) struct NothingEnvelope {
    #[schema(example = 200)]
    code: u16,
    message: Option<String>,
    /// Always null.
    data: Option<serde_json::Value>,
}

macro_rules! failures {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        impl Envelope<()> {
            $(
                $(#[$doc])*
                pub fn $name(message: impl Into<String>) -> Self {
                    Self { code: $code, message: Some(message.into()), data: None }
                }
            )*
        }
    };
}

failures! {
    /// 400: the request can't be understood, and nothing was done.
    bad_request = 400;
    /// 401: who is asking has not been shown.
    unauthorized = 401;
    /// 403: who is asking is known, and may not.
    forbidden = 403;
    /// 404: there is no such thing.
    not_found = 404;
    /// 412: there is no such device.
    not_found_device = 412;
    /// 500: a fault of the service's own.
    internal_server_error = 500;
    /// 501: a device did not answer in time.
    device_timeout_error = 501;
    /// 502: a parameter holds what it may not.
    parameter_error = 502;
}

/// Marks an answer whose status may become 200 under `always-200`.
#[derive(Clone, Copy)]
pub(crate) struct Enveloped;

impl<T: Serialize> IntoResponse for Envelope<T> {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        response.extensions_mut().insert(Enveloped);
        response
    }
}
