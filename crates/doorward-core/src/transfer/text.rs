//! How a cell is written in a file.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::NaiveDateTime;
use serde_json::{Value, json};

use crate::{
    database::transfer::{Cell, Kind, Odd},
    hexadecimal::to_hexadecimal,
};

const TIME: &str = "%Y-%m-%dT%H:%M:%S%.6fZ";

/// The cell in JSON: times by RFC 3339, bytes by base64 (RFC 4648 §4), and what is odd as an object.
pub(super) fn to_json(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Integer(number) => json!(number),
        Cell::Boolean(truth) => json!(truth),
        Cell::Text(text) => json!(text),
        Cell::Time(time) => json!(time.format(TIME).to_string()),
        Cell::Bytes(bytes) => json!(STANDARD.encode(bytes)),
        Cell::Odd(odd) => json!({ "odd": odd }),
    }
}

/// The cell that [`to_json`] wrote for a column of this kind.
pub(super) fn of_json(value: Value, kind: Kind) -> Option<Cell> {
    Some(match (value, kind) {
        (Value::Null, _) => Cell::Null,
        (Value::Number(number), Kind::Integer) => Cell::Integer(number.as_i64()?),
        (Value::Bool(truth), Kind::Boolean) => Cell::Boolean(truth),
        (Value::String(text), Kind::Text) => Cell::Text(text),
        (Value::String(text), Kind::Time) => Cell::Time(NaiveDateTime::parse_from_str(&text, TIME).ok()?),
        (Value::String(text), Kind::Bytes) => Cell::Bytes(STANDARD.decode(text).ok()?),
        (Value::Object(mut object), _) if object.len() == 1 => {
            let odd: Odd = serde_json::from_value(object.remove("odd")?).ok()?;
            Cell::Odd(odd)
        }
        _ => return None,
    })
}

/// The cell for a spreadsheet; nothing for NULL.
pub(super) fn to_csv(cell: &Cell) -> String {
    match to_json(cell) {
        Value::Null => String::new(),
        Value::String(text) => crate::user::harmless(&text),
        other => other.to_string(),
    }
}

/// The cell as SQL of SQLite's or PostgreSQL's. `None` where PostgreSQL has no place for it.
pub(super) fn to_sql(cell: &Cell, sqlite: bool) -> Option<String> {
    let text = |text: &str| {
        if !text.contains('\0') {
            return Some(format!("'{}'", text.replace('\'', "''")));
        }
        sqlite.then(|| format!("CAST(X'{}' AS TEXT)", to_hexadecimal(text.as_bytes())))
    };
    Some(match cell {
        Cell::Null => "NULL".into(),
        Cell::Integer(number) => number.to_string(),
        Cell::Boolean(truth) if sqlite => i64::from(*truth).to_string(),
        Cell::Boolean(truth) => truth.to_string(),
        Cell::Text(it) => text(it)?,
        Cell::Time(time) => format!("'{}'", time.format("%Y-%m-%d %H:%M:%S%.6f")),
        Cell::Bytes(bytes) if sqlite => format!("X'{}'", to_hexadecimal(bytes)),
        Cell::Bytes(bytes) => format!("'\\x{}'", to_hexadecimal(bytes)),
        Cell::Odd(_) if !sqlite => return None,
        Cell::Odd(Odd::Integer(number)) => number.to_string(),
        Cell::Odd(Odd::Real(number)) => format!("{number:?}"),
        Cell::Odd(Odd::Text(it)) => text(it)?,
        Cell::Odd(Odd::Bytes(bytes)) => format!("X'{}'", to_hexadecimal(bytes)),
        Cell::Odd(Odd::Unreadable) => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells() -> impl Strategy<Value = (Cell, Kind)> {
        prop_oneof![
            any::<i64>().prop_map(|it| (Cell::Integer(it), Kind::Integer)),
            any::<bool>().prop_map(|it| (Cell::Boolean(it), Kind::Boolean)),
            any::<String>().prop_map(|it| (Cell::Text(it), Kind::Text)),
            any::<Vec<u8>>().prop_map(|it| (Cell::Bytes(it), Kind::Bytes)),
            (0_i64..4_000_000_000_000_000).prop_map(|micros| {
                let time = chrono::DateTime::from_timestamp_micros(micros).unwrap();
                (Cell::Time(time.naive_utc()), Kind::Time)
            }),
            any::<String>().prop_map(|it| (Cell::Odd(Odd::Text(it)), Kind::Time)),
            any::<i64>().prop_map(|it| (Cell::Odd(Odd::Integer(it)), Kind::Text)),
            any::<Vec<u8>>().prop_map(|it| (Cell::Odd(Odd::Bytes(it)), Kind::Text)),
            Just((Cell::Null, Kind::Bytes)),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again((cell, kind) in cells()) {
            let line = to_json(&cell).to_string();
            prop_assert_eq!(of_json(serde_json::from_str(&line).unwrap(), kind), Some(cell));
        }

        #[test]
        fn no_text_ends_its_literal_in_sql(text in any::<String>()) {
            let literal = to_sql(&Cell::Text(text.clone()), true).unwrap();
            if text.contains('\0') {
                prop_assert!(literal.starts_with("CAST(X'"));
            } else {
                prop_assert_eq!(literal[1..literal.len() - 1].replace("''", "'"), text);
            }
        }
    }
}
