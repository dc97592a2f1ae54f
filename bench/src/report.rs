//! What was measured, kept as JSON and shown as one table.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::statistics::Spread;

/// One measurement's results.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    /// The file's name, and the command that makes it.
    pub name: String,
    /// Where it stands in the table.
    pub place: u32,
    /// One line: what was done.
    pub how: String,
    /// When it ended, UTC.
    pub taken: String,
    /// What it ran on.
    pub machine: String,
    /// The figures.
    pub rows: Vec<Row>,
    /// Whatever else was measured, for later comparison.
    pub detail: Value,
}

/// One line of the table.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    /// What is measured.
    pub what: String,
    /// Doorward's figure, with its unit.
    pub measured: String,
    /// What it is compared with, with its unit.
    pub against: String,
    /// The value that the goal is about.
    pub judged: Spread,
    /// The unit of `judged`: `×` for a ratio.
    pub unit: String,
    /// What it should be.
    pub goal: Goal,
}

/// A bound from the list of figures to reach.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Goal {
    /// Not more than this.
    AtMost(f64),
    /// Not less than this.
    AtLeast(f64),
    /// Told for comparison.
    None,
}

impl Row {
    /// Whether the median keeps the goal; `None` without a goal.
    pub(crate) fn met(&self) -> Option<bool> {
        match self.goal {
            Goal::AtMost(bound) => Some(self.judged.median <= bound),
            Goal::AtLeast(bound) => Some(self.judged.median >= bound),
            Goal::None => None,
        }
    }

    fn line(&self) -> String {
        let unit = &self.unit;
        let goal = match self.goal {
            Goal::AtMost(bound) => format!("≤ {bound}{unit}"),
            Goal::AtLeast(bound) => format!("≥ {bound}{unit}"),
            Goal::None => "—".to_owned(),
        };
        let verdict = match self.met() {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "",
        };
        let Spread { low, median, high } = self.judged;
        format!(
            "| {} | {} | {} | {}{unit} | {} – {} | {goal} | {verdict} |",
            self.what,
            self.measured,
            self.against,
            short(median),
            short(low),
            short(high),
        )
    }
}

impl Report {
    /// A report of this moment and machine.
    pub(crate) fn new(name: &str, place: u32, how: &str, rows: Vec<Row>, detail: Value) -> Self {
        Self {
            name: name.to_owned(),
            place,
            how: how.to_owned(),
            taken: chrono::Utc::now().format("%Y-%m-%d %H:%M UTC").to_string(),
            machine: machine(),
            rows,
            detail,
        }
    }

    /// Prints the rows, writes `NAME.json` into `results`, and the table of all results there to `table`.
    pub(crate) fn keep(&self, results: &Path, table: &Path) -> Result<()> {
        for row in &self.rows {
            println!("{}", row.line());
        }
        fs::create_dir_all(results)?;
        let file = results.join(format!("{}.json", self.name));
        fs::write(&file, serde_json::to_string_pretty(self)? + "\n")
            .with_context(|| format!("writing {}", file.display()))?;
        write_table(results, table)
    }
}

/// Writes the table of every result in `results`.
pub(crate) fn write_table(results: &Path, table: &Path) -> Result<()> {
    let mut reports = Vec::new();
    for entry in fs::read_dir(results).with_context(|| format!("reading {}", results.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let report: Report = serde_json::from_slice(&fs::read(&path)?)
                .with_context(|| format!("{} is no result of this version", path.display()))?;
            reports.push(report);
        }
    }
    reports.sort_by_key(|report| report.place);
    fs::write(table, markdown(&reports)?).with_context(|| format!("writing {}", table.display()))
}

fn markdown(reports: &[Report]) -> Result<String> {
    let mut text = String::from(
        "# Performance\n\n\
         Written by `cargo xtask bench`; the figures behind it stand in `bench/results/`. Both sides of a comparison run in \
         turns (A B A B …) in one run on one machine; a value is the median of the turns, its spread the quartiles. CPU is \
         user and system time of the server process with its children. The load comes from the same machine.\n\n\
         | what | Doorward | compared with | value | spread | goal | met |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in reports.iter().flat_map(|report| &report.rows) {
        writeln!(text, "{}", row.line())?;
    }
    text.push_str("\n## How each was measured\n\n");
    for report in reports {
        writeln!(text, "- **{}**: {} ({}; {})", report.name, report.how, report.taken, report.machine)?;
    }
    Ok(text)
}

/// Three significant digits, without an exponent.
pub(crate) fn short(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.digits$}")
}

/// Processor, cores, memory and kernel in a line.
pub(crate) fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, key: &str| -> Option<String> {
        let line = text.lines().find(|line| line.starts_with(key))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let processor = field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let cores = cores();
    let kib: u64 = field(&read("/proc/meminfo"), "MemTotal")
        .and_then(|text| text.trim_end_matches("kB").trim().parse().ok())
        .unwrap_or_default();
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{processor}, {cores} cores, {} GiB, Linux {}", kib.div_ceil(1024 * 1024), kernel.trim())
}

/// How many threads run at once.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(median: f64, goal: Goal) -> Row {
        let judged = Spread { low: median, median, high: median };
        Row { what: "w".into(), measured: "1".into(), against: "2".into(), judged, unit: "×".into(), goal }
    }

    #[test]
    fn a_goal_is_met_up_to_its_bound() {
        assert_eq!(row(1.15, Goal::AtMost(1.15)).met(), Some(true));
        assert_eq!(row(1.16, Goal::AtMost(1.15)).met(), Some(false));
        assert_eq!(row(0.94, Goal::AtLeast(0.95)).met(), Some(false));
        assert_eq!(row(3.0, Goal::None).met(), None);
    }

    #[test]
    fn the_table_holds_goal_and_verdict_of_every_row() {
        let rows = vec![row(1.2, Goal::AtMost(1.15))];
        let report = Report::new("guarded", 1, "how", rows, Value::Null);
        let text = markdown(&[report]).expect("writing to a string");
        assert!(text.contains("| w | 1 | 2 | 1.20× | 1.20 – 1.20 | ≤ 1.15× | **no** |"), "{text}");
        assert!(text.contains("- **guarded**: how"));
    }
}
