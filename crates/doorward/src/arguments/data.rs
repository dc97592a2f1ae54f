//! Commands that bring users here, or take everything elsewhere.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

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
