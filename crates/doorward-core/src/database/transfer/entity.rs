use sea_orm::{ActiveModelTrait, ActiveValue, DbErr, EntityName as _, EntityTrait, Iterable as _, Value};

use super::{Cell, Row, insert::lines_of_many};
use crate::database::Engine;

/// New rows of a table, with the columns that all of them set.
#[derive(Debug)]
pub(crate) struct NewRows {
    pub(in crate::database) table: &'static str,
    pub(in crate::database) columns: Vec<&'static str>,
    pub(in crate::database) rows: Vec<Row>,
    /// The same as PostgreSQL copies them, where they are many.
    pub(in crate::database) lines: Option<String>,
}

impl NewRows {
    /// Rows that set the same columns as the first.
    pub(crate) fn of<A: ActiveModelTrait>(rows: Vec<A>) -> Result<Self, DbErr> {
        let is_set = |row: &A, column| matches!(row.get(column), ActiveValue::Set(_) | ActiveValue::Unchanged(_));
        let columns: Vec<_> = match rows.first() {
            Some(first) => <A::Entity as EntityTrait>::Column::iter().filter(|column| is_set(first, *column)).collect(),
            None => Vec::new(),
        };
        let cells = |mut row: A| -> Result<Row, DbErr> {
            columns
                .iter()
                .map(|column| match row.take(*column) {
                    ActiveValue::Set(value) | ActiveValue::Unchanged(value) => cell(value),
                    ActiveValue::NotSet => Ok(Cell::Null),
                })
                .collect()
        };
        let rows = rows.into_iter().map(cells).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            table: A::Entity::default().table_name(),
            columns: columns.iter().map(sea_orm::IdenStatic::as_str).collect(),
            lines: None,
            rows,
        })
    }

    /// The same, with what can be made before the database has its turn.
    pub(crate) fn made_ready(mut self, engine: Engine) -> Self {
        self.lines = lines_of_many(&self.rows, engine);
        self
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

fn cell(value: Value) -> Result<Cell, DbErr> {
    let cell = match value {
        Value::Bool(truth) => truth.map(Cell::Boolean),
        Value::Int(number) => number.map(|number| Cell::Integer(number.into())),
        Value::BigInt(number) => number.map(Cell::Integer),
        Value::String(text) => text.map(Cell::Text),
        Value::Bytes(bytes) => bytes.map(Cell::Bytes),
        Value::ChronoDateTime(time) => time.map(Cell::Time),
        other => return Err(DbErr::Type(format!("no column holds {other:?}"))),
    };
    Ok(cell.unwrap_or(Cell::Null))
}
