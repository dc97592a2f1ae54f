use std::{
    fs::File,
    io::{self, IsTerminal as _, Write as _},
    path::Path,
    time::Instant,
};

use doorward_core::import::{
    Ids, Import, ImportFault, Observer, OnConflict, Outcome as Imported, Progress, Rows, Source, SourceFault, import,
};
use serde_json::{Map, Value};

use super::{CommandError, Context, Outcome, adopt, exit::Exit, output};
use crate::arguments::{IdsWord, ImportCommand, ImportOptions, OnConflictWord, SourceDatabase};

pub(super) async fn run(command: ImportCommand, context: Context) -> Outcome {
    let (name, source, options) = match command {
        ImportCommand::Jsonl { file, options } => (file.display().to_string(), Source::Jsonl(file), options),
        ImportCommand::Csv { file, column, options } => {
            let columns = column.iter().map(|pair| renamed(pair)).collect::<Result<_, _>>()?;
            (file.display().to_string(), Source::Csv { file, columns }, options)
        }
        ImportCommand::Django { mut from, options } => {
            let usual = from.mapping.is_none() && from.table.is_none();
            from.table = usual.then(|| "auth_user".to_owned()).or(from.table);
            let rows = match rows(&from).await {
                // A project with a user model of its own.
                Err(_) if usual => rows(&SourceDatabase { table: None, ..from }).await?,
                found => found?,
            };
            (rows.database.location().to_owned(), Source::Database(Box::new(rows)), options)
        }
        // Not users alone, and dealt with elsewhere.
        ImportCommand::Doorward { folder } => return super::export::import(&folder, context).await,
        ImportCommand::Flask { from, options } | ImportCommand::Sql { from, options } => {
            let rows = rows(&from).await?;
            (rows.database.location().to_owned(), Source::Database(Box::new(rows)), options)
        }
    };
    let wanted = Import {
        source,
        dry_run: options.dry_run,
        on_conflict: match options.on_conflict {
            OnConflictWord::Skip => OnConflict::Skip,
            OnConflictWord::Update => OnConflict::Update,
            OnConflictWord::Fail => OnConflict::Fail,
        },
        ids: match options.ids {
            IdsWord::Keep => Ids::Keep,
            IdsWord::New => Ids::New,
        },
    };
    let mut watching = Watching::new(&options, &context)?;
    let doorward = context.open_or_make().await?;
    let result = import(&doorward, &wanted, &mut watching).await;
    doorward.close().await;
    if let Source::Database(rows) = &wanted.source {
        rows.database.close().await;
    }
    watching.end_line();
    let imported = result.map_err(|fault| explained(fault, &name))?;
    tell(&imported, &options, &context);
    match imported.conflict {
        Some((line, user)) => Err(CommandError::conflict(
            "user_exists",
            format!(
                "{}: the user is here already, with the id {user}; what came before it is imported",
                place(&wanted.source, line)
            ),
            "say --on-conflict skip or --on-conflict update, and run it again: it goes on from there",
        )),
        None if imported.rejected > 0 => Ok(Exit::Faults),
        None => Ok(Exit::Done),
    }
}

fn place(source: &Source, line: u64) -> String {
    match source {
        Source::Database(rows) => format!("the row of `{}` with the id {line}", output::plain(&rows.mapping.table)),
        Source::Jsonl(_) | Source::Csv { .. } => format!("line {line}"),
    }
}

fn renamed(pair: &str) -> Result<(String, String), CommandError> {
    pair.split_once('=').map(|(theirs, ours)| (theirs.to_owned(), ours.to_owned())).ok_or_else(|| {
        CommandError::usage(format!("`--column {}` has no `=`; write --column COLUMN=FIELD", output::plain(pair)))
    })
}

/// The users of another application's database.
async fn rows(from: &SourceDatabase) -> Result<Rows, CommandError> {
    let database = adopt::open(&from.from).await?;
    let mapping = adopt::find(&database, from.table.as_deref(), from.mapping.as_deref()).await?.mapping;
    database.fetch_whole(&mapping.table).await.map_err(doorward_core::Error::from)?;
    Ok(Rows { database, mapping, administrators: from.administrators })
}

