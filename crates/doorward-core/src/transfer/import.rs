use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _},
    path::Path,
};

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::{
    fill::{Misfits, insert_fitting},
    manifest::{ExportedTable, Manifest},
    prepare, require_current,
    text::of_json,
};
use crate::{
    Error,
    database::{
        Database,
        transfer::{Link, PAGE, Row, TransferTable, Written, arrange, clear, finish, held_tables, own_tables},
    },
    hexadecimal::to_hexadecimal,
};

/// The longest line that is read.
const LONGEST_LINE: u64 = 16 << 20;

/// Fills a database that nobody uses yet with what [`super::export`] wrote, all or nothing. The keys that sign tokens can be
/// used only under the seal key that they were sealed with.
///
/// # Errors
/// [`Error::Startup`] where a file isn't what the manifest says, or the database is in use.
pub async fn import(database: &Database, folder: &Path) -> Result<Manifest, Error> {
    let manifest = read_manifest(folder)?;
    prepare(database).await?;
    let schema = require_current(database).await?;
    if schema != manifest.schema {
        return Err(Error::startup(
            format!("the export was made by Doorward {}, whose tables are others", manifest.doorward),
            "import it with that version, and bring the database up to date with `doorward migrate up`",
        ));
    }
    let tables = held_tables(database, &own_tables().await?).await?;
    let mut link = Link::open(database).await?;
    link.begin_writing().await?;
    arrange(&mut link).await?;
    clear(&mut link, &tables).await?;
    let mut misfits = Misfits::default();
    for exported in &manifest.tables {
        let table = tables.iter().find(|table| table.name == exported.name);
        let table = table.ok_or_else(|| damaged(folder, &format!("there is no table `{}`", exported.name)))?;
        read_table(&mut link, table, exported, folder, &mut misfits).await?;
    }
    misfits.refuse()?;
    finish(&mut link, &manifest.sequences).await?;
    link.commit().await?;
    link.close().await?;
    Ok(manifest)
}

fn read_manifest(folder: &Path) -> Result<Manifest, Error> {
    let path = folder.join("manifest.json");
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Error::startup(
            format!("{} can't be read: {error}", path.display()),
            "name the folder of an export that came to its end",
        )
    })?;
    let manifest: Manifest =
        serde_json::from_str(&text).map_err(|error| damaged(folder, &format!("manifest.json is none: {error}")))?;
    if !manifest.sequences.are_known() {
        return Err(damaged(folder, "manifest.json numbers a table that is not numbered"));
    }
    if manifest.format != "jsonl" {
        return Err(Error::startup(
            format!("the export is in the format {}", manifest.format),
            "make one with `doorward export --format jsonl --with-hashes`: only that comes back whole",
        ));
    }
    if !manifest.without.is_empty() {
        return Err(Error::startup(
            "the export was made without hashes: nobody could sign in",
            "make one with `doorward export --with-hashes`",
        ));
    }
    if let Some(table) = manifest.tables.iter().find(|table| !table.left_out.is_empty()) {
        return Err(Error::startup(
            format!("the export lacks {} row(s) of {}", table.left_out.len(), table.name),
            "mend these where they were exported, and export again",
        ));
    }
    Ok(manifest)
}

fn damaged(folder: &Path, what: &str) -> Error {
    Error::startup(
        format!("the export in {} is damaged: {what}", folder.display()),
        "copy it again from where it was made, or make a new one",
    )
}

async fn read_table(
    link: &mut Link,
    table: &TransferTable,
    exported: &ExportedTable,
    folder: &Path,
    misfits: &mut Misfits,
) -> Result<(), Error> {
    let file = format!("{}.jsonl", table.name);
    let wrong = |what: String| damaged(folder, &format!("{file}: {what}"));
    // Not the manifest's own name for it, which could lead elsewhere.
    let open = File::open(folder.join(&file)).map_err(|error| wrong(error.to_string()))?;
    let mut lines = BufReader::with_capacity(1 << 18, open);
    let mut hasher = Sha256::new();
    let (mut count, mut text) = (0_u64, Vec::new());
    let mut rows: Vec<Row> = Vec::with_capacity(PAGE);
    loop {
        text.clear();
        let read = lines.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut text);
        let read = read.map_err(|error: io::Error| wrong(error.to_string()))?;
        if read > 0 {
            hasher.update(&text);
            count += 1;
            rows.push(row(table, &text).ok_or_else(|| wrong(format!("line {count} is no row of the table")))?);
        }
        let is_full = rows.len() == PAGE || (read == 0 && !rows.is_empty());
        if is_full && insert_fitting(link, table, std::mem::take(&mut rows), misfits).await? == Written::Some {
            return Err(wrong(format!("a row before line {} stands there twice", count + 1)));
        }
        if read == 0 {
            break;
        }
    }
    if count != exported.rows {
        return Err(wrong(format!("{count} rows, and the manifest says {}", exported.rows)));
    }
    if to_hexadecimal(&hasher.finalize()) != exported.sha256 {
        return Err(wrong("its SHA-256 is another than the manifest says".into()));
    }
    Ok(())
}

/// A row has just the columns of its table.
fn row(table: &TransferTable, line: &[u8]) -> Option<Row> {
    let mut object: Map<String, Value> = serde_json::from_slice(line).ok()?;
    let row = table.columns.iter().map(|column| of_json(object.remove(&column.name)?, column.kind)).collect();
    if object.is_empty() { row } else { None }
}
