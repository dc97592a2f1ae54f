use doorward_core::{
    Error, FieldError, Language, Words,
    settings::{Problem, SettingsError},
};
use serde_json::json;

use super::{exit::Exit, output};

/// Why a command did not do what it was asked, and with which exit code that is told.
#[derive(Debug)]
pub(crate) struct CommandError {
    exit: Exit,
    /// The stable name.
    name: &'static str,
    faults: Vec<Fault>,
}

/// One thing that is wrong.
#[derive(Debug)]
pub(crate) struct Fault {
    /// What is wrong, and where.
    pub(crate) message: String,
    /// What to do about it, where the message does not say it.
    pub(crate) way_out: Option<String>,
}

impl Fault {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), way_out: None }
    }

    fn with(message: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self { message: message.into(), way_out: Some(way_out.into()) }
    }
}

impl CommandError {
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, name: "failed", faults: vec![Fault::new(message)] }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, name: "usage", faults: vec![Fault::new(message)] }
    }

    /// What only the option `--yes` lets happen.
    pub(crate) fn unless_yes(message: impl Into<String>) -> Self {
        let fault = Fault::with(message, "say --yes to do it");
        Self { exit: Exit::Usage, name: "not_confirmed", faults: vec![fault] }
    }

    pub(crate) fn configuration(message: impl Into<String>) -> Self {
        Self { exit: Exit::Configuration, name: "configuration", faults: vec![Fault::new(message)] }
    }

    pub(crate) fn conflict(name: &'static str, message: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self { exit: Exit::Conflict, name, faults: vec![Fault::with(message, way_out)] }
    }

    /// What another program has to do.
    pub(crate) fn elsewhere(name: &'static str, message: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, name, faults: vec![Fault::with(message, way_out)] }
    }

    /// A configuration that must not be served with.
    pub(crate) fn unfit(problems: Vec<Problem>) -> Self {
        let faults = problems
            .into_iter()
            .map(|problem| Fault::with(format!("`{}` {}", problem.key, problem.message), problem.way_out));
        Self { exit: Exit::Configuration, name: "configuration", faults: faults.collect() }
    }

    /// A configuration that can't be read.
    pub(crate) fn unread(errors: Vec<SettingsError>) -> Self {
        let faults = errors.into_iter().map(|error| Fault::new(error.to_string()));
        Self { exit: Exit::Configuration, name: "configuration", faults: faults.collect() }
    }

    /// An embedded database that was never made.
    pub(crate) fn no_database(location: &str) -> Self {
        let fault = Fault::with(
            format!("there is no database at {location}"),
            "correct `database`, or make it: `doorward serve`, `doorward migrate up` and `doorward user create` do",
        );
        Self { exit: Exit::Unavailable, name: "unavailable", faults: vec![fault] }
    }

    /// A setting that this command refuses.
    pub(crate) fn refused_setting(what: &str, way_out: &str) -> Self {
        Self { exit: Exit::Configuration, name: "configuration", faults: vec![Fault::with(what, way_out)] }
    }

    /// A database that can't be opened or reached.
    pub(crate) fn unreachable(error: Error) -> Self {
        Self { exit: Exit::Unavailable, name: "unavailable", ..Self::from(error) }
    }

    /// Everything that is wrong.
    pub(crate) fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The exit code.
    pub(crate) fn code(&self) -> u8 {
        self.exit.code()
    }

    /// Tells it on standard error.
    pub(crate) fn tell(&self, json: bool) {
        if json {
            output::complain(&self.document().to_string());
            return;
        }
        for Fault { message, way_out } in &self.faults {
            output::complain(&format!("error: {message}"));
            if let Some(way_out) = way_out {
                output::complain(&format!("  → {way_out}"));
            }
        }
    }

    fn document(&self) -> serde_json::Value {
        let together = |parts: Vec<&str>| (!parts.is_empty()).then(|| parts.join("\n"));
        let message = together(self.faults.iter().map(|fault| fault.message.as_str()).collect());
        let way_out = together(self.faults.iter().filter_map(|fault| fault.way_out.as_deref()).collect());
        json!({"error": self.name, "message": message, "way_out": way_out})
    }
}

impl From<Error> for CommandError {
    fn from(error: Error) -> Self {
        let exit = match error.code() {
            400 => Exit::Usage,
            404 => Exit::NotFound,
            409 => Exit::Conflict,
            503 => Exit::Unavailable,
            _ => Exit::Failed,
        };
        let name = error.name();
        let faults = match error {
            Error::Invalid(fields) => fields.iter().map(field_fault).collect(),
            Error::Startup { what, way_out } => vec![Fault::with(what, way_out)],
            Error::Internal(_) | Error::Unavailable(_) => vec![Fault::new(error.to_string())],
            Error::RegistrationClosed => vec![Fault::with(
                "registration is closed: nobody could use an invitation",
                "set `registration.mode` to `invite`, `domain` or `open`",
            )],
            other => vec![Fault::new(other.in_words(Language::English))],
        };
        Self { exit, name, faults }
    }
}

fn field_fault(field: &FieldError) -> Fault {
    Fault::new(format!("{}: {}", field.field, field.problem.in_words(Language::English)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_and_the_way_out_stand_apart() {
        let error = CommandError::from(Error::startup("the disk is full", "free some space"));
        assert_eq!(error.code(), 1);
        assert_eq!(
            error.document(),
            json!({"error": "internal_error", "message": "the disk is full", "way_out": "free some space"})
        );
    }

    #[test]
    fn every_fault_is_told() {
        let errors = settings_errors(&[("nope", "1"), ("token.expiration", "-3")]);
        let error = CommandError::unread(errors);
        assert_eq!(error.code(), 3);
        let message = error.document()["message"].as_str().unwrap().to_owned();
        assert!(message.contains("`nope`") && message.contains("`token.expiration`"), "{message}");
    }

    fn settings_errors(flags: &[(&str, &str)]) -> Vec<SettingsError> {
        let flags = flags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let options = doorward_core::settings::Options { flags, ..Default::default() };
        doorward_core::settings::load(&options).unwrap_err()
    }
}
