use std::{marker::PhantomData, sync::Arc};

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use doorward_core::{Error, session::Client, token, user};
use doorward_guard::{API_KEY_PREFIX, Credential, CredentialKind, CredentialSource, Denied, Identity};
use http::{HeaderMap, header::AUTHORIZATION, request::Parts};

use super::{ScopeName, current_user::app};
use crate::envelope::Refusal;

/// Another service, by its API key with the scope `S`: as a bearer (RFC 6750) or with its name by HTTP Basic (RFC 6749
/// §2.3.1, RFC 7617). No token, no cookie and no person's key is one. Others get 401 `service_required`, a key without
/// the scope 403 `scope_required`.
#[derive(Debug)]
pub(crate) struct Service<S>(PhantomData<S>);

impl<State: Send + Sync, S: ScopeName> FromRequestParts<State> for Service<S> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Response> {
        let app = app(&parts.extensions)?;
        let identity =
            recognise(app.doorward(), &parts.headers).await.map_err(|error| Refusal(error).into_response())?;
        // Only a key of a service is ever made with such a scope.
        if !identity.has_scope(S::NAME) {
            return Err(Refusal(Error::ScopeRequired { scope: S::NAME.to_owned() }).into_response());
        }
        parts.extensions.insert(identity);
        Ok(Self(PhantomData))
    }
}

async fn recognise(doorward: &doorward_core::Doorward, headers: &HeaderMap) -> Result<Arc<Identity>, Error> {
    let shown = Shown::read(headers).ok_or(Error::ServiceRequired)?;
    let credential =
        Credential { kind: CredentialKind::ApiKey, source: CredentialSource::Authorization, value: &shown.key };
    match token::authenticate(doorward, &credential, &Client::default()).await {
        Ok(identity) if shown.is_name_of(&identity) => Ok(identity),
        Ok(_) => Err(Error::ServiceRequired),
        Err(Error::Denied(Denied::Stale)) => Err(Denied::Stale.into()),
        Err(Error::Denied(_)) => Err(Error::ServiceRequired),
        Err(other) => Err(other),
    }
}

/// What stands in the header; nothing is verified yet.
struct Shown {
    name: Option<String>,
    key: String,
}

impl Shown {
    fn read(headers: &HeaderMap) -> Option<Self> {
        let mut lines = headers.get_all(AUTHORIZATION).iter();
        let line = lines.next()?.to_str().ok()?;
        if lines.next().is_some() {
            return None;
        }
        let (scheme, rest) = line.split_once(' ')?;
        let rest = rest.trim_start_matches(' ');
        let shown = if scheme.eq_ignore_ascii_case("bearer") {
            Self { name: None, key: rest.to_owned() }
        } else if scheme.eq_ignore_ascii_case("basic") {
            let pair = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
            let (name, key) = pair.split_once(':')?;
            Self { name: Some(name.to_owned()), key: key.to_owned() }
        } else {
            return None;
        };
        shown.key.starts_with(API_KEY_PREFIX).then_some(shown)
    }

    /// Whether the name, if one came, is the service's, whatever its case and Unicode form.
    fn is_name_of(&self, identity: &Identity) -> bool {
        self.name.as_deref().is_none_or(|name| {
            identity.username.as_deref().is_some_and(|username| user::lookup_key(username) == user::lookup_key(name))
        })
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(lines: &[&str]) -> Option<(Option<String>, String)> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(AUTHORIZATION, HeaderValue::from_str(line).unwrap());
        }
        Shown::read(&headers).map(|shown| (shown.name, shown.key))
    }

    fn basic(pair: &str) -> String {
        format!("Basic {}", STANDARD.encode(pair))
    }

    #[test]
    fn a_key_comes_as_a_bearer_or_with_a_name() {
        assert_eq!(read(&["Bearer dw_1"]), Some((None, "dw_1".into())));
        assert_eq!(read(&["bEARER  dw_1"]), Some((None, "dw_1".into())));
        assert_eq!(read(&[&basic("shop:dw_1")]), Some((Some("shop".into()), "dw_1".into())));
    }

    #[test]
    fn all_else_is_none() {
        for lines in [
            &[] as &[&str],
            &["Bearer eyJ"],
            &["Bearer"],
            &["dw_1"],
            &["Digest dw_1"],
            &["Basic %%%"],
            &[&basic("dw_1")],
            &[&basic("shop:secret")],
            &["Bearer dw_1", "Bearer dw_1"],
        ] {
            assert_eq!(read(lines), None, "{lines:?}");
        }
    }
}
