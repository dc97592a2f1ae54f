//! The commands in a page.

use anyhow::{Context, Result, bail};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use regex::Regex;

/// A Markdown file's blocks of commands.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) name: String,
    pub(crate) blocks: Vec<Block>,
}

#[derive(Debug)]
pub(crate) struct Block {
    /// The first line is 1.
    line: usize,
    pub(crate) commands: Vec<Command>,
    /// Why the block isn't run.
    pub(crate) ignore: Option<String>,
    /// The program without which the block isn't run.
    pub(crate) needs: Option<String>,
    /// The exit code that each of its commands must have.
    pub(crate) exit: i32,
}

#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) line: usize,
    pub(crate) text: String,
    /// What it must print; `None` where the page shows no output.
    pub(crate) expected: Option<String>,
}

impl Page {
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self> {
        let mut blocks = Vec::new();
        let mut open: Option<(usize, String, String)> = None;
        for (event, range) in Parser::new(text).into_offset_iter() {
            match event {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    let line = text[..range.start].lines().count() + 1;
                    open = Some((line, info.into_string(), String::new()));
                }
                Event::Text(part) => {
                    if let Some((_, _, content)) = &mut open {
                        content.push_str(&part);
                    }
                }
                Event::End(TagEnd::CodeBlock) => {
                    if let Some((line, info, content)) = open.take() {
                        let block = Block::parse(line, &info, &content).with_context(|| format!("{name}:{line}"))?;
                        blocks.extend(block);
                    }
                }
                _ => {}
            }
        }
        let name = name.to_owned();
        Ok(Self { name, blocks })
    }

    /// Leaves out the blocks that need a program which `is_there` doesn't find.
    pub(crate) fn without_missing(&mut self, is_there: impl Fn(&str) -> bool) {
        for block in &mut self.blocks {
            if let Some(program) = block.needs.as_deref().filter(|program| !is_there(program)) {
                block.ignore = Some(format!("{program} is not installed"));
            }
        }
    }

    /// The line of each block that isn't run, and why.
    pub(crate) fn ignored(&self) -> impl Iterator<Item = (usize, &str)> {
        self.blocks.iter().filter_map(|block| Some((block.line, block.ignore.as_deref()?)))
    }
}

impl Block {
    /// `None` for a block in a language that is not a shell's.
    fn parse(line: usize, info: &str, content: &str) -> Result<Option<Self>> {
        let (language, attributes) = info.split_once(char::is_whitespace).unwrap_or((info, ""));
        let commands = match language {
            "console" => commands(line + 1, content)?,
            "sh" => vec![Command { line: line + 1, text: format!("set -e\n{content}"), expected: None }],
            "bash" | "shell" | "shell-session" | "console-session" => {
                bail!("a `{language}` block: write `console` or `sh`, so that it is run")
            }
            _ => return Ok(None),
        };
        let mut block = Self { line, commands, ignore: None, needs: None, exit: 0 };
        block.read_attributes(attributes)?;
        Ok(Some(block))
    }

    fn read_attributes(&mut self, attributes: &str) -> Result<()> {
        let attribute = Regex::new(r#"^\s*([a-z]+)="([^"]+)""#)?;
        let mut rest = attributes;
        while !rest.trim().is_empty() {
            let Some(found) = attribute.captures(rest) else {
                bail!("`{}` is no attribute like ignore=\"why\"", rest.trim());
            };
            match (&found[1], &found[2]) {
                ("ignore", why) => self.ignore = Some(why.to_owned()),
                ("needs", program) => self.needs = Some(program.to_owned()),
                ("exit", code) => self.exit = code.parse().context("exit code")?,
                (other, _) => bail!("unknown attribute `{other}`: ignore, needs, exit"),
            }
            rest = &rest[found[0].len()..];
        }
        Ok(())
    }
}

fn commands(first_line: usize, content: &str) -> Result<Vec<Command>> {
    let mut commands: Vec<Command> = Vec::new();
    for (index, line) in content.lines().enumerate() {
        if let Some(text) = line.strip_prefix("$ ") {
            commands.push(Command { line: first_line + index, text: format!("{text}\n"), expected: None });
            continue;
        }
        let Some(command) = commands.last_mut() else {
            bail!("a `console` block starts with a command, `$ …`");
        };
        let goes_on = command.text.ends_with("\\\n");
        let more = match line.strip_prefix('>') {
            Some(more) if more.is_empty() || more.starts_with(' ') => more.strip_prefix(' ').or(Some(more)),
            _ if goes_on => Some(line),
            _ => None,
        };
        let (text, line) = match (&mut command.expected, more) {
            (None, Some(more)) => (&mut command.text, more),
            (expected, _) => (expected.get_or_insert_default(), line),
        };
        text.push_str(line);
        text.push('\n');
    }
    Ok(commands)
}

impl Command {
    /// Whether it runs until it is told to stop.
    pub(crate) fn serves(&self) -> bool {
        ["doorward serve", "-- serve"].iter().any(|serve| self.text.contains(serve)) && !self.text.contains("--help")
    }
}
