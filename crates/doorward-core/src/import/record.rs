use sea_orm::ActiveValue::{NotSet, Set};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::{Map, Value};

use super::{Ids, time};
use crate::{
    FieldProblem,
    database::{StoredTime, UserId},
    password::hash::{HashError, Limits, StoredHash},
    role,
    user::{self, ActiveModel},
};

/// The most roles of one user.
const MOST_ROLES: usize = 100;
/// The longest cell of the application's own fields and of `about_me`, in bytes.
const LONGEST_TEXT: usize = 64 * 1024;
/// The width of the columns of short texts, in characters.
const SHORT_TEXT: usize = 64;
/// The width of `password_hash`, in characters.
const HASH_WIDTH: usize = 128;

/// A user as another system tells of it. Only one of `username` and `email` must be there.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImportedUser {
    /// The id there.
    pub id: Option<i64>,
    /// The user name.
    pub username: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The password's hash as that system keeps it, of any scheme that [`crate::password`] reads. What begins with `!` or `*`, or is
    /// empty, is none.
    pub password_hash: Option<String>,
    /// Whether the address was confirmed.
    pub confirmed: Option<bool>,
    /// Whether the account is shut.
    pub disabled: Option<bool>,
    /// The name shown to others.
    pub name: Option<String>,
    /// Where the user says to be.
    pub location: Option<String>,
    /// What the user says about themselves.
    pub about_me: Option<String>,
    /// When the account was made.
    pub member_since: Option<String>,
    /// When the user was last seen.
    pub last_seen: Option<String>,
    /// Roles, all of which must be there.
    pub roles: Vec<String>,
    /// The language of mails: `en` or `zh`.
    pub language: Option<String>,
    /// The application's own fields.
    pub extra: Option<Map<String, Value>>,
    /// What a file of rejects says besides, which is passed over.
    #[serde(rename = "_line")]
    pub line: IgnoredAny,
    /// Likewise.
    #[serde(rename = "_rejected")]
    pub rejected: IgnoredAny,
}

/// Why a record makes no user: a field of it, and the problem's stable name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(into = "String")]
pub struct Reason {
    /// The field; empty where it is the whole record.
    pub field: &'static str,
    /// The problem.
    pub problem: &'static str,
}

impl Reason {
    pub(super) fn of(field: &'static str, problem: &'static str) -> Self {
        Self { field, problem }
    }

    pub(super) fn whole(problem: &'static str) -> Self {
        Self { field: "", problem }
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.field.is_empty() { f.write_str(self.problem) } else { write!(f, "{}: {}", self.field, self.problem) }
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.to_string()
    }
}

/// A record that was checked as far as it goes without the database.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    /// The row, with every column set but the id, where that is the database's to give.
    pub(super) row: ActiveModel,
    /// The id there.
    pub(super) source_id: Option<i64>,
    pub(super) username_key: Option<String>,
    pub(super) email_key: Option<String>,
    pub(super) skeleton: Option<String>,
    pub(super) roles: Vec<String>,
    /// The fields that the record has, for those that are only changed.
    pub(super) given: Given,
}

/// Which fields a record has.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Given {
    pub(super) confirmed: bool,
    pub(super) member_since: bool,
    pub(super) last_seen: bool,
}

struct Reader {
    reasons: Vec<Reason>,
}

impl Reader {
    fn refuse(&mut self, field: &'static str, problem: FieldProblem) {
        self.reasons.push(Reason::of(field, problem.name()));
    }

    fn short_text(&mut self, field: &'static str, text: Option<String>) -> Option<String> {
        let text = text.filter(|text| !text.is_empty())?;
        if text.chars().count() > SHORT_TEXT {
            self.refuse(field, FieldProblem::TooLong { most: SHORT_TEXT, unit: "characters" });
        } else if text.contains('\0') {
            self.refuse(field, FieldProblem::InvalidCharacters);
        }
        Some(text)
    }

    fn time(&mut self, field: &'static str, text: Option<&str>) -> Option<StoredTime> {
        let text = text.filter(|text| !text.trim().is_empty())?;
        let time = time::parse(text);
        if time.is_none() {
            self.reasons.push(Reason::of(field, "not_a_time"));
        }
        time
    }
}

