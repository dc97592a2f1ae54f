//! `/password`, and what its tests share with those of `/me/password` and `/me/email`.

mod forgot;
mod policy;
mod reset;

use doorward_core::mail;
use http::Method;
use sea_orm::{EntityTrait as _, QueryOrder as _};
use serde_json::{Map, Value};

use crate::app::{Answer, As, TestApp, request};

/// Another password that is a good one.
pub(crate) const ANOTHER: &str = "seven green bicycles";

pub(crate) async fn post_as(app: &TestApp, path: &str, who: As<'_>, body: Value) -> Answer {
    let request = request(Method::POST, path, who).header("content-type", "application/json");
    app.send(request.body(body.to_string().into()).unwrap()).await
}

/// A mail in the outbox.
#[derive(Debug)]
pub(crate) struct Mailed {
    pub(crate) template: String,
    pub(crate) recipient: String,
    pub(crate) variables: Map<String, Value>,
}

impl Mailed {
    /// What stands behind `#` in its link.
    pub(crate) fn token(&self) -> &str {
        self.variables["link"].as_str().unwrap().rsplit_once('#').unwrap().1
    }
}

/// Every mail, in the order of writing.
pub(crate) async fn mails(app: &TestApp) -> Vec<Mailed> {
    let rows = mail::Entity::find().order_by_asc(mail::Column::Id).all(app.doorward.database().reads()).await.unwrap();
    let open = |row: &mail::OutboxRow| mail::variables_of(&app.doorward, row).unwrap();
    rows.into_iter()
        .map(|row| Mailed { variables: open(&row), template: row.template, recipient: row.recipient })
        .collect()
}

/// `template → recipient` of each mail.
pub(crate) async fn sent(app: &TestApp) -> Vec<String> {
    mails(app).await.iter().map(|mail| format!("{} → {}", mail.template, mail.recipient)).collect()
}

pub(crate) async fn last_token(app: &TestApp) -> String {
    mails(app).await.last().unwrap().token().to_owned()
}

pub(crate) async fn log_in_with(app: &TestApp, username: &str, password: &str) -> String {
    let answer = app.post("/login", serde_json::json!({"username": username, "password": password})).await;
    answer.error()
}
