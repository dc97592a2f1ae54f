//! The commands, a file a group. Each calls an operation of `doorward-core` and shows the answer.

mod adopt;
mod api_key;
mod audit;
mod backup;
mod config;
mod doctor;
mod error;
mod exit;
mod export;
mod health;
mod import;
mod invitation;
mod key;
mod mail;
mod migrate;
mod moving;
mod output;
mod password;
mod role;
mod rules;
mod serve;
mod service;
mod session;
mod throttle;
mod token;
mod user;

pub(crate) use error::CommandError;
pub(crate) use exit::{Exit, help as exit_codes};

use clap::CommandFactory as _;
use doorward_core::{
    Actor, Caller, Doorward, Start,
    database::Database,
    settings::{self, Loaded, Options},
};

use crate::arguments::{Arguments, Command, Deferred};

/// What a command that works on the database needs.
pub(crate) struct Context {
    loaded: Loaded,
    json: bool,
}

type Outcome = Result<Exit, CommandError>;

/// Runs one command; answers the exit code.
pub(crate) fn run(arguments: Arguments) -> Outcome {
    if let Command::Completions { shell } = arguments.command {
        let mut command = Arguments::command();
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut command, "doorward", &mut text);
        output::print(String::from_utf8_lossy(&text).trim_end());
        return Ok(Exit::Done);
    }
    if let Command::Config(Deferred(command)) = &arguments.command
        && let Some(outcome) = config::without_loading(command)
    {
        return outcome;
    }
    let loaded = settings::load(&options(&arguments)?).map_err(CommandError::unread)?;
    let context = Context { loaded, json: arguments.json };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::failed(error.to_string()))?;
    runtime.block_on(dispatch(arguments.command, context))
}

/// Each command in a box of its own: a server needs no room on the stack for the largest of the others.
async fn dispatch(command: Command, context: Context) -> Outcome {
    match command {
        Command::Serve { .. } => Box::pin(serve::run(context.loaded)).await.map(|()| Exit::Done),
        Command::User(Deferred(command)) => Box::pin(user::run(command, context)).await,
        Command::Role(Deferred(command)) => Box::pin(role::run(command, context)).await,
        Command::Rules(Deferred(command)) => Box::pin(rules::run(command, context)).await,
        Command::Service(Deferred(command)) => Box::pin(service::run(command, context)).await,
        Command::ApiKey(Deferred(command)) => Box::pin(api_key::run(command, context)).await,
        Command::Invitation(Deferred(command)) => Box::pin(invitation::run(command, context)).await,
        Command::Session(Deferred(command)) => Box::pin(session::run(command, context)).await,
        Command::Token(Deferred(command)) => Box::pin(token::run(&command, context)).await,
        Command::Throttle(Deferred(command)) => Box::pin(throttle::run(command, context)).await,
        Command::Audit(Deferred(command)) => Box::pin(audit::run(command, context)).await,
        Command::Key(Deferred(command)) => Box::pin(key::run(&command, context)).await,
        Command::Mail(Deferred(command)) => Box::pin(mail::run(&command, context)).await,
        Command::Adopt(Deferred(arguments)) => Box::pin(adopt::run(&arguments, context)).await,
        Command::Migrate(Deferred(command)) => Box::pin(migrate::run(&command, context)).await,
        Command::Import(Deferred(command)) => Box::pin(import::run(command, context)).await,
        Command::Export(Deferred(arguments)) => Box::pin(export::run(&arguments, context)).await,
        Command::Move(Deferred(arguments)) => Box::pin(moving::run(&arguments, context)).await,
        Command::Backup { file } => Box::pin(backup::back_up(&file, context)).await,
        Command::Restore { file, yes } => Box::pin(backup::restore(&file, yes, &context)).await,
        Command::Health { ready } => Box::pin(health::run(ready, &context)).await,
        Command::Doctor => Box::pin(doctor::run(context)).await,
        Command::Config(Deferred(command)) => config::run(&command, &context),
        Command::Openapi => {
            output::print_json(&doorward_http::openapi(&context.loaded.settings));
            Ok(Exit::Done)
        }
        Command::Completions { .. } => Ok(Exit::Done),
    }
}

fn options(arguments: &Arguments) -> Result<Options, CommandError> {
    let mut options = Options::of_process();
    options.file.clone_from(&arguments.config);
    let mut flag = |key: &str, value: &str| options.flags.push((key.to_owned(), value.to_owned()));
    for pair in &arguments.set {
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| CommandError::usage(format!("`--set {pair}` has no `=`; write --set KEY=VALUE")))?;
        flag(key, value);
    }
    if let Some(url) = &arguments.database {
        flag("database", url);
    }
    if let Some(profile) = &arguments.profile {
        flag("profile", profile);
    }
    if let Command::Serve { listen, no_migrate } = &arguments.command {
        if !listen.is_empty() {
            flag("listen", &listen.join(","));
        }
        if *no_migrate {
            flag("auto_migrate", "false");
        }
    }
    Ok(options)
}

impl Context {
    /// Opens the database for one command. One that is missing or lacks steps is left as it is: only
    /// `serve` and `migrate up` bring an existing one up to date.
    async fn open(&self) -> Result<Doorward, CommandError> {
        self.start(false).await
    }

    /// The same, and makes an embedded database that is missing, so that a user can be created before
    /// the first `serve`.
    async fn open_or_make(&self) -> Result<Doorward, CommandError> {
        self.start(true).await
    }

    async fn start(&self, make: bool) -> Result<Doorward, CommandError> {
        let migrate = make && missing_file(&self.loaded.settings).is_some();
        // Alone first: it tells a database that can't be reached from all that can be wrong in it.
        self.connect(make).await?.close().await;
        let start = Start { migrate, ..Start::new(self.loaded.settings.clone()) };
        let caller = Caller { actor: Actor::CommandLine, ..Caller::default() };
        Ok(Doorward::start(start).await?.on_behalf_of(caller))
    }

    /// The database alone.
    async fn connect(&self, make: bool) -> Result<Database, CommandError> {
        let settings = &self.loaded.settings;
        if let Some(file) = missing_file(settings)
            && !make
            && !settings.keys.seal_key_file.exists()
        {
            return Err(CommandError::no_database(&file));
        }
        Doorward::connect_only(settings, make).await.map_err(CommandError::unreachable)
    }
}

/// The embedded database's file, where there is none yet.
fn missing_file(settings: &settings::Settings) -> Option<String> {
    let path = settings.database.expose().strip_prefix("sqlite:")?.trim_start_matches("//");
    let path = path.split('?').next().unwrap_or_default();
    (!std::path::Path::new(path).exists()).then(|| path.to_owned())
}
