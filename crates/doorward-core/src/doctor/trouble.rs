//! The kinds of trouble that a row of `users` can have.

/// A kind of trouble that a row can have: its name, what it is, and what to do.
pub(super) type Trouble = (&'static str, &'static str, &'static str);

pub(super) const SAME_NAME: Trouble = (
    "same_user_name",
    "the user name is an older user's but for case or Unicode form: it signs in only exactly as spelled",
    "rename one of them in the application",
);
pub(super) const SAME_EMAIL: Trouble = (
    "same_email",
    "the address is an older user's but for case or Unicode form: it signs in only exactly as spelled",
    "correct one of them in the application",
);
pub(super) const HAS_TWIN: Trouble = (
    "has_a_twin",
    "a younger user has the same name or address but for case or Unicode form; whoever types another spelling signs in here",
    "rename one of them in the application",
);
pub(super) const NO_NAME: Trouble =
    ("no_user_name", "the user name is missing or empty", "give them one, or let them sign in by address");
pub(super) const NOBODY: Trouble =
    ("no_name_at_all", "neither user name nor address: nobody can sign in as them", "delete them, or give them a name");
pub(super) const NO_HASH: Trouble = (
    "no_password",
    "there is no usable password: they can't sign in",
    "run `doorward user set-password ID` if they should",
);
pub(super) const BAD_HASH: Trouble = (
    "unreadable_password",
    "the password's hash is damaged or of an unknown scheme: they can't sign in",
    "run `doorward user set-password ID`",
);
pub(super) const DEAR_HASH: Trouble = (
    "too_expensive_password",
    "checking the password's hash would take more than is allowed: they can't sign in",
    "run `doorward user set-password ID`, or raise password.max_memory_kib",
);
pub(super) const NO_ADDRESS: Trouble =
    ("not_an_address", "what stands in `email` is no address: no mail can be sent there", "correct it");
pub(super) const SPACES: Trouble = (
    "spaces_around",
    "there are spaces around the user name or address; they don't count at sign-in",
    "remove them in the application",
);
pub(super) const CONTROL: Trouble = (
    "control_characters",
    "the user name or address holds characters that can't be typed: sign in by the other, or not at all",
    "rename them",
);
pub(super) const MARKS: Trouble = (
    "mixed_direction",
    "the user name holds pictures or changes the direction of writing: it can be read as another",
    "look at it, and rename it if need be",
);
pub(super) const TOO_LONG: Trouble = (
    "too_long",
    "a value is longer than its column (SQLite does not enforce that): PostgreSQL will not take it",
    "shorten it before moving to PostgreSQL",
);
pub(super) const NOT_CONFIRMED: Trouble =
    ("confirmed_is_null", "`confirmed` is NULL; it counts as not confirmed", "set it to false");
pub(super) const BIG_ID: Trouble = (
    "id_past_32_bits",
    "the id does not fit into the INTEGER of PostgreSQL",
    "widen `users.id` to BIGINT there before moving",
);
pub(super) const TIME_FORM: Trouble = (
    "time_form",
    "a time is not written as SQLAlchemy reads it (YYYY-MM-DD HH:MM:SS.ffffff)",
    "rewrite it; Doorward shows what it can read and takes the rest as not set",
);
pub(super) const BLOB: Trouble = (
    "bytes_in_text",
    "a text column holds bytes; Doorward shows them as text as far as they are",
    "rewrite it as text",
);
pub(super) const LONG_HASH: Trouble = (
    "long_password_hash",
    "the password's hash is longer than its column (SQLite does not enforce that): PostgreSQL will not take it",
    "widen `users.password_hash` there before moving",
);
