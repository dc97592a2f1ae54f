//! What a process and its children have used, from `/proc`.

use std::fs;

use anyhow::{Context, Result, anyhow};

/// Memory of one process, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Resident now.
    pub resident: u64,
    /// Resident at most since the start.
    pub peak: u64,
}

/// Seconds of CPU (user and system) that `root` and every living descendant have used so far.
pub(crate) fn cpu_seconds(root: u32) -> Result<f64> {
    let mut ticks = 0;
    for pid in tree(root)? {
        // A descendant may end between the listing and the reading.
        if let Some(stat) = stat(pid) {
            ticks += stat.ticks;
        } else if pid == root {
            return Err(anyhow!("process {root} has ended"));
        }
    }
    #[allow(clippy::cast_precision_loss)] // A tick count stays far below 2^52.
    let seconds = ticks as f64 / rustix::param::clock_ticks_per_second() as f64;
    Ok(seconds)
}

/// `root` and all its living descendants.
pub(crate) fn tree(root: u32) -> Result<Vec<u32>> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc").context("reading /proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if let Some(stat) = stat(pid) {
            parents.push((pid, stat.parent));
        }
    }
    let mut found = vec![root];
    let mut next = 0;
    while next < found.len() {
        let parent = found[next];
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    Ok(found)
}

/// Memory of the process alone, without its children.
pub(crate) fn memory(pid: u32) -> Result<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))
        .with_context(|| format!("reading the status of process {pid}"))?;
    let bytes = |key: &str| -> Result<u64> {
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(key))
            .with_context(|| format!("{key} is missing from the status of process {pid}"))?;
        let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib * 1024)
    };
    Ok(Memory { resident: bytes("VmRSS:")?, peak: bytes("VmHWM:")? })
}

struct Stat {
    parent: u32,
    ticks: u64,
}

/// `proc_pid_stat(5)`. The second field may itself hold spaces and brackets, so the fields are counted from its end.
fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after_name) = text.rsplit_once(')')?;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let user: u64 = fields.get(11)?.parse().ok()?;
    let system: u64 = fields.get(12)?.parse().ok()?;
    Some(Stat { parent: fields.get(1)?.parse().ok()?, ticks: user + system })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_process_has_memory_and_stands_at_the_root_of_its_tree() {
        let own = std::process::id();
        let memory = memory(own).expect("own status");
        assert!(memory.resident > 0 && memory.peak >= memory.resident);
        assert_eq!(tree(own).expect("own tree")[0], own);
        assert!(cpu_seconds(own).expect("own usage") >= 0.0);
    }
}
