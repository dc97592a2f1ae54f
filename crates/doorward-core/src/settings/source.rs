//! Where a value came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::words::Profile;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The declared default.
    Default,
    /// The default of a profile, where it differs.
    ProfileDefault(Profile),
    /// `doorward.toml`.
    File {
        /// The file.
        path: PathBuf,
        /// The line on which the value stands, from 1.
        line: usize,
    },
    /// A variable of the environment, by its name.
    Environment(String),
    /// A file that a variable of the environment names.
    EnvironmentFile {
        /// The variable.
        name: String,
        /// The file.
        path: PathBuf,
    },
    /// The command line, by the setting's key.
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::ProfileDefault(profile) => write!(f, "default of profile {profile}"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "environment {}", name.escape_debug()),
            Self::EnvironmentFile { name, path } => {
                write!(f, "environment {name} ({})", path.display())
            }
            Self::Flag(_) => f.write_str("command line"),
        }
    }
}

impl serde::Serialize for Source {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The source of every value, by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources(BTreeMap<&'static str, Source>);

impl Sources {
    /// Where the value of `key` came from; [`Source::Default`] where no layer gave one.
    pub fn get(&self, key: &str) -> &Source {
        self.0.get(key).unwrap_or(&Source::Default)
    }

    pub(super) fn set(&mut self, key: &'static str, source: Source) {
        self.0.insert(key, source);
    }
}
