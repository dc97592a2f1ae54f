use std::str::FromStr;

use sea_orm::{QueryOrder, entity::prelude::*};

use super::{StreamColumn, Streams};
use crate::{Doorward, Error};

/// The end of a chain at some moment, to be kept where whoever can write to the database can't: as text
/// `STREAM SEQUENCE HASH`, the hash in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// The chain.
    pub stream: i32,
    /// The place of its last row.
    pub sequence: i64,
    /// The hash of that row.
    pub hash: Vec<u8>,
}

impl std::fmt::Display for Anchor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ", self.stream, self.sequence)?;
        self.hash.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Anchor {
    type Err = &'static str;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "an anchor is `STREAM SEQUENCE HASH`, as `doorward audit anchor` prints it";
        let mut words = line.split_ascii_whitespace();
        let (Some(stream), Some(sequence), Some(hash), None) = (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(FORM);
        };
        if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(FORM);
        }
        let hash = (0..64).step_by(2).map(|at| u8::from_str_radix(&hash[at..at + 2], 16));
        Ok(Self {
            stream: stream.parse().map_err(|_| FORM)?,
            sequence: sequence.parse().map_err(|_| FORM)?,
            hash: hash.collect::<Result<_, _>>().map_err(|_| FORM)?,
        })
    }
}

/// The end of every chain that has rows.
pub async fn anchors(doorward: &Doorward) -> Result<Vec<Anchor>, Error> {
    let heads = Streams::find()
        .filter(StreamColumn::Sequence.gt(0))
        .order_by_asc(StreamColumn::Stream)
        .all(doorward.database().reads())
        .await?;
    Ok(heads.into_iter().map(|head| Anchor { stream: head.stream, sequence: head.sequence, hash: head.hash }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_is_read_as_it_is_written() {
        let anchor = Anchor { stream: 3, sequence: 41, hash: (0..32).collect() };
        assert_eq!(anchor.to_string().parse(), Ok(anchor));
        for line in [
            "",
            "3",
            "3 41",
            "3 41 00",
            "x 41 ",
            &format!("3 41 {}", "é".repeat(32)),
            &format!("3 4 {} 5", "00".repeat(32)),
        ] {
            assert!(line.parse::<Anchor>().is_err(), "{line}");
        }
    }
}
