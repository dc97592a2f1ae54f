//! What can stand on the command line.

mod accounts;
mod data;
mod deferred;
mod operation;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use clap_complete::Shell;

pub(crate) use accounts::{
    ApiKeyCommand, ExportForm, InvitationCommand, PasswordSource, RoleCommand, ServiceCommand, SessionCommand,
    UserCommand, UserFilter, UserSort,
};
pub(crate) use data::{
    AdoptArguments, AdoptStep, ExportArguments, ExportWord, IdsWord, ImportCommand, ImportOptions, MigrateCommand,
    MoveArguments, OnConflictWord, SourceDatabase,
};
pub(crate) use deferred::Deferred;
pub(crate) use operation::{
    AuditCommand, AuditFilter, ConfigCommand, ExportFormat, KeyCommand, MailCommand, ReferenceFormat, RulesCommand,
    ThrottleCommand, TokenCommand,
};

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
    User(Deferred<UserCommand>),
    /// Roles and what they permit
    #[command(subcommand)]
    Role(Deferred<RoleCommand>),
    /// Users for programs
    #[command(subcommand)]
    Service(Deferred<ServiceCommand>),
    /// API keys
    #[command(subcommand)]
    ApiKey(Deferred<ApiKeyCommand>),
    /// Invitations to register
    #[command(subcommand)]
    Invitation(Deferred<InvitationCommand>),
    /// Sessions
    #[command(subcommand)]
    Session(Deferred<SessionCommand>),
    /// Tokens
    #[command(subcommand)]
    Token(Deferred<TokenCommand>),
    /// Failed tries, and who must wait because of them
    #[command(subcommand)]
    Throttle(Deferred<ThrottleCommand>),
    /// Who did what to whom
    #[command(subcommand)]
    Audit(Deferred<AuditCommand>),
    /// The signing keys
    #[command(subcommand)]
    Key(Deferred<KeyCommand>),
    /// Mail
    #[command(subcommand)]
    Mail(Deferred<MailCommand>),
    /// Take over another application's users where they are; changes nothing without --apply
    Adopt(Deferred<AdoptArguments>),
    /// The database's schema
    #[command(subcommand)]
    Migrate(Deferred<MigrateCommand>),
    /// Take in users of another system, with the hashes of their passwords
    ///
    /// Cut off at any moment and run again, it goes on where it was. Ends with 7 where records were rejected.
    #[command(subcommand)]
    Import(Deferred<ImportCommand>),
    /// Write everything that Doorward holds into a new folder, as of one moment
    ///
    /// Beside a file a table there is manifest.json, with counts and SHA-256. `doorward import doorward` reads it.
    Export(Deferred<ExportArguments>),
    /// Move everything to another database while this one serves
    ///
    /// Copies, catches up, compares every row, and at the end makes this database refuse writes. Cut off at any
    /// moment and run again, it goes on where it was.
    Move(Deferred<MoveArguments>),
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
    Rules(Deferred<RulesCommand>),
    /// The configuration
    #[command(subcommand)]
    Config(Deferred<ConfigCommand>),
    /// Print the description of the API (OpenAPI 3.1)
    Openapi,
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}
