//! Whether the settings fit together, and whether they are safe.

mod contradictions;
mod production;

use std::fmt;
use std::path::Path;

use super::declare::declarations;
use super::table::Settings;
use super::words::Profile;

/// How bad a [`Problem`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Doorward doesn't start.
    Error,
    /// Doorward starts and says so.
    Warning,
}

/// Something amiss with a setting.
///
/// `Display` writes it as a sentence with the way out.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// The setting.
    pub key: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is amiss, to follow the key.
    pub message: String,
    /// What to do about it.
    pub way_out: String,
}

impl Problem {
    pub(super) fn warning(key: &'static str, message: String, way_out: String) -> Self {
        Self { key, severity: Severity::Warning, message, way_out }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}. {}", self.key, self.message, self.way_out)
    }
}

/// Something that settings must not be.
pub(super) struct Rule {
    pub(super) key: &'static str,
    pub(super) severity: Severity,
    /// What is amiss, to follow the key.
    pub(super) message: &'static str,
    pub(super) way_out: &'static str,
    broken: fn(&Settings, &Files<'_>) -> bool,
}

/// Which files there are.
type Files<'a> = dyn Fn(&Path) -> bool + 'a;

/// What profile `production` refuses or warns of.
pub(super) fn production_rules() -> &'static [Rule] {
    production::RULES
}

/// What is amiss: values outside their range, settings that contradict one another, and under
/// profile `production` everything insecure. Looks whether files exist.
pub fn check(settings: &Settings) -> Vec<Problem> {
    check_with(settings, &Path::exists)
}

/// As [`check`], but asks `exists` whether there is a file.
pub fn check_with(settings: &Settings, exists: &dyn Fn(&Path) -> bool) -> Vec<Problem> {
    let mut problems = out_of_range(settings);
    let rules = contradictions::RULES.iter();
    let production = (settings.profile == Profile::Production).then_some(production::RULES);
    for rule in rules.chain(production.into_iter().flatten()) {
        if (rule.broken)(settings, exists) {
            problems.push(Problem {
                key: rule.key,
                severity: rule.severity,
                message: rule.message.to_owned(),
                way_out: rule.way_out.to_owned(),
            });
        }
    }
    problems
}

/// Values that no layer would have let in, but an embedding application can set.
fn out_of_range(settings: &Settings) -> Vec<Problem> {
    let mut scratch = Settings::default();
    let refused = declarations().filter_map(|declaration| {
        let given = (declaration.give)(settings);
        if matches!(given, super::value::Given::Nothing) {
            return None;
        }
        let refused = (declaration.read)(&mut scratch, &given, &declaration.rules).err()?;
        let takes = format!("It takes {}.", declaration.takes());
        Some(Problem {
            key: declaration.key,
            severity: Severity::Error,
            message: if declaration.rules.secret {
                "has a value that it doesn't take".to_owned()
            } else {
                format!("is {}", given.described())
            },
            way_out: refused.way_out.map_or(takes.clone(), |more| format!("{takes} {more}")),
        })
    });
    refused.collect()
}
