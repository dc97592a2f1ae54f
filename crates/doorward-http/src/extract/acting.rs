use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use doorward_core::{
    Actor, Caller, Doorward, Error,
    database::UserId,
    throttle::{DeviceToken, RateTold},
};
use doorward_guard::{CredentialKind, Identity};
use http::{Extensions, HeaderMap, HeaderName, request::Parts};

use crate::{App, client_address, cookie, envelope::Refusal, layers::RequestId};

/// Doorward, acting for whoever sent the request: what an operation needs that writes to the audit.
/// After [`CurrentUser`](crate::CurrentUser) among a handler's arguments, so that it knows who that is.
#[derive(Debug, Clone)]
pub(crate) struct Acting(pub(crate) Doorward);

impl<S: Send + Sync> FromRequestParts<S> for Acting {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let app = parts.extensions.get::<App>().cloned();
        let app = app.ok_or_else(|| Refusal(Error::Internal("no Doorward around the route".into())).into_response())?;
        Ok(Self(acting(&app, &parts.headers, &parts.extensions)))
    }
}

/// The header in which the solution of a challenge comes.
pub(crate) const CHALLENGE_RESPONSE: HeaderName = HeaderName::from_static("x-challenge-response");

/// The same from a request's parts.
pub(crate) fn acting(app: &App, headers: &HeaderMap, extensions: &Extensions) -> Doorward {
    let actor = match extensions.get::<Arc<Identity>>() {
        Some(identity) if identity.kind == CredentialKind::ApiKey => Actor::ApiKey(UserId(identity.user_id)),
        Some(identity) => Actor::User(UserId(identity.user_id)),
        None => Actor::Anonymous,
    };
    app.doorward().on_behalf_of(Caller {
        actor,
        client: client_address::client(headers, extensions, &app.settings().http.trusted_proxies),
        request_id: extensions.get::<RequestId>().map(|id| id.0.clone()),
        device: cookie::read(headers, app.device_cookie_name()).and_then(DeviceToken::read),
        challenge: headers.get(CHALLENGE_RESPONSE).and_then(|value| value.to_str().ok()).map(str::to_owned),
        rate: extensions.get::<RateTold>().cloned().unwrap_or_default(),
    })
}
