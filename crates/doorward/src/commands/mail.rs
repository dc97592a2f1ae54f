use doorward_core::{
    mail::{self, OutboxRow, Sent, Template, Templates, Which},
    settings::Settings,
};
use serde_json::json;

use super::{CommandError, Context, Outcome, exit::Exit, output};
use crate::arguments::MailCommand;

pub(super) async fn run(command: &MailCommand, context: Context) -> Outcome {
    match command {
        MailCommand::List { failed, limit } => list(*failed, *limit, &context).await,
        MailCommand::Retry { id } => retry(*id, &context).await,
        MailCommand::Preview { name, language, html, text } => preview(name, language, *html, *text, &context),
        MailCommand::Test { address, language } => test(address, language, &context).await,
    }
}

async fn list(failed: bool, limit: u64, context: &Context) -> Outcome {
    let doorward = context.open().await?;
    let which = if failed { Which::Failed } else { Which::All };
    let mails = mail::list(doorward.database().reads(), which, limit).await?;
    if context.json {
        let documents: Vec<_> = mails
            .iter()
            .map(|it| {
                json!({
                    "id": it.id,
                    "user_id": it.user_id.map(|id| id.0),
                    "recipient": it.recipient,
                    "template": it.template,
                    "language": it.language,
                    "state": state(it),
                    "attempts": it.attempts,
                    "created_at": output::time(it.created_at),
                    "due_at": output::time(it.due_at),
                    "sent_at": it.sent_at.map(output::time),
                    "failed_at": it.failed_at.map(output::time),
                    "last_error": it.last_error,
                })
            })
            .collect();
        output::print_json(&json!({"mails": documents}));
    } else {
        let rows: Vec<_> = mails
            .iter()
            .map(|it| {
                vec![
                    it.id.to_string(),
                    state(it).to_owned(),
                    it.template.clone(),
                    output::time(it.created_at),
                    output::plain(&it.recipient),
                    it.attempts.to_string(),
                    output::plain(it.last_error.as_deref().unwrap_or("-")),
                ]
            })
            .collect();
        output::print_table(&["ID", "STATE", "MAIL", "WRITTEN", "TO", "TRIED", "LAST ANSWER"], &rows);
    }
    doorward.close().await;
    Ok(Exit::Done)
}

fn state(mail: &OutboxRow) -> &'static str {
    match (mail.sent_at, mail.failed_at) {
        (Some(_), _) => "sent",
        (None, Some(_)) => "given_up",
        (None, None) => "waiting",
    }
}

async fn retry(id: i64, context: &Context) -> Outcome {
    let doorward = context.open().await?;
    mail::retry(&doorward, id).await?;
    if context.json {
        output::print_json(&json!({"id": id, "state": "waiting"}));
    } else {
        output::print("It is due now: the running server sends it within seconds.");
    }
    doorward.close().await;
    Ok(Exit::Done)
}

fn preview(name: &str, language: &str, html: bool, text: bool, context: &Context) -> Outcome {
    let settings = &context.loaded.settings;
    let template = Template::named(name).ok_or_else(|| {
        let names: Vec<_> = Template::ALL.iter().map(|template| template.name()).collect();
        CommandError::usage(format!("no mail is called `{name}`; there are {}", names.join(", ")))
    })?;
    let templates = Templates::open(settings.mail.templates.as_deref())?;
    let variables = template.sample(language, &settings.link_base());
    let mail = templates.render(template, language, &settings.api.title, &variables)?;
    if context.json {
        output::print_json(&json!({"name": name, "subject": mail.subject, "text": mail.text, "html": mail.html}));
    } else if html {
        output::print(mail.html.trim_end());
    } else if text {
        output::print(mail.text.trim_end());
    } else {
        output::print(&format!("Subject: {}\n\n{}", mail.subject, mail.text.trim_end()));
    }
    Ok(Exit::Done)
}

async fn test(address: &str, language: &str, context: &Context) -> Outcome {
    let settings = &context.loaded.settings;
    let sent = mail::send_test(settings, address, language).await?;
    let way = way(settings);
    match sent {
        Sent::Taken(answer) if context.json => {
            output::print_json(&json!({"sent_to": address, "server": way, "answer": answer}));
        }
        Sent::Written(file) if context.json => output::print_json(&json!({"sent_to": address, "file": file})),
        Sent::Taken(answer) => output::print(&format!("{way} took it: {}", output::plain(&answer))),
        Sent::Written(file) => {
            output::print(&format!("Written to {}, as no `mail.smtp_url` is set.", file.display()));
        }
    }
    Ok(Exit::Done)
}

fn way(settings: &Settings) -> &str {
    settings.mail.smtp_host().unwrap_or("-")
}
