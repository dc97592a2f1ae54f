use std::io::{BufRead as _, BufReader};

use super::{Hashed, LONGEST_RECORD, Raw, Record, Records, SourceFault, hash_of};
use crate::import::{ImportedUser, Reason};

/// Lines of JSON.
pub(super) struct Lines {
    reader: BufReader<Hashed>,
    line: u64,
}

impl Lines {
    pub(super) fn new(reader: BufReader<Hashed>) -> Self {
        Self { reader, line: 0 }
    }

    /// The next line without its end; what is too long for memory is passed over and told by `None`.
    fn read_line(&mut self) -> Result<Option<Option<Vec<u8>>>, SourceFault> {
        let (mut line, mut too_long, mut any) = (Vec::new(), false, false);
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(any.then(|| Some(line).filter(|_| !too_long)));
            }
            any = true;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let part = &buffer[..end.unwrap_or(buffer.len())];
            if line.len() + part.len() > LONGEST_RECORD {
                too_long = true;
                line = Vec::new();
            } else if !too_long {
                line.extend_from_slice(part);
            }
            let used = part.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if end.is_some() {
                return Ok(Some(Some(line).filter(|_| !too_long)));
            }
        }
    }
}

/// Reads a line; a mark of the byte order may stand before the first.
pub(super) fn parse(line: &[u8]) -> (Result<ImportedUser, Vec<Reason>>, Raw) {
    let Ok(text) = std::str::from_utf8(line) else { return (Err(vec![Reason::whole("not_utf8")]), Raw::Lost) };
    let text = text.trim_start_matches('\u{feff}').trim();
    let user = serde_json::from_str(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => "not_a_user",
        _ => "not_json",
    });
    // A list would be read too, as the fields in their order.
    let user = user.and_then(|user| if text.starts_with('{') { Ok(user) } else { Err("not_a_user") });
    (user.map_err(|problem| vec![Reason::whole(problem)]), Raw::Text(text.to_owned()))
}

impl Records for Lines {
    fn next(&mut self) -> Result<Option<Record>, SourceFault> {
        loop {
            let Some(line) = self.read_line()? else { return Ok(None) };
            self.line += 1;
            let (user, raw) = match line {
                None => (Err(vec![Reason::whole("record_too_long")]), Raw::Lost),
                Some(line) if line.iter().all(u8::is_ascii_whitespace) => continue,
                Some(line) => parse(&line),
            };
            return Ok(Some(Record { line: self.line, user, raw }));
        }
    }

    fn finish(self: Box<Self>) -> Result<String, SourceFault> {
        hash_of(self.reader)
    }

    fn position(&self) -> u64 {
        self.reader.get_ref().read
    }
}
