//! The filter of common passwords that Doorward refuses: made from lists, checked in as a binary.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use xorf::{BinaryFuse16, DmaSerializable as _};

use crate::workspace;
use common_key::{SHORTEST, common_key};

#[path = "../../crates/doorward-core/src/password/policy/common_key.rs"]
mod common_key;

const FILTER: &str = "crates/doorward-core/src/password/policy/common.filter";

#[derive(Args)]
pub(crate) struct Options {
    /// A list of passwords, one a line, the most common first; `FILE:N` takes the first N that are long enough
    #[arg(required = true, value_name = "FILE[:N]")]
    lists: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let mut keys = BTreeSet::new();
    for list in &options.lists {
        let (path, most) = match list.rsplit_once(':') {
            Some((path, number)) => (PathBuf::from(path), number.parse().context("N is a number")?),
            None => (PathBuf::from(list), usize::MAX),
        };
        let bytes = std::fs::read(&path).with_context(|| format!("can't read {}", path.display()))?;
        let text = String::from_utf8_lossy(&bytes);
        let long_enough = text.lines().filter(|line| line.chars().count() >= SHORTEST);
        let before = keys.len();
        keys.extend(long_enough.take(most).map(common_key));
        println!("{}: {} new", path.display(), keys.len() - before);
    }
    let keys: Vec<u64> = keys.into_iter().collect();
    let filter = BinaryFuse16::try_from(&keys).map_err(|why| anyhow!("the filter can't be built: {why}"))?;
    let mut bytes = vec![0; BinaryFuse16::DESCRIPTOR_LEN];
    filter.dma_copy_descriptor_to(&mut bytes);
    bytes.extend(filter.fingerprints.iter().flat_map(|fingerprint| fingerprint.to_le_bytes()));
    std::fs::write(workspace::root().join(FILTER), &bytes)?;
    println!("{FILTER}: {} passwords, {} bytes; takes 1 in 65,536 others for one of them", keys.len(), bytes.len());
    Ok(())
}
