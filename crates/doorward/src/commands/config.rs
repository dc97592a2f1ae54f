use doorward_core::settings::{self, Severity};
use serde_json::json;

use super::{Context, Outcome, exit::Exit, output};
use crate::arguments::{ConfigCommand, ReferenceFormat};

/// What needs no configuration to be told.
pub(super) fn without_loading(command: &ConfigCommand) -> Option<Outcome> {
    let ConfigCommand::Reference { format } = command else { return None };
    let text = match format {
        ReferenceFormat::Toml => settings::example_toml(),
        ReferenceFormat::Markdown => settings::reference_markdown(),
    };
    output::print(text.trim_end());
    Some(Ok(Exit::Done))
}

pub(super) fn run(command: &ConfigCommand, context: &Context) -> Outcome {
    match command {
        ConfigCommand::Show => {
            let rows = settings::show(&context.loaded);
            if context.json {
                output::print_json(&rows);
            } else {
                rows.iter().for_each(|row| output::print(&row.to_string()));
            }
            Ok(Exit::Done)
        }
        ConfigCommand::Check => check(context),
        ConfigCommand::Reference { .. } => Ok(Exit::Done),
    }
}

fn check(context: &Context) -> Outcome {
    let mut problems = context.loaded.warnings.clone();
    problems.extend(settings::check(&context.loaded.settings));
    let bad = problems.iter().any(|problem| problem.severity == Severity::Error);
    if context.json {
        output::print_json(&json!({"problems": problems}));
    } else if problems.is_empty() {
        output::print("Nothing is wrong.");
    } else {
        for problem in &problems {
            let word = if problem.severity == Severity::Error { "error" } else { "warning" };
            output::print(&format!("{word}: {}: {}. {}", problem.key, problem.message, problem.way_out));
        }
    }
    Ok(if bad { Exit::Configuration } else { Exit::Done })
}
