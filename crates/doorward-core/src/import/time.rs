use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

use crate::database::StoredTime;

/// The years that every database and program reads: SQLAlchemy and PostgreSQL write four digits.
const YEARS: std::ops::RangeInclusive<i32> = 1..=9999;

/// Reads a time as systems write it: RFC 3339, or `YYYY-MM-DD HH:MM:SS[.ffffff]` (also with a `T`) or a day alone, which are taken
/// for UTC.
pub(super) fn parse(text: &str) -> Option<StoredTime> {
    use chrono::Datelike as _;
    let text = text.trim();
    let of_offset = || DateTime::parse_from_rfc3339(text).ok().map(|time| time.with_timezone(&Utc));
    // As PostgreSQL shows a `timestamptz`: `2026-03-15 03:30:00+00`.
    let of_postgres =
        || DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z").ok().map(|time| time.with_timezone(&Utc));
    let plain = |form| NaiveDateTime::parse_from_str(text, form).ok().map(|time| time.and_utc());
    let of_day = || Some(NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0)?.and_utc());
    of_offset()
        .or_else(|| plain("%Y-%m-%d %H:%M:%S%.f"))
        .or_else(|| plain("%Y-%m-%dT%H:%M:%S%.f"))
        .or_else(of_postgres)
        .or_else(of_day)
        .filter(|time| YEARS.contains(&time.year()))
        .map(StoredTime::new)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_of_other_systems_are_read_as_utc() {
        for (text, read) in [
            ("2026-03-15T03:30:00Z", Some("2026-03-15T03:30:00Z")),
            ("2026-03-15T04:30:00.25+01:00", Some("2026-03-15T03:30:00.250Z")),
            ("2026-03-15 03:30:00.000001", Some("2026-03-15T03:30:00.000001Z")),
            ("2026-03-15 03:30:00", Some("2026-03-15T03:30:00Z")),
            ("2026-03-15 03:30:00+00", Some("2026-03-15T03:30:00Z")),
            (" 2026-03-15 ", Some("2026-03-15T00:00:00Z")),
            ("", None),
            ("yesterday", None),
            ("15/03/2026", None),
            ("2026-02-30", None),
            ("20260-03-15 03:30:00", None),
            ("1773545400", None),
        ] {
            assert_eq!(parse(text).map(StoredTime::rfc3339).as_deref(), read, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in "\\PC{0,40}|[0-9:TZ. +-]{0,30}") {
            let _ = parse(&text);
        }
    }
}
