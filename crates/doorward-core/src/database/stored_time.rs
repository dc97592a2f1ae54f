use chrono::{DateTime, Datelike as _, NaiveDateTime, Timelike as _, Utc};
use sea_orm::{
    ColIdx, QueryResult, TryGetError, TryGetable, Value,
    sea_query::{ArrayType, ColumnType, Nullable, ValueType, ValueTypeErr},
};

/// A UTC time as both engines hold it: to the microsecond, without a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoredTime(NaiveDateTime);

impl StoredTime {
    /// The time, cut to whole microseconds: what is written is what is read back.
    pub fn new(time: DateTime<Utc>) -> Self {
        let cut = DateTime::from_timestamp_micros(time.timestamp_micros()).unwrap_or(time);
        Self(cut.naive_utc())
    }

    /// The time that many milliseconds after 1970.
    pub fn from_unix_ms(ms: i64) -> Self {
        Self(DateTime::from_timestamp_millis(ms).unwrap_or_default().naive_utc())
    }

    /// The time with its zone.
    pub fn utc(self) -> DateTime<Utc> {
        self.0.and_utc()
    }

    /// Milliseconds since 1970.
    pub fn unix_ms(self) -> i64 {
        self.0.and_utc().timestamp_millis()
    }

    /// Whole seconds since 1970.
    pub fn unix(self) -> i64 {
        self.0.and_utc().timestamp()
    }

    /// RFC 3339 in UTC, with as many digits of the second as the time has.
    pub fn rfc3339(self) -> String {
        self.utc().to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
    }

    /// This time and `seconds` more.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.checked_add_signed(chrono::Duration::seconds(seconds)).unwrap_or(NaiveDateTime::MAX))
    }
}

/// `YYYY-MM-DD HH:MM:SS.ffffff`, the one form that SQLAlchemy reads.
pub(super) fn sqlite_text(time: NaiveDateTime) -> String {
    let (year, micros) = (time.year(), time.nanosecond() / 1_000);
    if !(0..=9_999).contains(&year) || micros > 999_999 {
        return time.format("%Y-%m-%d %H:%M:%S%.6f").to_string();
    }
    // A hot path: reading the format anew takes longer than the rest.
    format!(
        "{year:04}-{:02}-{:02} {:02}:{:02}:{:02}.{micros:06}",
        time.month(),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

impl From<StoredTime> for Value {
    fn from(time: StoredTime) -> Self {
        Self::ChronoDateTime(Some(time.0))
    }
}

impl TryGetable for StoredTime {
    /// A cell that holds no time (SQLite checks nothing) reads as NULL: one damaged row must not
    /// keep its user, or a whole page of users, from being shown.
    fn try_get_by<I: ColIdx>(result: &QueryResult, index: I) -> Result<Self, TryGetError> {
        match NaiveDateTime::try_get_by(result, index) {
            Ok(time) => Ok(Self(time)),
            Err(TryGetError::DbErr(sea_orm::DbErr::Type(_) | sea_orm::DbErr::Query(_))) => {
                Err(TryGetError::Null(format!("{index:?}")))
            }
            Err(error) => Err(error),
        }
    }
}

impl ValueType for StoredTime {
    fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
        match value {
            Value::ChronoDateTime(Some(time)) => Ok(Self(time)),
            _ => Err(ValueTypeErr),
        }
    }

    fn type_name() -> String {
        "StoredTime".into()
    }

    fn array_type() -> ArrayType {
        ArrayType::ChronoDateTime
    }

    fn column_type() -> ColumnType {
        ColumnType::DateTime
    }
}

impl Nullable for StoredTime {
    fn null() -> Value {
        Value::ChronoDateTime(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_always_gets_six_digits() {
        let text = |micros| sqlite_text(DateTime::from_timestamp_micros(micros).unwrap().naive_utc());
        assert_eq!(text(0), "1970-01-01 00:00:00.000000");
        assert_eq!(text(1_500_000), "1970-01-01 00:00:01.500000");
        assert_eq!(text(1), "1970-01-01 00:00:00.000001");
        assert_eq!(text(253_402_300_800_000_000), "+10000-01-01 00:00:00.000000");
        assert_eq!(text(-62_198_755_200_000_000), "-0001-01-01 00:00:00.000000");
    }
}
