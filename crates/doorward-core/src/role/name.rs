use std::collections::BTreeSet;

use crate::{Error, FieldError, FieldProblem};

/// The width of the columns `role` and `permission`, in characters.
const COLUMN_WIDTH: usize = 64;

/// The most of a description, in characters.
const DESCRIPTION_WIDTH: usize = 1_000;

/// The most permissions of one role.
const MOST_PERMISSIONS: usize = 200;

/// A role's or permission's name stands in tokens, paths and configuration of other programs: ASCII
/// letters, digits and `. _ : -`, with a letter or digit first.
pub(crate) fn check_name(name: &str) -> Result<(), FieldProblem> {
    if name.is_empty() {
        return Err(FieldProblem::Empty);
    }
    if name.len() > COLUMN_WIDTH {
        return Err(FieldProblem::TooLong { most: COLUMN_WIDTH, unit: "characters" });
    }
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte));
    if plain && name.as_bytes()[0].is_ascii_alphanumeric() { Ok(()) } else { Err(FieldProblem::InvalidCharacters) }
}

fn check_description(text: &str) -> Result<(), FieldProblem> {
    if text.chars().count() > DESCRIPTION_WIDTH {
        return Err(FieldProblem::TooLong { most: DESCRIPTION_WIDTH, unit: "characters" });
    }
    if text.chars().any(char::is_control) { Err(FieldProblem::InvalidCharacters) } else { Ok(()) }
}

/// Says of each bad member what is wrong with it.
pub(super) fn check(
    name: Option<&str>,
    description: Option<&str>,
    permissions: Option<&BTreeSet<String>>,
) -> Result<(), Error> {
    let mut bad = Vec::new();
    let mut note = |field: &'static str, result: Result<(), FieldProblem>| {
        if let Err(problem) = result {
            bad.push(FieldError { field: field.into(), problem });
        }
    };
    if let Some(name) = name {
        note("name", check_name(name));
    }
    if let Some(description) = description {
        note("description", check_description(description));
    }
    if let Some(permissions) = permissions {
        note("permissions", check_permissions(permissions));
    }
    if bad.is_empty() { Ok(()) } else { Err(Error::Invalid(bad)) }
}

fn check_permissions(permissions: &BTreeSet<String>) -> Result<(), FieldProblem> {
    if permissions.len() > MOST_PERMISSIONS {
        return Err(FieldProblem::TooLong { most: MOST_PERMISSIONS, unit: "permissions" });
    }
    permissions.iter().try_for_each(|permission| check_name(permission))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_be_written_anywhere() {
        for name in ["admin", "invoices:write", "a.b_c-d", "9"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in ["", "-a", ":a", "a b", "a/b", "a,b", "\u{430}dmin", "a\n", "a\0", &"x".repeat(65)] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
    }
}
