use crate::{
    Error,
    database::{
        DatabaseFailure, Engine,
        transfer::{Link, Row, TransferTable, Unfit, Written, insert, unfit},
    },
};

/// Rows that are told by name; the rest is counted.
const TOLD: usize = 20;

/// Rows that the target has no place for.
#[derive(Debug, Default)]
pub(in crate::transfer) struct Misfits {
    told: Vec<Unfit>,
    count: usize,
}

impl Misfits {
    pub(super) fn note(&mut self, unfit: Unfit) {
        self.count += 1;
        if self.told.len() < TOLD && !self.told.contains(&unfit) {
            self.told.push(unfit);
        }
    }

    /// # Errors
    /// Where there are any, with what to do.
    pub(super) fn refuse(&self) -> Result<(), Error> {
        if self.count == 0 {
            return Ok(());
        }
        let rows = self.told.iter().map(|it| format!("{} {}: {} holds {}", it.table, it.key, it.column, it.reason));
        let rows: Vec<_> = rows.collect();
        Err(Error::startup(
            format!("{} row(s) can't stand in the other database: {}", self.count, rows.join("; ")),
            "mend them (`doorward doctor` says more of users), and run it again: it goes on from there",
        ))
    }
}

/// Inserts the rows that fit.
pub(super) async fn insert_fitting(
    link: &mut Link,
    table: &TransferTable,
    rows: Vec<Row>,
    misfits: &mut Misfits,
) -> Result<Written, DatabaseFailure> {
    let rows = fitting(link.engine(), table, rows, misfits);
    insert(link, table, &rows).await
}

/// The rows that fit.
pub(super) fn fitting(engine: Engine, table: &TransferTable, rows: Vec<Row>, misfits: &mut Misfits) -> Vec<Row> {
    let mut rows = rows;
    rows.retain(|row| match unfit(engine, table, row) {
        Some(unfit) => {
            misfits.note(unfit);
            false
        }
        None => true,
    });
    rows
}
