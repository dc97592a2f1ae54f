//! Comparing what a command printed with what the page shows.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use regex::Regex;

/// `…`, `[..]` or `<a-word>`.
const PLACEHOLDER: &str = r"…|\[\.\.\]|<[a-z][a-z0-9-]*>";

/// What the `<words>` of a page stood for when they were first printed.
#[derive(Debug, Default)]
pub(crate) struct Words(BTreeMap<String, String>);

impl Words {
    /// A command with the words that were printed before it.
    pub(crate) fn put_in(&self, command: &str) -> Result<String> {
        let mut text = String::new();
        let mut end = 0;
        for found in Regex::new("<[a-z][a-z0-9-]*>")?.find_iter(command) {
            let Some(word) = self.0.get(found.as_str()) else {
                bail!("no output above shows {}", found.as_str());
            };
            text += &command[end..found.start()];
            text += word;
            end = found.end();
        }
        Ok(text + &command[end..])
    }

    /// Takes the new words from what was printed, or says how it differs.
    pub(crate) fn compare(&mut self, expected: &str, printed: &str) -> Result<()> {
        let mut new = Vec::new();
        let mut pattern = String::from(r"\A");
        for line in expected.trim_end().lines() {
            match line.trim() {
                "…" | "..." => pattern += r"(?:.*\n)*?",
                _ => pattern += &self.line(line.trim_end(), &mut new)?,
            }
        }
        pattern += r"\z";

        let mut trimmed = String::new();
        for line in printed.trim_end().lines() {
            trimmed += line.trim_end();
            trimmed.push('\n');
        }
        let Some(found) = Regex::new(&pattern)?.captures(&trimmed) else {
            bail!("the page shows:\n{expected}\nit printed:\n{trimmed}");
        };
        for (index, name) in new.into_iter().enumerate() {
            self.0.insert(name, found[index + 1].to_owned());
        }
        Ok(())
    }

    fn line(&self, line: &str, new: &mut Vec<String>) -> Result<String> {
        let mut pattern = String::new();
        let mut end = 0;
        for found in Regex::new(PLACEHOLDER)?.find_iter(line) {
            pattern += &regex::escape(&line[end..found.start()]);
            let name = found.as_str();
            pattern += &match self.0.get(name) {
                Some(word) => regex::escape(word),
                None if !name.starts_with('<') => ".*?".to_owned(),
                None => {
                    new.push(name.to_owned());
                    r#"([^\s"']+?)"#.to_owned()
                }
            };
            end = found.end();
        }
        pattern += &regex::escape(&line[end..]);
        Ok(pattern + r"\n")
    }
}
