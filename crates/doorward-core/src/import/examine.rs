use super::{
    Ids,
    source::{self, Reached, Source, SourceFault},
};
use crate::{database::StoredTime, password::hash::Limits};

/// The line of a record, and why it makes no user; nothing where it makes one.
pub type Examined = (u64, Vec<String>);

/// Reads a file to its end and checks each record as far as that goes without a database. Blocks.
///
/// # Errors
/// [`SourceFault`] where it can't be read, or is no such file; and for a database, which is no file.
#[doc(hidden)]
pub fn examine(source: &Source) -> Result<Vec<Examined>, SourceFault> {
    if let Source::Database(rows) = source {
        return Err(SourceFault::NoTable(rows.mapping.table.clone()));
    }
    let mut records = source::open(source, "", Reached { records: 0, last_id: None })?;
    let mut examined = Vec::new();
    while let Some(record) = records.next()? {
        let checked =
            record.user.and_then(|user| user.check(Ids::Keep, &Limits::default(), StoredTime::from_unix_ms(0)));
        let reasons = checked.err().unwrap_or_default();
        examined.push((record.line, reasons.iter().map(ToString::to_string).collect()));
    }
    records.finish()?;
    Ok(examined)
}
