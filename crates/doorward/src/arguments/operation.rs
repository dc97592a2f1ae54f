//! Commands of an operator, who looks, verifies and sends.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

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

fn kinds() -> Vec<&'static str> {
    doorward_core::event::EventKind::ALL.iter().map(|kind| kind.name()).collect()
}
