use chrono::SecondsFormat;
use doorward_core::database::StoredTime;
use serde::Serialize;

/// One JSON document on standard output.
pub(crate) fn print_json(value: &impl Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => print(&text),
        Err(error) => complain(&format!("error: the answer can't be shown: {error}")),
    }
}

/// A line on standard output; a reader that has gone away is no failure.
pub(crate) fn print(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// A line on standard error; likewise.
pub(crate) fn complain(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// RFC 3339, UTC, to the second.
pub(crate) fn time(time: StoredTime) -> String {
    time.utc().to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Text from outside, without what could move the cursor, colour the screen or turn the line around.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if acts(c) { c.escape_default().to_string() } else { c.to_string() }).collect()
}

/// Whether a character does something rather than show something (Unicode Standard §23.2 and §23.3).
fn acts(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Rows under their heads, in columns; the last is as long as it likes.
pub(crate) fn print_table(heads: &[&str], rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([heads[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..heads.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded: Vec<_> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        print(padded.join("  ").trim_end());
    };
    line(heads.to_vec());
    for row in rows {
        line(row.iter().map(String::as_str).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_act_on_the_terminal() {
        assert_eq!(plain("a\u{1b}[31mb\0"), "a\\u{1b}[31mb\\u{0}");
        assert_eq!(plain("ab\u{202e}cd\n"), "ab\\u{202e}cd\\n");
        assert_eq!(plain("王小明 مرحبا 🔥"), "王小明 مرحبا 🔥");
    }
}
