//! What can stand on the command line.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// Users and login for any HTTP service.
#[derive(Parser)]
#[command(
    name = "doorward",
    version,
    about,
    disable_help_subcommand = true,
    help_template = "{about}\n\n{usage-heading} {usage}\n\n\
Serve
  serve        Serve until told to stop

Users
  user         Create, list, show, change, disable, delete, export users; grant and revoke roles
  role         Create, list, delete roles; permit and forbid
  service      Make users for programs
  api-key      Create, list and end API keys
  invitation   Invite people to register, list and take back invitations
  session      List and end sessions
  token        Say whether a token is good, or why not
  mail         List mails, try them again, preview them, send one to see
  throttle     List and clear failed tries

Keys and data
  key          List and rotate the signing keys
  adopt        Take over another application's users where they are, or give them back
  migrate      Bring the database up to date, or back
  import       Take in users of another system, with their passwords' hashes; or what export wrote
  export       Write everything into files
  move         Move everything to another database while this one serves
  backup       Copy the embedded database while it is in use
  restore      Put a backup in the database's place

Look
  health       Ask the running server how it is
  audit        Verify, show and export what happened
  doctor       Examine database, keys, configuration and users
  rules        List the rules of /forward-auth, and say which answers
  config       Show, check and explain the configuration
  openapi      Print the description of the API
  completions  Print completions for a shell

Options:
{options}{after-help}",
    after_help = crate::commands::exit_codes()
)]
pub(crate) struct Arguments {
    /// The configuration file, instead of ./doorward.toml
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Sets one setting; may stand several times
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// The database: `sqlite://FILE` or `postgres://…`
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// development, production or testing
    #[arg(long, global = true)]
    pub(crate) profile: Option<String>,
    /// Answers and errors as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serve until told to stop
    Serve {
        /// Where to listen: ADDRESS:PORT or unix:PATH; may stand several times
        #[arg(long, value_name = "ADDRESS")]
        listen: Vec<String>,
        /// Fail rather than bring the database up to date
        #[arg(long)]
        no_migrate: bool,
    },
    /// Users and their roles
    #[command(subcommand)]
    User(UserCommand),
    /// Roles and what they permit
    #[command(subcommand)]
    Role(RoleCommand),
    /// Users for programs
    #[command(subcommand)]
    Service(ServiceCommand),
    /// API keys
    #[command(subcommand)]
    ApiKey(ApiKeyCommand),
    /// Invitations to register
    #[command(subcommand)]
    Invitation(InvitationCommand),
    /// Sessions
    #[command(subcommand)]
    Session(SessionCommand),
    /// Tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Failed tries, and who must wait because of them
    #[command(subcommand)]
    Throttle(ThrottleCommand),
    /// Who did what to whom
    #[command(subcommand)]
    Audit(AuditCommand),
    /// The signing keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Mail
    #[command(subcommand)]
    Mail(MailCommand),
    /// Take over another application's users where they are; changes nothing without --apply
    Adopt(AdoptArguments),
    /// The database's schema
    #[command(subcommand)]
    Migrate(MigrateCommand),
    /// Take in users of another system, with the hashes of their passwords
    ///
    /// Cut off at any moment and run again, it goes on where it was. Ends with 7 where records were rejected.
    #[command(subcommand)]
    Import(ImportCommand),
    /// Write everything that Doorward holds into a new folder, as of one moment
    ///
    /// Beside a file a table there is manifest.json, with counts and SHA-256. `doorward import doorward` reads it.
    Export(ExportArguments),
    /// Move everything to another database while this one serves
    ///
    /// Copies, catches up, compares every row, and at the end makes this database refuse writes. Cut off at any
    /// moment and run again, it goes on where it was.
    Move(MoveArguments),
    /// Copy the embedded database while it is in use
    Backup {
        /// The file to make
        file: PathBuf,
    },
    /// Put a backup in the database's place; nothing may have it open
    Restore {
        /// The backup
        file: PathBuf,
        /// Do it
        #[arg(long)]
        yes: bool,
    },
    /// Ask the running server how it is, at the address that `listen` says
    ///
    /// Ends with 0 when the server answers that it is well. Looks at nothing itself, so it is cheap enough
    /// for a container's health check.
    Health {
        /// Whether it can do its whole work (/readyz), not only whether it is alive (/healthz)
        #[arg(long)]
        ready: bool,
    },
    /// Examine database, keys, configuration and users
    Doctor,
    /// Who may ask what of the services behind a proxy
    #[command(subcommand)]
    Rules(RulesCommand),
    /// The configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the description of the API (OpenAPI 3.1)
    Openapi,
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

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

#[derive(Subcommand)]
pub(crate) enum TokenCommand {
    /// Say whether a token is good, or why not
    Inspect {
        /// The file that holds it; standard input without one, or with `-`
        file: Option<PathBuf>,
    },
}

#[derive(Subcommand)]
pub(crate) enum RulesCommand {
    /// List them in their order
    List,
    /// Say which rule answers a request, and what
    ///
    /// Ends with 0 if the request would be let through, else with 1.
    Test {
        /// The method, in capitals
        method: String,
        /// The whole URL, such as <https://app.example.com/admin>
        url: String,
        /// Whose request it is: user name, address or id; or `nobody`
        #[arg(long = "as", value_name = "USER")]
        user: String,
        /// As with an API key that has this scope; may stand several times
        #[arg(long)]
        scope: Vec<String>,
    },
}

#[derive(Subcommand)]
pub(crate) enum ThrottleCommand {
    /// List what is counted, the newest first
    ///
    /// Accounts and networks are shown as tags: their names are not stored.
    List {
        /// Only of this user name, e-mail address or IP address
        #[arg(value_name = "USER|ADDRESS")]
        named: Option<String>,
    },
    /// Forget what is counted, so that nobody must wait any more
    Clear {
        /// Of this user name, e-mail address or IP address
        #[arg(value_name = "USER|ADDRESS")]
        named: String,
    },
}

#[derive(Args)]
pub(crate) struct AuditFilter {
    /// What happened to this user: user name, address or id
    #[arg(long)]
    pub(crate) user: Option<String>,
    /// This kind, such as `login.failed`
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(kinds()), hide_possible_values = true)]
    pub(crate) kind: Option<String>,
    /// From this time on, RFC 3339
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Before this time
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
}