fn explained(fault: ImportFault, file: &str) -> CommandError {
    match fault {
        ImportFault::Failed(error) => error.into(),
        ImportFault::Source(SourceFault::Changed) => CommandError::elsewhere(
            "source_changed",
            format!("{file} was changed while it was read; what was read before is imported"),
            "let nothing write to it, and import it with --on-conflict skip",
        ),
        ImportFault::Source(SourceFault::UnknownColumn(name)) => CommandError::usage(format!(
            "{file}: the column `{}` is no field: say --column '{0}=FIELD', or --column '{0}=-' to pass it over",
            output::plain(&name)
        )),
        ImportFault::Source(fault @ SourceFault::NoHeader(_)) => CommandError::usage(format!("{file}: {fault}")),
        ImportFault::Source(fault @ SourceFault::Unreadable(_)) => CommandError::elsewhere(
            "unreadable",
            format!("{file} can't be read: {fault}"),
            "check the path, and who may read it",
        ),
        ImportFault::Source(SourceFault::Database(error)) => error.into(),
        ImportFault::Source(fault @ SourceFault::NoTable(_)) => CommandError::usage(format!("{file}: {fault}")),
        ImportFault::Source(fault @ SourceFault::NoWholeIds(_)) => CommandError::usage(format!(
            "{file}: {fault}; write the users to a CSV file without their ids, and import that"
        )),
        ImportFault::Rejects(_) => {
            CommandError::elsewhere("rejects", fault.to_string(), "make room, or name another file with --rejects")
        }
    }
}

fn tell(imported: &Imported, options: &ImportOptions, context: &Context) {
    if context.json {
        output::print_json(imported);
        return;
    }
    if imported.finished_before {
        output::print("This very file was imported before, to its end. That run:");
    } else if imported.resumed_after > 0 {
        output::print(&format!("Went on after record {}, which an earlier run had reached.", imported.resumed_after));
    }
    let would = if options.dry_run { "would be " } else { "" };
    let line = |count: i64, what: &str| output::print(&format!("{count:>9}  {what}"));
    line(imported.records, "records");
    line(imported.created, &format!("users {would}made"));
    line(imported.changed, &format!("users {would}changed"));
    line(imported.skipped, "users were there already and stay as they are");
    line(imported.rejected, &format!("records {would}rejected"));
    for (reason, count) in &imported.reasons {
        output::print(&format!("           {count} {reason}"));
    }
    if imported.rejected > 0 && options.rejects.is_none() && !imported.finished_before {
        output::print("→ say --rejects FILE to have them in a file that you can mend and import");
    }
}

/// Shows how far it is, and keeps what is rejected.
struct Watching {
    rejects: Option<File>,
    shows: bool,
    began: Instant,
    shown_at: Option<Instant>,
    first: Option<Progress>,
}

impl Watching {
    fn new(options: &ImportOptions, context: &Context) -> Result<Self, CommandError> {
        let rejects = options.rejects.as_deref().map(create).transpose().map_err(|error| {
            CommandError::elsewhere(
                "rejects",
                format!("the rejects can't be written: {error}"),
                "name another file with --rejects",
            )
        })?;
        let shows = io::stderr().is_terminal() && !context.json;
        Ok(Self { rejects, shows, began: Instant::now(), shown_at: None, first: None })
    }

    fn end_line(&self) {
        if self.shown_at.is_some() {
            output::complain("");
        }
    }
}

/// For its owner only, behind what an earlier run wrote.
fn create(path: &Path) -> io::Result<File> {
    let mut open = File::options();
    open.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    open.open(path)
}

impl Observer for Watching {
    fn progress(&mut self, progress: Progress) {
        let first = *self.first.get_or_insert(progress);
        let is_due = self.shown_at.is_none_or(|at| at.elapsed().as_millis() >= 200);
        if !self.shows || !is_due {
            return;
        }
        self.shown_at = Some(Instant::now());
        let seconds = self.began.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "shown to a person")]
        let (done, rate) =
            (progress.read as f64 / progress.length.max(1) as f64, (progress.records - first.records) as f64 / seconds);
        let left = if done > 0.0 { seconds / done - seconds } else { 0.0 };
        let _ = write!(
            io::stderr(),
            "\r{} records, {:.0} %, {rate:.0} a second, {left:.0} s left   ",
            progress.records,
            done * 100.0
        );
    }

    fn rejected(&mut self, row: Map<String, Value>) -> io::Result<()> {
        let Some(file) = &mut self.rejects else { return Ok(()) };
        let mut line = Value::Object(row).to_string();
        line.push('\n');
        file.write_all(line.as_bytes())
    }
}
