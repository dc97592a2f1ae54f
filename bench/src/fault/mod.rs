//! Faults under load; the clients remember what they were promised.

pub(crate) mod beside_flask;
mod kept_promises;
pub(crate) mod kill_nine;
pub(crate) mod killed_commands;
mod ledger;
pub(crate) mod postgres_restart;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Result, bail};
use serde::Serialize;

use crate::report::machine;

/// How many broken promises are told in full.
const TOLD: usize = 20;

/// What was tried and what did not hold.
#[derive(Debug, Serialize)]
pub(crate) struct Findings {
    name: String,
    taken: String,
    machine: String,
    /// What was done and checked, by name.
    counts: BTreeMap<String, u64>,
    /// Figures, by name with the unit.
    figures: BTreeMap<String, f64>,
    /// What did not hold.
    broken: Vec<String>,
}

impl Findings {
    /// None yet.
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            taken: chrono::Utc::now().format("%Y-%m-%d %H:%M UTC").to_string(),
            machine: machine(),
            counts: BTreeMap::new(),
            figures: BTreeMap::new(),
            broken: Vec::new(),
        }
    }

    /// One more of those.
    pub(crate) fn count(&mut self, what: &str) {
        self.add(what, 1);
    }

    /// So many more of those.
    pub(crate) fn add(&mut self, what: &str, more: u64) {
        *self.counts.entry(what.to_owned()).or_default() += more;
    }

    /// The greatest value so far.
    pub(crate) fn at_most(&mut self, what: &str, value: f64) {
        let figure = self.figures.entry(what.to_owned()).or_insert(value);
        *figure = figure.max(value);
    }

    /// Counts a check, and keeps what it says when it doesn't hold.
    pub(crate) fn check(&mut self, what: &str, holds: bool, otherwise: impl FnOnce() -> String) {
        self.count(what);
        if !holds {
            let broken = format!("{what}: {}", otherwise());
            println!("BROKEN {broken}");
            self.broken.push(broken);
        }
    }

    /// How many promises were broken so far.
    pub(crate) fn broken(&self) -> usize {
        self.broken.len()
    }

    /// Prints them, writes `NAME.json`, and fails if anything did not hold.
    pub(crate) fn keep(&self, results: &Path) -> Result<()> {
        println!("{}:", self.name);
        for (what, count) in &self.counts {
            println!("  {what}: {count}");
        }
        for (what, value) in &self.figures {
            println!("  {what}: {value:.3}");
        }
        println!("  broken: {}", self.broken.len());
        fs::create_dir_all(results)?;
        fs::write(results.join(format!("{}.json", self.name)), serde_json::to_string_pretty(self)? + "\n")?;
        if self.broken.is_empty() {
            return Ok(());
        }
        let told = self.broken.iter().take(TOLD).map(String::as_str).collect::<Vec<_>>().join("\n");
        bail!("{} did not hold:\n{told}", self.broken.len())
    }
}
