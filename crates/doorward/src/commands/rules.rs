use doorward_core::{
    Error, Language, Words as _,
    forward_auth::{self, Original, Rule},
    user,
};
use serde_json::{Value, json};

use super::{CommandError, Context, Outcome, exit::Exit, output};
use crate::arguments::RulesCommand;

/// Who is nobody.
const NOBODY: &str = "nobody";

pub(super) async fn run(command: RulesCommand, context: Context) -> Outcome {
    match command {
        RulesCommand::List => {
            list(&context);
            Ok(Exit::Done)
        }
        RulesCommand::Test { method, url, user, scope } => test(&context, &method, &url, &user, &scope).await,
    }
}

fn list(context: &Context) {
    let rules = &context.loaded.settings.forward_auth.rules;
    if context.json {
        let rules: Vec<_> = rules.iter().enumerate().map(|(index, rule)| as_json(index + 1, rule)).collect();
        output::print_json(&json!({"rules": rules}));
    } else if rules.is_empty() {
        output::print("There are no rules: nobody is let through.");
    } else {
        for (index, rule) in rules.iter().enumerate() {
            output::print(&format!("{}  {rule}", index + 1));
        }
        output::print("All else is refused.");
    }
}

fn as_json(number: usize, rule: &Rule) -> Value {
    fn texts(items: impl IntoIterator<Item = impl ToString>) -> Vec<String> {
        items.into_iter().map(|item| item.to_string()).collect()
    }
    json!({
        "number": number,
        "host": texts(&rule.hosts),
        "path": texts(&rule.paths),
        "methods": texts(&rule.methods),
        "require": rule.require.words(),
        "audience": rule.audience,
    })
}

async fn test(context: &Context, method: &str, url: &str, named: &str, scopes: &[String]) -> Outcome {
    if named == NOBODY && !scopes.is_empty() {
        return Err(CommandError::usage("--scope is of a user's API key; nobody has none"));
    }
    let rules = &context.loaded.settings.forward_auth.rules;
    let found = Original::of_url(method, url)
        .and_then(|original| forward_auth::rule_for(rules, &original).map(|(number, rule)| (number, rule, original)));
    let (number, rule, original) = match found {
        Ok(found) => found,
        Err(refusal) => return Ok(tell(context, None, Err(refusal.into()))),
    };
    let admitted = if named == NOBODY {
        forward_auth::admits_nobody(rule)
    } else {
        let doorward = context.open().await?;
        let user = user::find_named(doorward.database().reads(), named).await?;
        let scopes = (!scopes.is_empty()).then_some(scopes);
        let admitted = forward_auth::would_admit(&doorward, rule, &original, &user, scopes).await;
        doorward.close().await;
        match admitted {
            Err(error @ (Error::Unavailable(_) | Error::Internal(_))) => return Err(error.into()),
            admitted => admitted,
        }
    };
    Ok(tell(context, Some((number, rule)), admitted))
}

fn tell(context: &Context, rule: Option<(usize, &Rule)>, admitted: Result<(), Error>) -> Exit {
    let exit = if admitted.is_ok() { Exit::Done } else { Exit::Failed };
    if context.json {
        output::print_json(&json!({
            "let_through": admitted.is_ok(),
            "rule": rule.map(|(number, rule)| as_json(number, rule)),
            "error": admitted.as_ref().err().map(Error::name),
            "code": admitted.as_ref().err().map(Error::code),
            "reason": admitted.as_ref().err().map(ToString::to_string),
        }));
        return exit;
    }
    match rule {
        Some((number, rule)) => output::print(&format!("rule {number}: {rule}")),
        None => output::print("no rule"),
    }
    match admitted {
        Ok(()) => output::print("let through"),
        Err(error) => {
            let (code, name) = (error.code(), error.name());
            let words = if matches!(error, Error::Unforwarded(_)) {
                error.to_string()
            } else {
                error.in_words(Language::English).into_owned()
            };
            output::print(&format!("refused: {code} {name}: {words}"));
        }
    }
    exit
}
