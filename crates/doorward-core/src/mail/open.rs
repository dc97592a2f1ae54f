use serde_json::{Map, Value};

use super::{OutboxRow, Rendered, Template, enqueue::seal_name};
use crate::Doorward;

/// What a mail in the outbox is filled with. `None` once it is sent, or where it was sealed under another key.
pub fn variables_of(doorward: &Doorward, row: &OutboxRow) -> Option<Map<String, Value>> {
    let opened = doorward.seal().open_sealed(&seal_name(&row.message_id), row.sealed.as_deref()?)?;
    serde_json::from_slice(&opened).ok()
}

/// A mail in the outbox as its reader would see it. `None` once it is sent.
pub fn rendered(doorward: &Doorward, row: &OutboxRow) -> Option<Rendered> {
    let (template, variables) = (Template::named(&row.template)?, variables_of(doorward, row)?);
    let templates = &doorward.outbox().templates;
    templates.render(template, &row.language, &doorward.settings().api.title, &variables).ok()
}
