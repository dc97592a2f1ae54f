use std::{fmt, str::FromStr};

use doorward_guard::Identity;

use crate::{
    Error,
    role::{Permissions, check_name},
};

/// Whom a rule lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Require {
    /// Anybody, signed in or not.
    Anybody,
    /// Whoever is signed in and meets every one of these; none of them is needed besides.
    SignedIn(Vec<Requirement>),
}

/// What somebody who is signed in must have besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requirement {
    /// This role.
    Role(String),
    /// A role that has this permission.
    Permission(String),
    /// This scope, if the credential is narrowed to scopes at all: an API key.
    Scope(String),
}

impl Requirement {
    /// Whether the identity has it.
    ///
    /// # Errors
    /// [`Error::RoleRequired`], [`Error::PermissionRequired`], [`Error::ScopeRequired`].
    pub fn check(&self, identity: &Identity, permissions: &Permissions) -> Result<(), Error> {
        match self {
            Self::Role(role) if !identity.has_role(role) => Err(Error::RoleRequired { role: role.clone() }),
            Self::Permission(permission) if !permissions.allow(identity, permission) => {
                Err(Error::PermissionRequired { permission: permission.clone() })
            }
            Self::Scope(scope) if !identity.has_scope(scope) => Err(Error::ScopeRequired { scope: scope.clone() }),
            _ => Ok(()),
        }
    }
}

/// What says nothing of whom to let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`require` takes `anybody` alone, or `signed-in`, `role:NAME`, `permission:NAME`, `scope:NAME`")]
pub struct NoRequirement;

impl Require {
    /// Reads the words of a rule.
    ///
    /// # Errors
    /// [`NoRequirement`] where a word is none, where there are none, or where others stand beside `anybody`.
    pub fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, NoRequirement> {
        let words: Vec<_> = words.into_iter().collect();
        if words == ["anybody"] {
            return Ok(Self::Anybody);
        }
        if words.is_empty() {
            return Err(NoRequirement);
        }
        let besides = words.into_iter().filter(|word| *word != "signed-in").map(str::parse);
        besides.collect::<Result<_, _>>().map(Self::SignedIn)
    }

    /// The words.
    pub fn words(&self) -> Vec<String> {
        match self {
            Self::Anybody => vec!["anybody".into()],
            Self::SignedIn(besides) if besides.is_empty() => vec!["signed-in".into()],
            Self::SignedIn(besides) => besides.iter().map(ToString::to_string).collect(),
        }
    }
}

impl FromStr for Requirement {
    type Err = NoRequirement;

    fn from_str(word: &str) -> Result<Self, NoRequirement> {
        let (kind, name) = word.split_once(':').ok_or(NoRequirement)?;
        let make: fn(String) -> Self = match kind {
            "role" => Self::Role,
            "permission" => Self::Permission,
            "scope" => Self::Scope,
            _ => return Err(NoRequirement),
        };
        // Scopes may have a slash besides.
        let name_alone = if kind == "scope" { name.replace('/', "-") } else { name.to_owned() };
        check_name(&name_alone).map_err(|_| NoRequirement)?;
        Ok(make(name.to_owned()))
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(name) => write!(f, "role:{name}"),
            Self::Permission(name) => write!(f, "permission:{name}"),
            Self::Scope(name) => write!(f, "scope:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_and_written_alike() {
        for words in [&["anybody"][..], &["signed-in"], &["role:admin", "permission:a:b", "scope:v1/x"]] {
            assert_eq!(Require::parse(words.iter().copied()).unwrap().words(), words);
        }
        assert_eq!(Require::parse(["signed-in", "role:a"]).unwrap().words(), ["role:a"]);
    }

    #[test]
    fn nothing_lets_anybody_in_by_mistake() {
        for words in
            [&[][..], &["anybody", "role:admin"], &["Anybody"], &["role:"], &["admin"], &["role:a b"], &["any:x"]]
        {
            assert_eq!(Require::parse(words.iter().copied()), Err(NoRequirement), "{words:?}");
        }
    }
}
