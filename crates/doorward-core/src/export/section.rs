/// How a column is written in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// RFC 3339, UTC.
    Time,
    Number,
    Flag,
    /// Text that holds JSON.
    Json,
    /// Read to go on after, not told.
    Hidden,
}

/// Rows of one table that carry the user's id.
#[derive(Debug)]
pub struct Section {
    /// Its name in the document.
    pub name: &'static str,
    pub(super) table: &'static str,
    /// The column by which it is read on.
    pub(super) key: &'static str,
    /// The time of a row in a table that outlives its user: SQLite gives a freed id to the next.
    pub(super) since: Option<&'static str>,
    pub(super) columns: &'static [(&'static str, Kind)],
}

use Kind::{Flag, Hidden, Json, Number, Text, Time};

/// What a user's row tells; the password's hash and the look-up keys stay.
pub(super) const USER: Section = Section {
    name: "user",
    table: "users",
    key: "id",
    since: None,
    columns: &[
        ("id", Number),
        ("username", Text),
        ("email", Text),
        ("pending_email", Text),
        ("confirmed", Flag),
        ("name", Text),
        ("location", Text),
        ("about_me", Text),
        ("member_since", Time),
        ("last_seen", Time),
        ("avatar_hash", Text),
        ("disabled_at", Time),
        ("disabled_until", Time),
        ("tokens_valid_after", Time),
        ("confirm_by", Time),
        ("must_change_password", Flag),
        ("delete_after", Time),
        ("service", Flag),
        ("language", Text),
        ("extra", Json),
    ],
};

/// The rest, in the order of the document. No hash of anything secret is in it.
pub(super) const SECTIONS: &[Section] = &[
    Section {
        name: "roles",
        table: "user_roles",
        key: "role",
        since: None,
        columns: &[("role", Text), ("granted_at", Time)],
    },
    Section {
        name: "sessions",
        table: "sessions",
        key: "id",
        since: None,
        columns: &[
            ("id", Text),
            ("created_at", Time),
            ("last_seen_at", Time),
            ("expires_at", Time),
            ("ended_at", Time),
            ("end_reason", Text),
            ("address", Text),
            ("user_agent", Text),
        ],
    },
    Section {
        name: "refresh_tokens",
        table: "refresh_tokens",
        key: "token_hash",
        since: None,
        columns: &[
            ("token_hash", Hidden),
            ("session_id", Text),
            ("issued_at", Time),
            ("expires_at", Time),
            ("used_at", Time),
        ],
    },
    Section {
        name: "api_keys",
        table: "api_keys",
        key: "id",
        since: None,
        columns: &[
            ("id", Text),
            ("name", Text),
            ("shown", Text),
            ("scopes", Text),
            ("created_at", Time),
            ("expires_at", Time),
            ("last_used_at", Time),
            ("revoked_at", Time),
        ],
    },
    Section {
        name: "trusted_devices",
        table: "trusted_devices",
        key: "token_hash",
        since: None,
        columns: &[
            ("token_hash", Hidden),
            ("user_agent", Text),
            ("created_at", Time),
            ("last_used_at", Time),
            ("expires_at", Time),
        ],
    },
    Section {
        name: "one_time_codes",
        table: "one_time_codes",
        key: "purpose",
        since: None,
        columns: &[("purpose", Text), ("email", Text), ("created_at", Time), ("link_expires_at", Time)],
    },
    Section {
        name: "mails",
        table: "mail_outbox",
        key: "id",
        since: Some("created_at"),
        columns: &[
            ("id", Number),
            ("recipient", Text),
            ("template", Text),
            ("language", Text),
            ("created_at", Time),
            ("sent_at", Time),
            ("failed_at", Time),
        ],
    },
    // A user's rows are all in one chain.
    Section {
        name: "activity",
        table: "audit_events",
        key: "sequence",
        since: Some("at"),
        columns: &[
            ("sequence", Hidden),
            ("at", Time),
            ("kind", Text),
            ("actor", Text),
            ("address", Text),
            ("request_id", Text),
            ("details", Json),
        ],
    },
];
