//! What can be wrong with a configuration.

use std::path::PathBuf;

use super::source::Source;

/// One thing wrong with the configuration. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// No setting has that name.
    #[error("{origin}: there is no setting `{key}`. {}", meant(nearest.as_deref()))]
    Unknown {
        /// The key, or the name of the variable, as it was written.
        key: String,
        /// Where it stands.
        origin: Source,
        /// The known one that was probably meant, spelled as it would be there.
        nearest: Option<String>,
    },
    /// A setting was given a value that it doesn't take.
    #[error("{origin}: `{key}` is {given}; it takes {allowed}.{}", after_space(way_out.as_deref()))]
    Value {
        /// The setting.
        key: &'static str,
        /// Where the value stands.
        origin: Source,
        /// What was given, or that it is not shown.
        given: String,
        /// What the setting takes.
        allowed: String,
        /// What to do, where there is more to say.
        way_out: Option<String>,
    },
    /// A variable and its `_FILE` are both there.
    #[error("environment {name} and {name}_FILE: both are set. Unset one of them.")]
    Twice {
        /// The variable without `_FILE`.
        name: String,
    },
    /// The name of a section has a plain value.
    #[error("{origin}: `{section}` is a section. Write `[{section}]` and its settings below it.")]
    NotASection {
        /// The section.
        section: String,
        /// Where it stands.
        origin: Source,
    },
    /// The file is not TOML.
    #[error("{}:{line}:{column}: not valid TOML: {reason}.", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// In bytes, from 1.
        column: usize,
        /// What the parser says.
        reason: String,
    },
    /// A file can't be read.
    #[error("{}: cannot be read ({reason}). {way_out}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
        /// What to do.
        way_out: String,
    },
}

impl SettingsError {
    /// A name of the case that stays the same between versions.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "setting_unknown",
            Self::Value { .. } => "setting_invalid",
            Self::Twice { .. } => "setting_given_twice",
            Self::NotASection { .. } => "setting_is_a_section",
            Self::Syntax { .. } => "file_not_toml",
            Self::Unreadable { .. } => "file_unreadable",
        }
    }
}

impl SettingsError {
    /// Sorts errors as the layers lie, and those of the file by line.
    pub(super) fn place(&self) -> (u8, usize) {
        match self {
            Self::Unknown { origin, .. } | Self::Value { origin, .. } | Self::NotASection { origin, .. } => {
                match origin {
                    Source::File { line, .. } => (0, *line),
                    Source::Flag(_) => (2, 0),
                    _ => (1, 0),
                }
            }
            Self::Syntax { line, .. } => (0, *line),
            Self::Unreadable { .. } => (0, 0),
            Self::Twice { .. } => (1, 0),
        }
    }
}

fn meant(nearest: Option<&str>) -> String {
    match nearest {
        Some(nearest) => format!("Did you mean `{nearest}`?"),
        None => "`doorward config show` lists them all.".to_owned(),
    }
}

fn after_space(way_out: Option<&str>) -> String {
    way_out.map(|way_out| format!(" {way_out}")).unwrap_or_default()
}
