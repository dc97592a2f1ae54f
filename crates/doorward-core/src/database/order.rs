use sea_orm::{ConnectionTrait, DbBackend, sea_query::Expr};

/// The words that make texts come in the order of their bytes, whatever the database's own language.
pub(super) fn bytewise(engine: DbBackend) -> &'static str {
    if engine == DbBackend::Postgres { "COLLATE \"C\"" } else { "COLLATE BINARY" }
}

/// A text by the order of its bytes: then everything with one prefix is one range, and an index made so
/// finds it.
pub fn in_byte_order(connection: &impl ConnectionTrait, text: &'static str) -> Expr {
    Expr::cust(format!("{text} {}", bytewise(connection.get_database_backend())))
}
