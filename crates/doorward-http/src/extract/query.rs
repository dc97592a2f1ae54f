use axum::extract::{FromRequestParts, Query};
use doorward_core::{Error, FieldProblem};
use http::request::Parts;
use serde_json::{Map, Value};

use super::{Fields, ReadFields, fields::told_back};
use crate::envelope::Refusal;

/// The parameters behind the `?`: each one time, none that the request doesn't name.
#[derive(Debug)]
pub(crate) struct QueryFields<T>(pub(crate) T);

impl<S: Send + Sync, T: ReadFields> FromRequestParts<S> for QueryFields<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|_| Error::MalformedRequest("the query can't be read".into()))?;
        let mut members = Map::new();
        for (name, value) in pairs {
            let shown = told_back(&name);
            if members.insert(name, Value::String(value)).is_some() {
                return Err(Error::field(shown, FieldProblem::Duplicate).into());
            }
        }
        Ok(Self(Fields::read_all(members)?))
    }
}
