use chrono::SecondsFormat;
use doorward_core::database::StoredTime;
use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

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

/// A part of a line on standard output; likewise.
pub(crate) fn print_part(text: &str) {
    use std::io::Write as _;
    let _ = write!(std::io::stdout(), "{text}");
}

/// Bytes as they are on standard output; `false` where nobody reads any more.
pub(crate) fn print_bytes(bytes: &[u8]) -> bool {
    use std::io::Write as _;
    std::io::stdout().write_all(bytes).is_ok()
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
    Table::new(heads).lines(rows).iter().for_each(|line| print(line));
}

/// A table whose rows come a part at a time. Columns are as wide as the widest cell so far.
pub(crate) struct Table<'a> {
    heads: Option<&'a [&'a str]>,
    widths: Vec<usize>,
}

impl<'a> Table<'a> {
    pub(crate) fn new(heads: &'a [&'a str]) -> Self {
        Self { heads: Some(heads), widths: heads.iter().map(|head| head.width()).collect() }
    }

    /// The lines of these rows, with the heads before the first.
    pub(crate) fn lines(&mut self, rows: &[Vec<String>]) -> Vec<String> {
        for row in rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = cell.width().max(*width);
            }
        }
        let heads = self.heads.take().map(|heads| self.line(heads));
        heads.into_iter().chain(rows.iter().map(|row| self.line(row))).collect()
    }

    fn line(&self, cells: &[impl AsRef<str>]) -> String {
        let mut line = String::new();
        for (cell, width) in cells.iter().map(AsRef::as_ref).zip(&self.widths) {
            line.push_str(cell);
            // Not by `{:<}`: it counts characters, and a terminal gives some two places and others none.
            line.extend(std::iter::repeat_n(' ', width - cell.width() + 2));
        }
        line.truncate(line.trim_end().len());
        line
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

    fn row(cells: [&str; 2]) -> Vec<String> {
        cells.map(str::to_owned).to_vec()
    }

    #[test]
    fn columns_stand_below_one_another_whatever_is_written_in_them() {
        let rows = [row(["王小明", "1"]), row(["cafe\u{301}", "2"]), row(["", "3"]), row(["plain", ""])];
        let lines = Table::new(&["NAME", "ID"]).lines(&rows);
        assert_eq!(lines, ["NAME    ID", "王小明  1", "cafe\u{301}    2", "        3", "plain"]);
    }

    #[test]
    fn a_later_part_of_a_table_can_be_wider_and_has_no_heads() {
        let mut table = Table::new(&["NAME", "ID"]);
        assert_eq!(table.lines(&[row(["a", "1"])]), ["NAME  ID", "a     1"]);
        assert_eq!(table.lines(&[row(["abcdef", "2"])]), ["abcdef  2"]);
        assert_eq!(table.lines(&[row(["b", "3"])]), ["b       3"]);
    }
}
