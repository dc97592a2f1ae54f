use super::Engine;

/// Where the value of that number stands in a statement, counted from 1 in the order of the statement. SQLite takes `$1` for a
/// name, and looks through all that came before for each.
pub(crate) fn mark(engine: Engine, number: usize) -> String {
    match engine {
        Engine::Sqlite => "?".to_owned(),
        Engine::Postgres => format!("${number}"),
    }
}
