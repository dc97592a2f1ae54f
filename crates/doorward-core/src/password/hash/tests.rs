mod bounds;
mod families;
mod rewriting;
mod vectors;
mod writing;

use super::{HashError, Limits, Scratch, StoredHash, Verdict};

fn verify(encoded: &str, password: &str, peppers: &[Vec<u8>]) -> Result<Verdict, HashError> {
    StoredHash::parse(encoded)?.verify(password, peppers, &Limits::default(), &mut Scratch::default())
}
