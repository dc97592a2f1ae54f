//! Every value with where it came from.

use std::fmt;

use super::declare::declarations;
use super::load::Loaded;
use super::source::Source;

/// One setting, as `config show` prints it.
///
/// `Display` writes a line of TOML with the source as its comment, `Serialize` an object.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Row {
    /// The key in `doorward.toml`.
    pub key: &'static str,
    /// The value, secrets masked; null where there is none.
    pub value: serde_json::Value,
    /// Where it came from.
    pub source: Source,
    /// The environment name.
    pub environment: String,
    /// What the setting is.
    pub description: String,
}

/// Every setting in the order of the documentation. No secret is in it.
pub fn show(loaded: &Loaded) -> Vec<Row> {
    let row = |declaration: &'static super::declare::Declaration| Row {
        key: declaration.key,
        value: (declaration.shown)(&loaded.settings),
        source: loaded.sources.get(declaration.key).clone(),
        environment: declaration.environment(),
        description: declaration.description(),
    };
    declarations().map(row).collect()
}

impl Row {
    /// The value as TOML; "not set" where there is none.
    pub fn text(&self) -> String {
        match &self.value {
            serde_json::Value::Null => "(not set)".to_owned(),
            value => toml_of(value),
        }
    }
}

fn toml_of(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => toml::Value::String(text.clone()).to_string(),
        serde_json::Value::Array(entries) => {
            let entries: Vec<_> = entries.iter().map(toml_of).collect();
            format!("[{}]", entries.join(", "))
        }
        serde_json::Value::Object(entries) => {
            let entries: Vec<_> = entries.iter().map(|(name, value)| format!("{name} = {}", toml_of(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        value => value.to_string(),
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comment = if self.value.is_null() { "# " } else { "" };
        write!(f, "{comment}{} = {} # {}", self.key, self.text(), self.source)
    }
}
