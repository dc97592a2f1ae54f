//! Follows README.md and `docs/` as a newcomer would: each command of a page in order, in one
//! shell in an empty folder, with the built `doorward` on `PATH`.
//!
//! How a page is written:
//!
//! - A `console` block shows commands after `$ ` and, below each, what it prints. A command goes on
//!   after a `\` at the line's end, or on lines that start with `> `. Where output is shown, it is compared.
//! - A `sh` block is a script; it must end well.
//! - In shown output `…` stands for anything in a line, and alone on a line for any lines. `<token>`
//!   stands for a word that is different each time; later commands may use `<token>` for it.
//! - `doorward serve` goes on in the background, and the page goes on once it is ready (`sd_notify`).
//! - After the language: `ignore="why"` leaves the block out, `needs="program"` where that isn't installed, `exit="2"` is the exit code to expect.
//!
//! The crate `trycmd` reads such blocks too, but starts each program without a shell, keeps no server
//! running between two commands, and carries no token from an answer into the next command.

mod expected;
mod page;
mod shell;
#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::workspace;
use expected::Words;
use page::{Block, Page};
use shell::Shell;

/// The page that the step `python` follows, with the package that it installs.
pub(crate) const OF_FLASK_GUARD: &str = "docs/guard/flask.md";

/// The address that the pages use.
const ADDRESS: &str = "127.0.0.1:8080";

pub(crate) fn run() -> Result<()> {
    let binary = workspace::doorward()?;
    let programs = binary.parent().context("the binary is in a folder")?.as_os_str();
    let root = workspace::root();
    let mut commands = 0;
    let mut ignored = 0;
    for path in paths(&root)? {
        let name = path.strip_prefix(&root)?.display().to_string();
        if name == OF_FLASK_GUARD {
            println!("   {name}: followed by the step `python`");
            continue;
        }
        let (run, not_run) = run_page(&name, programs)?;
        commands += run;
        ignored += not_run;
    }
    println!("   {commands} commands run, {ignored} blocks not");
    Ok(())
}

/// Follows one page, with `programs` (folders, as in `PATH`) before the rest of `PATH`; says how many commands were run,
/// and how many blocks not.
pub(crate) fn run_page(name: &str, programs: &OsStr) -> Result<(usize, usize)> {
    let mut page = Page::parse(name, &fs::read_to_string(workspace::root().join(name))?)?;
    page.without_missing(workspace::is_installed);
    if page.blocks.is_empty() {
        return Ok((0, 0));
    }
    // Pages follow one another on one address. Whoever else has it would answer in Doorward's place.
    TcpListener::bind(ADDRESS).with_context(|| format!("{ADDRESS}, which the pages use, is taken: ss -ltnp"))?;
    let count = follow(&page, programs)?;
    println!("   {name}: {count} commands");
    let mut ignored = 0;
    for (line, why) in page.ignored() {
        println!("   {name}:{line}: not run, {why}");
        ignored += 1;
    }
    Ok((count, ignored))
}

/// README.md and every page under docs/.
fn paths(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = vec![root.join("README.md")];
    found.retain(|path| path.exists());
    let mut folders = vec![root.join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    found[1..].sort();
    Ok(found)
}

/// Runs a page's commands, with `programs` before the rest of `PATH`; says how many there were.
fn follow(page: &Page, programs: &OsStr) -> Result<usize> {
    let mut shell = Shell::start(programs)?;
    let mut words = Words::default();
    let mut count = 0;
    for block in page.blocks.iter().filter(|block| block.ignore.is_none()) {
        for command in &block.commands {
            let place = format!("{}:{}", page.name, command.line);
            step(&mut shell, &mut words, block, command)
                .with_context(|| format!("{place}: $ {}", command.text.trim_end()))?;
            count += 1;
        }
    }
    Ok(count)
}

fn step(shell: &mut Shell, words: &mut Words, block: &Block, command: &page::Command) -> Result<()> {
    let text = words.put_in(&command.text)?;
    if command.serves() {
        return shell.serve(&text, |printed| match &command.expected {
            Some(expected) => words.compare(expected, printed),
            None => Ok(()),
        });
    }
    let (exit, printed) = shell.run(&text)?;
    if exit != block.exit {
        bail!("exit code {exit}, expected {}; it printed:\n{printed}{}", block.exit, shell.served());
    }
    match &command.expected {
        Some(expected) => words.compare(expected, &printed),
        None => Ok(()),
    }
}
