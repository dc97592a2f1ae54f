use super::super::{prepare, require_current};
use crate::{
    Error, Randomness as _, SystemRandomness,
    database::{
        self, Database,
        transfer::{Link, Move, MoveState, arrange, begin_noting, clear, note, own_tables},
    },
    hexadecimal::to_hexadecimal,
};

/// How far earlier runs came.
pub(super) enum Begun {
    /// There was none.
    New { id: String },
    /// One was cut off.
    Before { id: String },
    /// All is done but the last note.
    Over { id: String },
}

/// Looks at both for what an earlier run left there.
pub(super) async fn begun(source: &Database, target: &Database) -> Result<Begun, Error> {
    require_current(source).await?;
    let here = database::transfer::move_state(source).await?;
    let there = database::transfer::move_state(target).await?;
    let refused = |what: String, way_out: &str| Err(Error::startup(what, way_out));
    match (here, there) {
        (None, None) => {
            prepare(target).await?;
            let mut id = [0; 16];
            SystemRandomness.fill(&mut id);
            Ok(Begun::New { id: to_hexadecimal(&id) })
        }
        // Killed between the first note here and the first there.
        (Some(here), None) if here.state == MoveState::Leaving => {
            prepare(target).await?;
            Ok(Begun::Before { id: here.id })
        }
        (Some(here), Some(there)) if here.id == there.id => Ok(match here.state {
            MoveState::Left => Begun::Over { id: here.id },
            _ => Begun::Before { id: here.id },
        }),
        // Killed when there was nothing left to do.
        (Some(here), None) if here.state == MoveState::Left && here.other == target.location() => {
            Ok(Begun::Over { id: here.id })
        }
        (Some(here), _) if here.state == MoveState::Left => refused(
            format!("the database at {} was moved already, to {}", source.location(), here.other),
            "name that one in `database`",
        ),
        (Some(here), _) if here.state == MoveState::Leaving => refused(
            format!("a move from {} to {} was begun", source.location(), here.other),
            "go on with that, or give it up with `doorward move --abandon`",
        ),
        (Some(here), _) => refused(
            format!("the database at {} is itself being filled, from {}", source.location(), here.other),
            "end that move first",
        ),
        (None, Some(there)) => refused(
            format!("the database at {} takes part in another move, with {}", target.location(), there.other),
            "name a new file, or an empty database",
        ),
    }
}

/// The notes of both, before a row is copied; what is written from now on is written down.
///
/// The source's note is the first: a run that finds one only there goes on, while one that stood only in the target could be of
/// another move.
pub(super) async fn begin(source: &Database, target: &Database, id: &str) -> Result<(), Error> {
    let own = own_tables().await?;
    let mut here = Link::open(source).await?;
    let leaving = Move { id: id.to_owned(), state: MoveState::Leaving, other: target.location().to_owned() };
    here.begin_writing().await?;
    note(&mut here, &leaving).await?;
    here.commit().await?;

    let mut there = Link::open(target).await?;
    let arriving = Move { id: id.to_owned(), state: MoveState::Arriving, other: source.location().to_owned() };
    let first = database::transfer::move_state(target).await?.is_none();
    there.without_foreign_keys().await?;
    there.begin_writing().await?;
    arrange(&mut there).await?;
    if first {
        clear(&mut there, &own).await?;
    }
    note(&mut there, &arriving).await?;
    there.commit().await?;
    there.close().await?;

    begin_noting(&mut here, &own).await?;
    here.close().await?;
    Ok(())
}
