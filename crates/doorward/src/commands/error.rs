use doorward_core::{
    Error,
    settings::{Problem, SettingsError},
};

/// Why a command did not do what it was asked, and with which exit code that is told.
#[derive(Debug)]
pub(crate) struct CommandError {
    /// 1 failed, 2 wrong usage, 3 configuration, 4 not found, 5 conflict, 6 database unavailable,
    /// 7 doctor found faults.
    pub(crate) exit_code: u8,
    /// The stable name.
    pub(crate) name: &'static str,
    /// What is wrong, and what to do; one line each.
    pub(crate) lines: Vec<String>,
}

impl CommandError {
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { exit_code: 1, name: "failed", lines: vec![message.into()] }
    }

    pub(crate) fn configuration(message: impl Into<String>) -> Self {
        Self { exit_code: 3, name: "configuration", lines: vec![message.into()] }
    }

    /// A configuration that must not be served with.
    pub(crate) fn unfit(problems: Vec<Problem>) -> Self {
        let lines = problems
            .into_iter()
            .map(|problem| format!("{}: {}. {}", problem.key, problem.message, problem.way_out));
        Self { exit_code: 3, name: "configuration", lines: lines.collect() }
    }

    /// A configuration that can't be read.
    pub(crate) fn unread(errors: Vec<SettingsError>) -> Self {
        let lines = errors.into_iter().map(|error| error.to_string());
        Self { exit_code: 3, name: "configuration", lines: lines.collect() }
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
        Self { exit_code, name: error.name(), lines: vec![error.to_string()] }
    }
}
