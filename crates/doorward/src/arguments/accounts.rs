//! Commands about users, and about what they and programs sign in with.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand, ValueEnum};

#[derive(Args)]
pub(crate) struct PasswordSource {
    /// Read the password from standard input
    #[arg(long, conflicts_with = "password_file")]
    pub(crate) password_stdin: bool,
    /// Read the password from a file
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum UserCommand {
    /// Make a user
    Create {
        /// The user name
        name: String,
        /// The e-mail address
        #[arg(long)]
        email: Option<String>,
        /// A role to grant; may stand several times
        #[arg(long)]
        role: Vec<String>,
        /// The address counts as confirmed
        #[arg(long)]
        confirmed: bool,
        /// Without a password: the user can't sign in yet
        #[arg(long, conflicts_with_all = ["password_stdin", "password_file"])]
        no_password: bool,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// List users
    List {
        #[command(flatten)]
        wanted: UserFilter,
        /// Go on after this id, or after the cursor that the page before ended with
        #[arg(long, value_name = "ID|CURSOR", allow_hyphen_values = true)]
        after: Option<String>,
        /// How many at most, up to 200
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=200), conflicts_with = "all")]
        limit: u64,
        /// All of them
        #[arg(long)]
        all: bool,
    },
    /// Show a user
    Show {
        /// User name, address or id
        user: String,
    },
    /// Set a user's password, and end all sessions
    SetPassword {
        /// User name, address or id
        user: String,
        /// The next sign-in must choose another one
        #[arg(long)]
        must_change: bool,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Mail a user the link to choose another password
    ResetPassword {
        /// User name, address or id
        user: String,
    },
    /// Keep a user from signing in, and end all sessions
    Disable {
        /// User name, address or id
        user: String,
        /// Why, for administrators
        #[arg(long)]
        reason: Option<String>,
        /// When it ends by itself: a time by RFC 3339; never without
        #[arg(long, value_name = "TIME")]
        until: Option<DateTime<Utc>>,
    },
    /// Write users to standard output
    Export {
        /// The form
        #[arg(long, value_enum, default_value = "csv")]
        format: ExportForm,
        #[command(flatten)]
        wanted: UserFilter,
    },
    /// Let a disabled user sign in again
    Enable {
        /// User name, address or id
        user: String,
    },
    /// Delete a user
    Delete {
        /// User name, address or id
        user: String,
        /// Do it
        #[arg(long)]
        yes: bool,
    },
    /// Call off the deletion that a user asked for
    Undelete {
        /// User name, address or id
        user: String,
    },
    /// Give a user a role
    Grant {
        /// User name, address or id
        user: String,
        /// The role
        role: String,
    },
    /// Take a role from a user
    Revoke {
        /// User name, address or id
        user: String,
        /// The role
        role: String,
    },
}

