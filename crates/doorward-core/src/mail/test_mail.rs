use std::time::Duration;

use super::{OutboxRow, Sent, Template, Templates, compose::compose, transport::Transport};
use crate::{Error, SystemRandomness, database::StoredTime, random_bytes, settings::Settings};

/// Sends a mail to see whether mail works: at once, past the outbox, without a database.
///
/// # Errors
/// [`Error::Startup`] tells what the mail server said.
pub async fn send_test(settings: &Settings, recipient: &str, language: &str) -> Result<Sent, Error> {
    let templates = Templates::open(settings.mail.templates.as_deref())?;
    let transport = Transport::open(settings)?;
    let template = Template::Test;
    let rendered = templates.render(template, language, &settings.api.title, &serde_json::Map::new())?;
    let now = StoredTime::new(chrono::Utc::now());
    let unique = u128::from_be_bytes(random_bytes(&SystemRandomness));
    let row = OutboxRow {
        id: 0,
        user_id: None,
        recipient: recipient.to_owned(),
        template: template.name().to_owned(),
        language: language.to_owned(),
        sealed: None,
        message_id: format!("{unique:032x}@{}", settings.mail_domain()),
        created_at: now,
        due_at: now,
        give_up_at: now,
        attempts: 0,
        lease: None,
        leased_until: None,
        sent_at: None,
        failed_at: None,
        last_error: None,
    };
    let message = compose(settings, &row, rendered)
        .map_err(|why| Error::startup(format!("no mail can be made of this: {why}"), "correct the address"))?;
    let name = format!("{}-test", now.utc().format("%Y%m%dT%H%M%SZ"));
    let limit = Duration::from_millis(settings.mail.timeout_ms);
    transport.send(&message, &name, limit).await.map_err(|failure| {
        Error::startup(
            format!("the mail was not sent: {}", failure.words),
            "look at `mail.smtp_url` and the settings beside it (`doorward config show`)",
        )
    })
}
