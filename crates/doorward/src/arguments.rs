//! What can stand on the command line.

use std::path::PathBuf;

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
  user         Create, list, show, change, disable, delete users; grant and revoke roles
  session      List and end sessions
  token        Say whether a token is good, or why not

Keys and data
  key          List and rotate the signing keys
  migrate      Bring the database up to date, or back
  backup       Copy the embedded database while it is in use
  restore      Put a backup in the database's place

Look
  health       Ask the running server how it is
  doctor       Examine database, keys, configuration and users
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
    /// Sessions
    #[command(subcommand)]
    Session(SessionCommand),
    /// Tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// The signing keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// The database's schema
    #[command(subcommand)]
    Migrate(MigrateCommand),
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
    /// List users in the order of their ids
    List {
        /// Go on after this id
        #[arg(long, value_name = "ID")]
        after: Option<i64>,
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
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Keep a user from signing in, and end all sessions
    Disable {
        /// User name, address or id
        user: String,
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
