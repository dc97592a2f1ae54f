use std::convert::Infallible;

use axum::extract::FromRequestParts;
use doorward_core::profile::Precondition;
use http::{HeaderMap, header::IF_MATCH, request::Parts};

/// The most of an `If-Match` that is looked at, in validators.
const MOST: usize = 32;

/// `If-Match` (RFC 9110 §13.1.1). A weak validator matches nothing (§8.8.3.2), and neither does what is none.
#[derive(Debug)]
pub(crate) struct IfMatch(pub(crate) Precondition);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(read(&parts.headers)))
    }
}

fn read(headers: &HeaderMap) -> Precondition {
    if !headers.contains_key(IF_MATCH) {
        return Precondition::None;
    }
    let lines = headers.get_all(IF_MATCH).iter().map(|line| line.to_str().unwrap_or_default());
    let mut items = lines.flat_map(|line| line.split(',')).map(str::trim).take(MOST).peekable();
    if items.peek() == Some(&"*") {
        return Precondition::Any;
    }
    Precondition::OneOf(items.filter(|item| item.starts_with('"')).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strong_validators_are_read_and_nothing_else_matches() {
        let read_of = |line: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(IF_MATCH, line.parse().unwrap());
            read(&headers)
        };
        assert_eq!(read(&HeaderMap::new()), Precondition::None);
        assert_eq!(read_of("*"), Precondition::Any);
        assert_eq!(read_of(r#""a" ,"b""#), Precondition::OneOf(vec![r#""a""#.into(), r#""b""#.into()]));
        for nothing in [r#"W/"a""#, "", "a", "W/*"] {
            assert_eq!(read_of(nothing), Precondition::OneOf(Vec::new()), "{nothing}");
        }
    }
}