fn kinds() -> Vec<&'static str> {
    doorward_core::event::EventKind::ALL.iter().map(|kind| kind.name()).collect()
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum ExportFormat {
    Ndjson,
    Csv,
}

#[derive(Subcommand)]
pub(crate) enum AuditCommand {
    /// Find the first row of each stream that was changed, removed, reordered or cut off
    Verify {
        /// Compare with the hashes that `audit anchor` printed into this file
        #[arg(long, value_name = "FILE")]
        anchor: Option<PathBuf>,
    },
    /// Show the newest rows, the newest last
    Tail {
        #[command(flatten)]
        filter: AuditFilter,
        /// How many
        #[arg(long, short = 'n', default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=200))]
        limit: u64,
        /// Go on with rows as they are appended
        #[arg(long, short)]
        follow: bool,
    },
    /// Write every row to standard output, in the order of time
    Export {
        #[command(flatten)]
        filter: AuditFilter,
        /// The form
        #[arg(long, value_enum, default_value = "ndjson")]
        format: ExportFormat,
    },
    /// Print the last hash of each stream, to be kept where the database's writers can't
    Anchor,
}

#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    /// List the signing keys
    List,
    /// Put a new signing key in the place of the present one
    Rotate {
        /// Void every token of older keys at once
        #[arg(long)]
        revoke: bool,
        /// The seal key is lost: drop every key that is sealed under it
        #[arg(long)]
        lost_seal_key: bool,
    },
}

#[derive(Subcommand)]
pub(crate) enum MailCommand {
    /// List the newest mails, with what became of them
    List {
        /// Only those that were given up
        #[arg(long)]
        failed: bool,
        /// How many at most, up to 1000
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=1000))]
        limit: u64,
    },
    /// Make a mail that was given up, or waits, due now
    Retry {
        /// The mail's id
        id: i64,
    },
    /// Show a mail as it would read, filled with examples
    Preview {
        /// Which mail, such as `confirm`
        name: String,
        /// The language: en or zh
        #[arg(long, default_value = "en", value_parser = ["en", "zh"])]
        language: String,
        /// The HTML part alone
        #[arg(long, conflicts_with = "text")]
        html: bool,
        /// The text part alone
        #[arg(long)]
        text: bool,
    },
    /// Send a mail at once, and tell what the mail server says
    Test {
        /// The address to send it to
        address: String,
        /// The language: en or zh
        #[arg(long, default_value = "en", value_parser = ["en", "zh"])]
        language: String,
    },
}

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct AdoptArguments {
    #[command(subcommand)]
    pub(crate) step: Option<AdoptStep>,
    /// Add what Doorward needs to the database
    #[arg(long, conflicts_with = "undo")]
    pub(crate) apply: bool,
    /// Take away everything that Doorward added; users stay
    #[arg(long, conflicts_with_all = ["table", "mapping"])]
    pub(crate) undo: bool,
    /// The users' table
    #[arg(long, value_name = "NAME", conflicts_with = "mapping")]
    pub(crate) table: Option<String>,
    /// What its columns mean, as this command shows it
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: Option<PathBuf>,
    /// Take it away indeed
    #[arg(long, requires = "undo")]
    pub(crate) yes: bool,
}

#[derive(Subcommand)]
pub(crate) enum AdoptStep {
    /// What still depends on the other application, and whether it can be switched off
    Status {
        /// The days to look at: as many as its tokens live, at least
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=400))]
        days: u32,
    },
}

