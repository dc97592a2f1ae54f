use super::{AuditEvent, row_hash};

/// Why a row is not what was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// A column of it was changed.
    Changed,
    /// It is missing; later ones are there.
    Removed,
    /// It stands in the place of another: it was appended as the row of this number.
    Moved(i64),
    /// The chain's end is missing, from here on.
    CutOff,
    /// It stands after the chain's end.
    Added,
    /// Its chain's own row is missing, or says what it can't.
    Head,
    /// The rows before it were deleted, and no seal says that retention did it.
    Checkpoint,
    /// It is not the row whose hash was kept elsewhere.
    Anchor,
}

impl Fault {
    /// The name, for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Moved(_) => "reordered",
            Self::CutOff => "cut_off",
            Self::Added => "added",
            Self::Head => "head",
            Self::Checkpoint => "checkpoint",
            Self::Anchor => "anchor",
        }
    }
}

/// The first row of a chain that is not what was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken {
    /// The chain.
    pub stream: i32,
    /// The row's place in it.
    pub sequence: i64,
    /// What is wrong with it.
    pub fault: Fault,
}

/// How far a chain has been followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) sequence: i64,
    pub(super) hash: Vec<u8>,
}

/// Follows the chain through `rows`, which come in the order of their places.
pub(super) fn follow(link: &mut Link, rows: &[AuditEvent]) -> Result<(), Broken> {
    for row in rows {
        let place = link.sequence + 1;
        let broken = |sequence, fault| Err(Broken { stream: row.stream, sequence, fault });
        if row.sequence != place {
            return broken(place, Fault::Removed);
        }
        if row_hash(&link.hash, row)[..] != row.hash[..] {
            return broken(place, first_place(link, row, rows).map_or(Fault::Changed, Fault::Moved));
        }
        link.sequence = place;
        link.hash.clone_from(&row.hash);
    }
    Ok(())
}

/// The place for which `row` was appended, if it was for another one near by: then its hash is right for
/// that place, after the row that came before it there.
fn first_place(link: &Link, row: &AuditEvent, rows: &[AuditEvent]) -> Option<i64> {
    let earlier = || [link.hash.as_slice()].into_iter().chain(rows.iter().map(|other| other.hash.as_slice()));
    let mut moved = row.clone();
    rows.iter().map(|other| other.sequence).filter(|place| *place != row.sequence).find(|place| {
        moved.sequence = *place;
        earlier().any(|before| row_hash(before, &moved)[..] == row.hash[..])
    })
}
