use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, Statement};

use super::{
    Engine, Transaction,
    transfer::{NewRows, document, insertion_of_document},
};

/// Rows of one statement of SQLite's: with every column of `users`, below what it can bind.
const AT_ONCE: usize = 1_000;

/// Inserts rows that all set the same columns. PostgreSQL gets them as one document: a statement with a place for each cell
/// takes it longer to read than to carry out.
pub(crate) async fn insert_many_rows<E, A>(transaction: &Transaction, rows: Vec<A>) -> Result<(), DbErr>
where
    E: EntityTrait,
    A: ActiveModelTrait<Entity = E> + Send,
{
    if rows.is_empty() {
        return Ok(());
    }
    if transaction.engine() == Engine::Sqlite {
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            E::insert_many(rows.by_ref().take(AT_ONCE)).exec_without_returning(transaction).await?;
        }
        return Ok(());
    }
    let NewRows { table, columns, rows, .. } = NewRows::of(rows)?;
    let document = document(&columns, &rows).to_string();
    let sql = insertion_of_document(table, &columns);
    let statement = Statement::from_sql_and_values(transaction.get_database_backend(), sql, [document.into()]);
    transaction.execute_raw(statement).await?;
    Ok(())
}
