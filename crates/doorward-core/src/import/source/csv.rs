use std::io::{BufRead as _, BufReader};

use csv_core::{ReadRecordResult, Reader};
use serde::{Deserialize as _, de::value::MapDeserializer};
use serde_json::{Map, Value};

use super::{Hashed, LONGEST_RECORD, MOST_COLUMNS, Raw, Record, Records, SourceFault, hash_of};
use crate::import::{ImportedUser, Reason};

/// The fields that a column can hold.
const FIELDS: [&str; 14] = [
    "id",
    "username",
    "email",
    "password_hash",
    "confirmed",
    "disabled",
    "name",
    "location",
    "about_me",
    "member_since",
    "last_seen",
    "roles",
    "language",
    "extra",
];

/// Rows of a CSV file under its first.
pub(super) struct Rows {
    cells: Cells,
    /// The field of each column; `None` for one that is passed over.
    columns: Vec<Option<&'static str>>,
}

impl Rows {
    pub(super) fn new(reader: BufReader<Hashed>, renamed: &[(String, String)]) -> Result<Self, SourceFault> {
        let mut cells =
            Cells { reader, parser: Reader::new(), record: vec![0; LONGEST_RECORD], ends: vec![0; MOST_COLUMNS + 1] };
        let (_, head) = cells.next()?.ok_or(SourceFault::NoHeader("the file is empty"))?;
        let head = head.map_err(|_| SourceFault::NoHeader("it is too long, has too many columns, or is no text"))?;
        let mut columns = Vec::with_capacity(head.len());
        for name in &head {
            let name = name.trim_start_matches('\u{feff}').trim();
            let field = renamed.iter().find(|(theirs, _)| theirs == name).map_or(name, |(_, ours)| ours.as_str());
            if field == "-" {
                columns.push(None);
                continue;
            }
            let known = FIELDS.iter().copied().find(|known| *known == field);
            let known = known.ok_or_else(|| SourceFault::UnknownColumn(field.to_owned()))?;
            if columns.contains(&Some(known)) {
                return Err(SourceFault::NoHeader("it names a field twice"));
            }
            columns.push(Some(known));
        }
        if !["username", "email"].iter().any(|name| columns.contains(&Some(name))) {
            return Err(SourceFault::NoHeader("neither `username` nor `email` is among its columns"));
        }
        Ok(Self { cells, columns })
    }
}

impl Records for Rows {
    fn next(&mut self) -> Result<Option<Record>, SourceFault> {
        let Some((line, row)) = self.cells.next()? else { return Ok(None) };
        let (user, raw) = match row {
            Err(problem) => (Err(vec![Reason::whole(problem)]), Raw::Lost),
            Ok(row) => {
                let as_many = row.len() == self.columns.len();
                let named = self.columns.iter().zip(row).filter_map(|(field, cell)| Some(((*field)?.to_owned(), cell)));
                let named: Vec<_> = named.collect();
                let user = if as_many { parse(&named) } else { Err(vec![Reason::whole("wrong_number_of_cells")]) };
                (user, Raw::Cells(named))
            }
        };
        Ok(Some(Record { line, user, raw }))
    }

    fn finish(self: Box<Self>) -> Result<String, SourceFault> {
        hash_of(self.cells.reader)
    }

    fn position(&self) -> u64 {
        self.cells.reader.get_ref().read
    }
}

/// The cells as the members that JSON Lines would have. An empty one says nothing.
pub(super) fn as_json(cells: &[(String, String)]) -> Map<String, Value> {
    let said = cells.iter().filter(|(_, cell)| !cell.is_empty());
    said.map(|(field, cell)| (field.clone(), value(field, cell).unwrap_or_else(|| cell.as_str().into()))).collect()
}

/// What a cell says of its field; `None` where it says nothing that the field can be.
fn value(field: &str, cell: &str) -> Option<Value> {
    let text = cell.trim();
    Some(match field {
        "id" => text.parse::<i64>().ok()?.into(),
        "confirmed" | "disabled" => match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "1" | "yes" | "y" => true.into(),
            "false" | "f" | "0" | "no" | "n" => false.into(),
            _ => return None,
        },
        "roles" => text.split([' ', ',', ';', '|']).filter(|role| !role.is_empty()).collect(),
        "extra" => serde_json::from_str(text).ok().filter(Value::is_object)?,
        _ => cell.into(),
    })
}

pub(super) fn parse(cells: &[(String, String)]) -> Result<ImportedUser, Vec<Reason>> {
    let mut members = Vec::with_capacity(cells.len());
    for (field, cell) in cells.iter().filter(|(_, cell)| !cell.is_empty()) {
        let known = FIELDS.iter().copied().find(|known| known == field).unwrap_or_default();
        members.push((known, value(field, cell).ok_or_else(|| vec![Reason::of(known, "wrong_type")])?));
    }
    let members = members.into_iter();
    ImportedUser::deserialize(MapDeserializer::<_, serde_json::Error>::new(members))
        .map_err(|_| vec![Reason::whole("not_a_user")])
}

/// Records of cells, in memory of a fixed size.
struct Cells {
    reader: BufReader<Hashed>,
    parser: Reader,
    record: Vec<u8>,
    ends: Vec<usize>,
}

type Row = Result<Vec<String>, &'static str>;

impl Cells {
    /// The next record and the line that it begins at. One that doesn't fit is passed over to its end.
    fn next(&mut self) -> Result<Option<(u64, Row)>, SourceFault> {
        let line = self.parser.line();
        let (mut written, mut cells, mut problem) = (0, 0, None);
        loop {
            let input = self.reader.fill_buf()?;
            let (result, read, wrote, ended) =
                self.parser.read_record(input, &mut self.record[written..], &mut self.ends[cells..]);
            self.reader.consume(read);
            written += wrote;
            cells += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => {
                    problem = Some("record_too_long");
                    (written, cells) = (0, 0);
                }
                ReadRecordResult::OutputEndsFull => {
                    problem = problem.or(Some("too_many_cells"));
                    (written, cells) = (0, 0);
                }
                ReadRecordResult::End => return Ok(None),
                ReadRecordResult::Record => {
                    let row = match problem {
                        Some(problem) => Err(problem),
                        None => self.row(cells),
                    };
                    return Ok(Some((line, row)));
                }
            }
        }
    }

    fn row(&self, cells: usize) -> Row {
        let mut begin = 0;
        let mut row = Vec::with_capacity(cells);
        for end in &self.ends[..cells] {
            let cell = std::str::from_utf8(&self.record[begin..*end]).map_err(|_| "not_utf8")?;
            row.push(cell.to_owned());
            begin = *end;
        }
        Ok(row)
    }
}
