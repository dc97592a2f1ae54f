use sea_orm::{
    ColIdx, DbErr, QueryResult, TryFromU64, TryGetError, TryGetable, Value,
    sea_query::{ArrayType, ColumnType, Nullable, ValueType, ValueTypeErr},
};
use serde::{Deserialize, Serialize};

/// A user's id. The Flask system's table has `INTEGER` on PostgreSQL (32 bits, which the driver
/// refuses to read as 64) and up to 64 bits on SQLite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(pub i64);

impl std::fmt::Display for UserId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl From<UserId> for Value {
    fn from(id: UserId) -> Self {
        Self::BigInt(Some(id.0))
    }
}

impl TryGetable for UserId {
    fn try_get_by<I: ColIdx>(result: &QueryResult, index: I) -> Result<Self, TryGetError> {
        match i64::try_get_by(result, index) {
            Err(TryGetError::DbErr(_)) => i32::try_get_by(result, index).map(|id| Self(i64::from(id))),
            other => other.map(Self),
        }
    }
}

impl TryFromU64 for UserId {
    fn try_from_u64(id: u64) -> Result<Self, DbErr> {
        <i64 as TryFrom<u64>>::try_from(id).map(Self).map_err(|_| DbErr::ConvertFromU64("UserId"))
    }
}

impl ValueType for UserId {
    fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
        match value {
            Value::BigInt(Some(id)) => Ok(Self(id)),
            Value::Int(Some(id)) => Ok(Self(i64::from(id))),
            _ => Err(ValueTypeErr),
        }
    }

    fn type_name() -> String {
        "UserId".into()
    }

    fn array_type() -> ArrayType {
        ArrayType::BigInt
    }

    fn column_type() -> ColumnType {
        ColumnType::BigInteger
    }
}

impl Nullable for UserId {
    fn null() -> Value {
        Value::BigInt(None)
    }
}

/// Text in a table that other applications write too: SQLite lets a cell hold bytes or a number
/// where the column says text. Bytes that are no UTF-8 are replaced, as a browser would.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LenientText(pub String);

impl From<LenientText> for Value {
    fn from(text: LenientText) -> Self {
        Self::String(Some(text.0))
    }
}

impl From<&str> for LenientText {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for LenientText {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl std::ops::Deref for LenientText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl TryGetable for LenientText {
    fn try_get_by<I: ColIdx>(result: &QueryResult, index: I) -> Result<Self, TryGetError> {
        match String::try_get_by(result, index) {
            Err(TryGetError::DbErr(error)) => Vec::<u8>::try_get_by(result, index)
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                .or_else(|_| i64::try_get_by(result, index).map(|number| number.to_string()))
                .or_else(|_| f64::try_get_by(result, index).map(|number| number.to_string()))
                .map_err(|_| TryGetError::DbErr(error)),
            other => other,
        }
        .map(Self)
    }
}

impl ValueType for LenientText {
    fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
        match value {
            Value::String(Some(text)) => Ok(Self(text)),
            _ => Err(ValueTypeErr),
        }
    }

    fn type_name() -> String {
        "LenientText".into()
    }

    fn array_type() -> ArrayType {
        ArrayType::String
    }

    fn column_type() -> ColumnType {
        ColumnType::Text
    }
}

impl Nullable for LenientText {
    fn null() -> Value {
        Value::String(None)
    }
}