#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag on the command line")]
pub(crate) struct UserFilter {
    /// Only those whose name or address begins with this, whatever its case
    #[arg(long, value_name = "TEXT")]
    pub(crate) search: Option<String>,
    /// Only those whose name or address has this in it; reads the whole table
    #[arg(long, value_name = "TEXT", conflicts_with = "search")]
    pub(crate) containing: Option<String>,
    /// Only those who have this role
    #[arg(long)]
    pub(crate) role: Option<String>,
    /// Only those who can't sign in now
    #[arg(long, conflicts_with = "enabled")]
    pub(crate) disabled: bool,
    /// Only those who can sign in now
    #[arg(long)]
    pub(crate) enabled: bool,
    /// Only those whose address is not confirmed
    #[arg(long)]
    pub(crate) unconfirmed: bool,
    /// Only services
    #[arg(long)]
    pub(crate) service: bool,
    /// The order
    #[arg(long, value_enum, default_value = "id", conflicts_with_all = ["search", "containing"])]
    pub(crate) sort: UserSort,
    /// From the greatest to the least
    #[arg(long, conflicts_with_all = ["search", "containing"])]
    pub(crate) descending: bool,
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum UserSort {
    Id,
    Username,
    MemberSince,
    LastSeen,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum ExportForm {
    /// With a head; no cell is run as a formula
    Csv,
    /// One JSON object a line
    Ndjson,
}

#[derive(Subcommand)]
pub(crate) enum RoleCommand {
    /// List roles and what they permit
    List,
    /// Make a role
    Create {
        /// The role
        role: String,
        /// What it is for
        #[arg(long)]
        description: Option<String>,
        /// What it permits; may stand several times
        #[arg(long)]
        permit: Vec<String>,
    },
    /// Delete a role
    Delete {
        /// The role
        role: String,
        /// Take it from users who have it
        #[arg(long)]
        take_away: bool,
        /// Do it
        #[arg(long)]
        yes: bool,
    },
    /// Let a role do more
    Permit {
        /// The role
        role: String,
        /// The permissions
        #[arg(required = true)]
        permission: Vec<String>,
    },
    /// Let a role do less
    Forbid {
        /// The role
        role: String,
        /// The permissions
        #[arg(required = true)]
        permission: Vec<String>,
    },
}

#[derive(Subcommand)]
pub(crate) enum ServiceCommand {
    /// Make a user without password or address, who has API keys only; with --scope, its first key too
    Create {
        /// The user name
        name: String,
        /// A role to grant; may stand several times
        #[arg(long)]
        role: Vec<String>,
        /// A scope of its first API key; may stand several times
        #[arg(long)]
        scope: Vec<String>,
        /// After how many days that key ends
        #[arg(long, value_name = "DAYS", requires = "scope")]
        expires: Option<u64>,
    },
    /// List services
    List {
        /// At most so many
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1000))]
        limit: u64,
    },
    /// Show a service and its keys
    Show {
        /// The user name or id
        service: String,
    },
    /// Make a new key with the scopes of the old ones, which end after a while: until then all are good
    Rotate {
        /// The user name or id
        service: String,
        /// For how many seconds the old keys stay good
        #[arg(long, value_name = "SECONDS", default_value_t = 86_400, value_parser = clap::value_parser!(u64).range(0..=31_536_000))]
        overlap: u64,
    },
    /// Delete a service: its keys open no door from then on
    Delete {
        /// The user name or id
        service: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum ApiKeyCommand {
    /// Make an API key, and show it this once
    Create {
        /// User name, address or id
        user: String,
        /// What to call it
        #[arg(long)]
        name: String,
        /// `read`, `write`, a role's name, or a string of the application's; may stand several times
        #[arg(long, required = true)]
        scope: Vec<String>,
        /// After how many days it ends
        #[arg(long, value_name = "DAYS")]
        expires: Option<u64>,
    },
    /// List the API keys of a user
    List {
        /// User name, address or id
        user: String,
    },
    /// End an API key
    Revoke {
        /// User name, address or id
        user: String,
        /// The key's id
        id: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum InvitationCommand {
    /// Invite somebody, by mail or by a link to hand on
    Create {
        /// Whom to mail it to; without it the link is printed, this once
        #[arg(long)]
        email: Option<String>,
        /// A role that the account will have
        #[arg(long)]
        role: Option<String>,
        /// How long it is good, instead of `registration.invitation_expiration`
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..=365))]
        days: Option<u64>,
        /// The mail's language
        #[arg(long, default_value = "en", value_parser = ["en", "zh"])]
        language: String,
    },
    /// List the newest 200
    List,
    /// Take one back that nobody has used yet
    Revoke {
        /// The invitation's id
        id: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum SessionCommand {
    /// List the sessions of a user
    List {
        /// User name, address or id
        user: String,
    },
    /// End a session, or all of a user
    End {
        /// The session's id
        #[arg(required_unless_present = "all")]
        id: Option<String>,
        /// Every session and token of this user
        #[arg(long, value_name = "USER", conflicts_with = "id")]
        all: Option<String>,
    },
}