impl ImportedUser {
    /// Checks by the rules of every user; costs no hash.
    pub(super) fn check(self, ids: Ids, limits: &Limits, now: StoredTime) -> Result<Checked, Vec<Reason>> {
        let mut reader = Reader { reasons: Vec::new() };
        let mut email =
            self.email.filter(|email| !email.trim().is_empty()).map(|email| user::normal_email(email.trim()));
        let mut username = self.username.filter(|name| !name.trim().is_empty()).map(|name| name.trim().to_owned());
        // Systems that sign in by the address keep it in the place of a name too.
        if username.as_deref().is_some_and(|name| name.contains('@')) {
            let name = username.take().unwrap_or_default();
            match &email {
                None => email = Some(user::normal_email(&name)),
                Some(email) if user::email_key(email) == user::email_key(&name) => {}
                Some(_) => reader.refuse("username", FieldProblem::InvalidCharacters),
            }
        }
        if let Some(problem) = username.as_deref().and_then(|name| user::check_foreign_username(name).err()) {
            reader.refuse("username", problem);
        }
        if let Some(problem) = email.as_deref().and_then(|email| user::check_email(email).err()) {
            reader.refuse("email", problem);
        }
        if username.is_none() && email.is_none() && reader.reasons.is_empty() {
            reader.reasons.push(Reason::whole("no_name_at_all"));
        }
        let password_hash = usable_hash(self.password_hash, limits, &mut reader);
        let id = self.id.filter(|_| ids == Ids::Keep);
        if id.is_some_and(|id| id < 1) {
            reader.refuse("id", FieldProblem::OutOfRange);
        }
        if self.roles.len() > MOST_ROLES || self.roles.iter().any(|name| role::check_name(name).is_err()) {
            reader.refuse("roles", FieldProblem::NotAllowed);
        }
        let extra = self.extra.filter(|extra| !extra.is_empty()).map(|extra| Value::Object(extra).to_string());
        for (field, text) in [("extra", &extra), ("about_me", &self.about_me)] {
            if text.as_ref().is_some_and(|text| text.len() > LONGEST_TEXT) {
                reader.refuse(field, FieldProblem::TooLong { most: LONGEST_TEXT, unit: "bytes" });
            }
            if text.as_ref().is_some_and(|text| text.contains('\0')) {
                reader.refuse(field, FieldProblem::InvalidCharacters);
            }
        }
        let language = self.language.filter(|language| !language.is_empty());
        if language.as_deref().is_some_and(|language| !matches!(language, "en" | "zh")) {
            reader.refuse("language", FieldProblem::NotAllowed);
        }
        let name = reader.short_text("name", self.name);
        let location = reader.short_text("location", self.location);
        let member_since = reader.time("member_since", self.member_since.as_deref());
        let last_seen = reader.time("last_seen", self.last_seen.as_deref());
        if !reader.reasons.is_empty() {
            return Err(reader.reasons);
        }

        let key = |key: String| Some(key).filter(|key| !key.is_empty());
        let username_key = username.as_deref().and_then(|name| key(user::lookup_key(name)));
        let email_key = email.as_deref().and_then(|email| key(user::email_key(email)));
        let skeleton = username.as_deref().and_then(|name| key(user::username_skeleton(name)));
        let text = |text: Option<String>| Set(text.filter(|text| !text.is_empty()).map(Into::into));
        let row = ActiveModel {
            id: id.map_or(NotSet, |id| Set(UserId(id))),
            avatar_hash: text(email.as_deref().map(user::avatar_hash)),
            username: text(username),
            email: text(email),
            password_hash: text(password_hash),
            confirmed: Set(Some(self.confirmed.unwrap_or(false))),
            name: text(name),
            location: text(location),
            about_me: text(self.about_me),
            member_since: Set(Some(member_since.unwrap_or(now))),
            last_seen: Set(last_seen.or(member_since)),
            username_key: text(username_key.clone()),
            email_key: text(email_key.clone()),
            username_skeleton: text(skeleton.clone()),
            disabled_at: Set((self.disabled == Some(true)).then_some(now)),
            language: text(language),
            extra: text(extra),
            ..Default::default()
        };
        let given = Given {
            confirmed: self.confirmed.is_some(),
            member_since: member_since.is_some(),
            last_seen: last_seen.is_some(),
        };
        Ok(Checked { row, source_id: self.id, username_key, email_key, skeleton, roles: self.roles, given })
    }
}

/// The hash, where it is one; none where the account has none by intent.
fn usable_hash(encoded: Option<String>, limits: &Limits, reader: &mut Reader) -> Option<String> {
    let encoded = encoded?;
    let mut refuse = |problem| reader.reasons.push(Reason::of("password_hash", problem));
    match StoredHash::parse(&encoded) {
        Err(HashError::Unusable) => return None,
        Err(HashError::UnknownScheme) => refuse("unknown_scheme"),
        Err(_) => refuse("damaged"),
        Ok(stored) if !limits.allow(stored.cost()) => refuse("too_expensive"),
        Ok(_) if encoded.chars().count() > HASH_WIDTH => refuse("too_long"),
        Ok(_) => {}
    }
    Some(encoded)
}
