use serde::{Deserialize, Serialize};

use crate::{Error, database::Table};

/// Which table holds an application's users, and which of its columns means what. Written and read as
/// TOML; every name is a column's, exactly as the database has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The table.
    pub table: String,
    /// What identifies a user: the primary key.
    pub id: String,
    /// The name that a user signs in by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The password's hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
    /// Whether the address is confirmed: true or false, or the time since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<String>,
    /// Whether the account may sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<String>,
    /// Whether the user is an administrator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub administrator: Option<String>,
    /// The name shown to others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The first part of that name, where the table has it in two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// The last part of that name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Where the user says to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// What users say of themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about_me: Option<String>,
    /// When the account was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member_since: Option<String>,
    /// When the user was last seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<String>,
    /// MD5 of the address, for an avatar service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar_hash: Option<String>,
}

impl Mapping {
    /// Reads a mapping; an unknown key, or a `table` or `id` that is missing, is an error.
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        toml::from_str(text).map_err(|error| {
            Error::startup(
                format!("the mapping can't be read: {}", error.to_string().trim_end()),
                "begin with what `doorward adopt` shows, and change that",
            )
        })
    }

    /// The mapping as TOML.
    pub fn to_toml(&self) -> Result<String, Error> {
        toml::to_string(self).map_err(|error| Error::startup(error.to_string(), "tell its authors"))
    }

    /// The meanings that have a column, and that column.
    pub fn columns(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let optional = [
            ("username", &self.username),
            ("email", &self.email),
            ("password_hash", &self.password_hash),
            ("confirmed", &self.confirmed),
            ("active", &self.active),
            ("administrator", &self.administrator),
            ("name", &self.name),
            ("first_name", &self.first_name),
            ("last_name", &self.last_name),
            ("location", &self.location),
            ("about_me", &self.about_me),
            ("member_since", &self.member_since),
            ("last_seen", &self.last_seen),
            ("avatar_hash", &self.avatar_hash),
        ];
        let optional = optional.into_iter().filter_map(|(meaning, column)| Some((meaning, column.as_deref()?)));
        std::iter::once(("id", self.id.as_str())).chain(optional)
    }

    /// Whether the table has every column that is named, and enough of them are.
    pub fn check(&self, table: &Table) -> Result<(), Error> {
        for (meaning, column) in self.columns() {
            if table.column(column).is_none() {
                let there: Vec<_> = table.columns.iter().map(|column| format!("`{}`", column.name)).collect();
                return Err(Error::startup(
                    format!(
                        "the mapping's `{meaning}` is `{column}`, and the table `{}` has no such column",
                        table.name
                    ),
                    format!("name one of {}", there.join(", ")),
                ));
            }
        }
        if self.username.is_none() && self.email.is_none() {
            return Err(Error::startup(
                format!("neither `username` nor `email` of the table `{}` is known: nobody could sign in", self.table),
                "name the column of one of them in a mapping, and give it by `--mapping FILE`",
            ));
        }
        Ok(())
    }

    /// Whether Doorward can work on the table where it stands: it is `users` with the Flask system's
    /// names. Others can be imported.
    pub fn fits_in_place(&self) -> bool {
        self.table == "users"
            && self.username.is_some()
            && self.email.is_some()
            && self.password_hash.is_some()
            && self.active.is_none()
            && self.administrator.is_none()
            && self.columns().all(|(meaning, column)| meaning == column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_comes_back_as_it_was_written() {
        let mapping = Mapping {
            table: "auth_user".into(),
            id: "id".into(),
            username: Some("odd \"name\"".into()),
            ..Mapping::default()
        };
        assert_eq!(Mapping::from_toml(&mapping.to_toml().unwrap()).unwrap(), mapping);
        assert!(Mapping::from_toml("table = 'users'\nid = 'id'\nnope = 'x'").is_err());
        assert!(Mapping::from_toml("table = 'users'").is_err());
    }
}
