use sea_orm::{
    ActiveModelTrait, ActiveValue, ConnectionTrait, DbErr, EntityTrait, IdenStatic, Iterable, Statement, Value,
};

use super::{Engine, Transaction, quoted, stored_time::sqlite_text};

/// Inserts rows that all set the same columns. PostgreSQL gets them as one document: a statement with a place for each cell
/// takes it longer to read than to carry out.
pub(crate) async fn insert_many_rows<E, A>(transaction: &Transaction, rows: Vec<A>) -> Result<(), DbErr>
where
    E: EntityTrait,
    A: ActiveModelTrait<Entity = E> + Send,
{
    let Some(first) = rows.first() else { return Ok(()) };
    if transaction.engine() == Engine::Sqlite {
        E::insert_many(rows).exec_without_returning(transaction).await?;
        return Ok(());
    }
    let columns: Vec<E::Column> = E::Column::iter().filter(|column| is_set(first, *column)).collect();
    let objects: Vec<_> = rows.iter().map(|row| object(row, &columns)).collect::<Result<_, _>>()?;
    let table = quoted(E::default().table_name());
    let names: Vec<_> = columns.iter().map(|column| quoted(column.as_str())).collect();
    let sql = insertion_of_document(&table, &names.join(", "));
    let document = serde_json::to_string(&objects).map_err(|error| DbErr::Custom(error.to_string()))?;
    let statement = Statement::from_sql_and_values(transaction.get_database_backend(), sql, [document.into()]);
    transaction.execute_raw(statement).await?;
    Ok(())
}

/// The statement by which PostgreSQL inserts the rows of one document, a list of objects; each member becomes what its column is.
pub(super) fn insertion_of_document(table: &str, names: &str) -> String {
    format!(
        "INSERT INTO {table} ({names}) SELECT {names} FROM json_populate_recordset(NULL::{table}, CAST($1 AS JSON))"
    )
}

fn is_set<E: EntityTrait>(row: &impl ActiveModelTrait<Entity = E>, column: E::Column) -> bool {
    matches!(row.get(column), ActiveValue::Set(_) | ActiveValue::Unchanged(_))
}

fn object<E: EntityTrait>(
    row: &impl ActiveModelTrait<Entity = E>,
    columns: &[E::Column],
) -> Result<serde_json::Map<String, serde_json::Value>, DbErr> {
    let member = |column: &E::Column| {
        let value = match row.get(*column) {
            ActiveValue::Set(value) | ActiveValue::Unchanged(value) => json(value)?,
            ActiveValue::NotSet => serde_json::Value::Null,
        };
        Ok((column.as_str().to_owned(), value))
    };
    columns.iter().map(member).collect()
}

fn json(value: Value) -> Result<serde_json::Value, DbErr> {
    Ok(match value {
        Value::Bool(truth) => truth.into(),
        Value::Int(number) => number.into(),
        Value::BigInt(number) => number.into(),
        Value::String(text) => text.into(),
        Value::ChronoDateTime(time) => time.map(sqlite_text).into(),
        other => return Err(DbErr::Type(format!("no column of many rows holds {other:?}"))),
    })
}
