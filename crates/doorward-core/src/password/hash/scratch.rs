use std::fmt;

use argon2::Block;
use zeroize::Zeroize as _;

use super::HashError;

/// Argon2's memory, kept by a worker thread from one hash to the next.
///
/// Starts empty, grows to what a hash needs and stays there until [`release`](Self::release). It is
/// wiped when it is released or dropped.
#[derive(Default)]
pub struct Scratch {
    blocks: Vec<Block>,
}

impl Scratch {
    /// Memory that is held now, in KiB.
    pub fn memory_kib(&self) -> usize {
        self.blocks.len()
    }

    /// Wipes the memory and gives it back.
    pub fn release(&mut self) {
        self.blocks.zeroize();
        self.blocks = Vec::new();
    }

    /// At least `count` blocks of 1 KiB with any content.
    pub(crate) fn blocks(&mut self, count: usize) -> Result<&mut [Block], HashError> {
        if self.blocks.len() < count {
            // Released first: growing in place would hold both and copy what is of no use.
            self.release();
            self.blocks.try_reserve_exact(count).map_err(|_| HashError::OutOfMemory)?;
            self.blocks.resize(count, Block::new());
        }
        Ok(&mut self.blocks[..count])
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.release();
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").field("memory_kib", &self.memory_kib()).finish_non_exhaustive()
    }
}
