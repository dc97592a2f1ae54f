use doorward_core::{
    Error, FieldError, Language, Words,
    settings::{Problem, SettingsError},
};

/// Why a command did not do what it was asked, and with which exit code that is told.
#[derive(Debug)]
pub(crate) struct CommandError {
    pub(crate) exit_code: u8,
    /// The stable name.
    name: &'static str,
    /// What is wrong, and what to do; one line each.
    lines: Vec<String>,
}

impl CommandError {
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { exit_code: 1, name: "failed", lines: vec![message.into()] }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit_code: 2, name: "usage", lines: vec![message.into()] }
    }

    pub(crate) fn configuration(message: impl Into<String>) -> Self {
        Self { exit_code: 3, name: "configuration", lines: vec![message.into()] }
    }

    /// A configuration that must not be served with.
    pub(crate) fn unfit(problems: Vec<Problem>) -> Self {
        let lines =
            problems.into_iter().map(|problem| format!("{}: {}. {}", problem.key, problem.message, problem.way_out));
        Self { exit_code: 3, name: "configuration", lines: lines.collect() }
    }

    /// A configuration that can't be read.
    pub(crate) fn unread(errors: Vec<SettingsError>) -> Self {
        let lines = errors.into_iter().map(|error| error.to_string());
        Self { exit_code: 3, name: "configuration", lines: lines.collect() }
    }

    /// Tells it on standard error.
    pub(crate) fn tell(&self, json: bool) {
        if json {
            let error = serde_json::json!({"error": self.name, "messages": self.lines});
            eprintln!("{error}");
            return;
        }
        for line in &self.lines {
            eprintln!("error: {line}");
        }
    }
}

impl From<Error> for CommandError {
    fn from(error: Error) -> Self {
        let exit_code = match error.code() {
            400 => 2,
            404 => 4,
            409 => 5,
            503 => 6,
            _ => 1,
        };
        let lines = match &error {
            Error::Invalid(fields) => fields.iter().map(field_line).collect(),
            Error::Startup { .. } | Error::Internal(_) | Error::Unavailable(_) => {
                vec![error.to_string()]
            }
            other => vec![other.in_words(Language::English).into_owned()],
        };
        Self { exit_code, name: error.name(), lines }
    }
}

fn field_line(field: &FieldError) -> String {
    format!("{}: {}", field.field, field.problem.in_words(Language::English))
}
