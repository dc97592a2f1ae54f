use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{Header, HeaderName, HeaderValue},
    },
};

use super::{OutboxRow, Rendered, render::one_line};
use crate::settings::Settings;

/// `Auto-Submitted: auto-generated` (RFC 3834 §5): holiday replies don't answer it.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// The message of a row: the same at every attempt, but for the boundary between its parts.
///
/// # Errors
/// Why there will never be one.
pub(super) fn compose(settings: &Settings, row: &OutboxRow, rendered: Rendered) -> Result<Message, String> {
    let recipient: Address =
        row.recipient.parse().map_err(|error| format!("the address can't be written to: {error}"))?;
    Message::builder()
        .from(sender(settings)?)
        .to(Mailbox::new(None, recipient))
        .subject(rendered.subject)
        .date(row.created_at.utc().into())
        .message_id(Some(format!("<{}>", row.message_id)))
        .header(AutoSubmitted)
        .multipart(MultiPart::alternative_plain_html(rendered.text, rendered.html))
        .map_err(|error| error.to_string())
}

/// `mail.from`, or the service's name and `no-reply` at the host of `public_url`.
fn sender(settings: &Settings) -> Result<Mailbox, String> {
    let wrong = |error: lettre::address::AddressError| format!("`mail.from` is no address: {error}");
    if let Some(from) = &settings.mail.from {
        return from.parse().map_err(wrong);
    }
    let address = format!("no-reply@{}", settings.mail_domain()).parse().map_err(wrong)?;
    Ok(Mailbox::new(Some(one_line(&settings.api.title)), address))
}