#[derive(Subcommand)]
pub(crate) enum ImportCommand {
    /// A file with a JSON object a line: docs/import.md names the members
    Jsonl {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        options: ImportOptions,
    },
    /// A CSV file whose first line names the fields
    Csv {
        /// The file
        file: PathBuf,
        /// A column of another name, as COLUMN=FIELD, or COLUMN=- to pass it over; may stand several times
        #[arg(long, value_name = "COLUMN=FIELD")]
        column: Vec<String>,
        #[command(flatten)]
        options: ImportOptions,
    },
    /// The users of a Flask application, from its database: Flask-Login's, Flask-Security's, and the like
    Flask {
        #[command(flatten)]
        from: SourceDatabase,
        #[command(flatten)]
        options: ImportOptions,
    },
    /// The users of a Django project, from its database: `auth_user`, or the table of its own user model
    Django {
        #[command(flatten)]
        from: SourceDatabase,
        #[command(flatten)]
        options: ImportOptions,
    },
    /// Everything of another Doorward, from the folder that `doorward export` made; into a database that nobody uses yet
    Doorward {
        /// The folder
        folder: PathBuf,
    },
    /// The users of any application, from a table of its database
    Sql {
        #[command(flatten)]
        from: SourceDatabase,
        #[command(flatten)]
        options: ImportOptions,
    },
}

#[derive(Args)]
pub(crate) struct ExportArguments {
    /// The folder to make
    pub(crate) folder: PathBuf,
    /// How it is written; only jsonl can be imported again
    #[arg(long, value_enum, default_value_t = ExportWord::Jsonl)]
    pub(crate) format: ExportWord,
    /// With the hashes of passwords, tokens and keys. Whoever has them can try passwords on their own machine
    #[arg(long)]
    pub(crate) with_hashes: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportWord {
    /// A JSON object a line
    Jsonl,
    /// For spreadsheets: formulas are made harmless
    Csv,
    /// The users, as statements that make a Flask application's table in SQLite
    Sqlite,
    /// The users, as statements that make a Flask application's table in PostgreSQL
    Postgres,
}

#[derive(Args)]
pub(crate) struct MoveArguments {
    /// The database to move to: one that nobody uses yet. Without it, the one that `database_next` names
    #[arg(long, value_name = "URL", env = "TARGET_DATABASE", hide_env_values = true)]
    pub(crate) to: Option<String>,
    /// Give a move up, and let this database take writes again, as it was then
    #[arg(long, conflicts_with = "to")]
    pub(crate) abandon: bool,
    /// Do it
    #[arg(long, requires = "abandon")]
    pub(crate) yes: bool,
}

#[derive(Args)]
pub(crate) struct SourceDatabase {
    /// The application's database, which is only read: `sqlite://app.db`, `postgres://…` or `mysql://…`
    #[arg(long, value_name = "URL", env = "SOURCE_DATABASE", hide_env_values = true)]
    pub(crate) from: String,
    /// The table of users, where several can be it
    #[arg(long)]
    pub(crate) table: Option<String>,
    /// What the columns mean: TOML, as `doorward adopt` shows it
    #[arg(long, value_name = "FILE", conflicts_with = "table")]
    pub(crate) mapping: Option<PathBuf>,
    /// Make its administrators administrators here
    #[arg(long)]
    pub(crate) administrators: bool,
}

#[derive(Args)]
pub(crate) struct ImportOptions {
    /// Only say what would happen
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// What to do with a record whose user is there already
    #[arg(long, value_enum, default_value_t = OnConflictWord::Fail)]
    pub(crate) on_conflict: OnConflictWord,
    /// Whether users keep the ids of the source, or get the next ones here
    #[arg(long, value_enum, default_value_t = IdsWord::Keep)]
    pub(crate) ids: IdsWord,
    /// Where records go that make no user: mend them, and import that file. It holds hashes of passwords
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnConflictWord {
    /// The user stays as it is
    Skip,
    /// The user gets what the record says; its name, roles and state stay
    Update,
    /// The import ends
    Fail,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum IdsWord {
    /// Of the source
    Keep,
    /// New ones; the table `doorward_imported_ids` says which became which
    New,
}

#[derive(Subcommand)]
pub(crate) enum MigrateCommand {
    /// Apply what is missing
    Up,
    /// Take back the newest steps; users stay
    Down {
        /// How many; all without it
        #[arg(long)]
        steps: Option<u32>,
        /// Do it
        #[arg(long)]
        yes: bool,
    },
    /// List the steps
    Status,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum ReferenceFormat {
    Toml,
    Markdown,
}

#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Every value and where it came from
    Show,
    /// What is wrong or unwise
    Check,
    /// Every setting with its explanation
    Reference {
        /// The form
        #[arg(long, value_enum, default_value = "toml")]
        format: ReferenceFormat,
    },
}
