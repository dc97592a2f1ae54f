//! The commands, a file a group. Each calls an operation of `doorward-core` and shows the answer.

mod backup;
mod config;
mod doctor;
mod error;
mod key;
mod migrate;
mod output;
mod password;
mod serve;
mod session;
mod token;
mod user;

pub(crate) use error::CommandError;

use clap::CommandFactory as _;
use doorward_core::{
    Doorward, Start,
    settings::{self, Loaded, Options},
};

use crate::arguments::{Arguments, Command};

/// What a command that works on the database needs.
pub(crate) struct Context {
    loaded: Loaded,
    json: bool,
}

type Outcome = Result<u8, CommandError>;

/// Runs one command; answers the exit code.
pub(crate) fn run(arguments: Arguments) -> Outcome {
    if let Command::Completions { shell } = arguments.command {
        let mut command = Arguments::command();
        clap_complete::generate(shell, &mut command, "doorward", &mut std::io::stdout());
        return Ok(0);
    }
    if let Command::Config(command) = &arguments.command
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

async fn dispatch(command: Command, context: Context) -> Outcome {
    match command {
        Command::Serve { .. } => serve::run(context.loaded).await.map(|()| 0),
        Command::User(command) => user::run(command, context).await,
        Command::Session(command) => session::run(command, context).await,
        Command::Token(command) => token::run(&command, context).await,
        Command::Key(command) => key::run(&command, context).await,
        Command::Migrate(command) => migrate::run(&command, context).await,
        Command::Backup { file } => backup::back_up(&file, context).await,
        Command::Restore { file, yes } => backup::restore(&file, yes, &context),
        Command::Doctor => doctor::run(context).await,
        Command::Config(command) => config::run(&command, &context),
        Command::Openapi => {
            output::print_json(&doorward_http::openapi(&context.loaded.settings));
            Ok(0)
        }
        Command::Completions { .. } => Ok(0),
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
    /// Opens the database for one command. A new embedded database is made, so that a user can be
    /// created before the first start; one that lacks steps is left alone.
    async fn open(&self) -> Result<Doorward, CommandError> {
        let mut start = Start::new(self.loaded.settings.clone());
        start.migrate = is_new(&self.loaded.settings);
        Ok(Doorward::start(start).await?)
    }
}

fn is_new(settings: &settings::Settings) -> bool {
    let url = settings.database.expose();
    let path = url.strip_prefix("sqlite:").map(|path| path.trim_start_matches("//"));
    path.is_some_and(|path| {
        let path = path.split('?').next().unwrap_or_default();
        !std::path::Path::new(path).exists()
    })
}
