use doorward_guard::Identity;
use http::Method;

use crate::{Error, FieldProblem};

/// The scope that safe methods need (RFC 9110 §9.2.1).
pub const READ: &str = "read";
/// The scope that every other method needs.
pub const WRITE: &str = "write";

/// The scope with which a service asks what a token is worth: only on keys of services.
pub const INTROSPECT: &str = "introspect";
/// The scope with which a service follows the revocations: only on keys of services.
pub const REVOCATIONS: &str = "revocations";

/// Whether only a service's key can have this scope.
pub(super) fn is_for_services(scope: &str) -> bool {
    matches!(scope, INTROSPECT | REVOCATIONS)
}

/// The most scopes of one key.
const MOST: usize = 20;
/// The longest scope, in characters: as long as a role's name.
const WIDTH: usize = 64;

/// Whether these can be the scopes of a key: [`READ`], [`WRITE`], names of roles, and the application's own
/// strings, all of `[A-Za-z0-9][A-Za-z0-9:._/-]{0,63}`, the part of OAuth's `scope-token` (RFC 6749 §3.3) that
/// needs no quoting anywhere.
pub fn check_scopes(scopes: &[String]) -> Result<(), FieldProblem> {
    if scopes.is_empty() {
        return Err(FieldProblem::Empty);
    }
    if scopes.len() > MOST {
        return Err(FieldProblem::TooLong { most: MOST, unit: "scopes" });
    }
    for scope in scopes {
        if scope.is_empty() {
            return Err(FieldProblem::Empty);
        }
        if scope.len() > WIDTH {
            return Err(FieldProblem::TooLong { most: WIDTH, unit: "characters" });
        }
        let begins = scope.starts_with(|first: char| first.is_ascii_alphanumeric());
        if !begins || !scope.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":._/-".contains(&byte)) {
            return Err(FieldProblem::InvalidCharacters);
        }
    }
    Ok(())
}

/// Whether a credential that is narrowed reaches to this method: a safe one (RFC 9110 §9.2.1) needs the scope
/// [`READ`], any other [`WRITE`].
///
/// # Errors
/// [`Error::ScopeRequired`].
pub fn within_scope(identity: &Identity, method: &Method) -> Result<(), Error> {
    let scope = if method.is_safe() { READ } else { WRITE };
    if identity.has_scope(scope) { Ok(()) } else { Err(Error::ScopeRequired { scope: scope.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(scopes: &[&str]) -> Result<(), FieldProblem> {
        check_scopes(&scopes.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn scopes_are_words_that_need_no_quoting() {
        assert_eq!(check(&["read", "write", "admin", "meters:read", "v1/a.b-c_d"]), Ok(()));
        assert_eq!(check(&[]), Err(FieldProblem::Empty));
        assert_eq!(check(&["read", ""]), Err(FieldProblem::Empty));
        for odd in ["a b", "a\"", "a\n", "-a", "é", "a,b", "a\0"] {
            assert_eq!(check(&[odd]), Err(FieldProblem::InvalidCharacters), "{odd:?}");
        }
        assert!(matches!(check(&[&"x".repeat(65)]), Err(FieldProblem::TooLong { .. })));
        assert!(matches!(check(&["x"; 21]), Err(FieldProblem::TooLong { .. })));
    }
}
