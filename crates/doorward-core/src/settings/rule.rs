//! A rule of `forward_auth.rules`: a table in a list of tables.

use std::str::FromStr;

use http::Method;
use toml::de::DeTable;

use super::declare::Rules;
use super::value::{Given, Refused, Value};
use super::{file, nearest};
use crate::forward_auth::{Require, Rule};

const KEYS: [&str; 5] = ["host", "path", "methods", "require", "audience"];

impl Value for Rule {
    fn read(given: &Given, _: &Rules) -> Result<Self, Refused> {
        let Given::Table(entries) = given else { return Err(Refused::PLAIN) };
        if let Some((unknown, _)) = entries.iter().find(|(name, _)| !KEYS.contains(&name.as_str())) {
            let meant = match nearest::word(unknown, KEYS.into_iter()) {
                Some(nearest) => format!("Did you mean `{nearest}`?"),
                None => format!("A rule has {}.", KEYS.map(|key| format!("`{key}`")).join(", ")),
            };
            let unknown: String = unknown.chars().take(80).collect();
            return Err(Refused::because(format!("A rule has no `{}`. {meant}", unknown.escape_debug())));
        }
        let entry = |key: &str| entries.iter().find(|(name, _)| name == key).map(|(_, value)| value);
        let words = Words(entry("require").ok_or_else(|| lacks("require"))?).read("require")?;
        Ok(Self {
            hosts: Words(entry("host").ok_or_else(|| lacks("host"))?).parse("host")?,
            paths: Words(entry("path").ok_or_else(|| lacks("path"))?).parse("path")?,
            methods: entry("methods").map_or_else(|| Ok(Vec::new()), |given| Words(given).methods())?,
            require: Require::parse(words).map_err(|error| Refused::because(format!("{error}.")))?,
            audience: match entry("audience").map(Given::text) {
                Some(Ok("") | Err(_)) => return Err(Refused::because("`audience` is text that is not empty.")),
                Some(Ok(text)) => Some(text.to_owned()),
                None => None,
            },
        })
    }

    fn give(&self) -> Given {
        fn list(entries: impl IntoIterator<Item = impl ToString>) -> Given {
            Given::List(entries.into_iter().map(|entry| Given::string(&entry.to_string())).collect())
        }
        let mut entries = vec![("host".to_owned(), list(&self.hosts)), ("path".to_owned(), list(&self.paths))];
        if !self.methods.is_empty() {
            entries.push(("methods".to_owned(), list(&self.methods)));
        }
        entries.push(("require".to_owned(), list(self.require.words())));
        if let Some(audience) = &self.audience {
            entries.push(("audience".to_owned(), Given::string(audience)));
        }
        Given::Table(entries)
    }

    fn allowed(_: &Rules) -> String {
        "a table of `host`, `path`, `require` and, where they are needed, `methods` and `audience`".to_owned()
    }

    fn read_list(text: &str, rules: &Rules) -> Result<Vec<Self>, Refused> {
        let refuse =
            || Refused::because("Write the list as TOML: `[{ host = \"…\", path = \"…\", require = \"…\" }]`.");
        if text.trim().is_empty() {
            return Ok(Vec::new());
        }
        let text = format!("rules = {text}");
        let table = DeTable::parse(&text).map_err(|_| refuse())?;
        let mut entries = table.get_ref().iter();
        match (entries.next().map(|(_, value)| file::given(value.get_ref())), entries.next()) {
            (Some(Given::List(entries)), None) => entries.iter().map(|entry| Self::read(entry, rules)).collect(),
            _ => Err(refuse()),
        }
    }
}

fn lacks(key: &str) -> Refused {
    Refused::because(format!("A rule needs `{key}`."))
}

/// One text, or a list of them.
struct Words<'a>(&'a Given);

impl<'a> Words<'a> {
    fn read(&self, key: &str) -> Result<Vec<&'a str>, Refused> {
        let words: Result<Vec<_>, _> = match self.0 {
            Given::List(entries) => entries.iter().map(Given::text).collect(),
            only => only.text().map(|text| vec![text]),
        };
        match words {
            Ok(words) if !words.is_empty() => Ok(words),
            _ => Err(Refused::because(format!("`{key}` is a text, or a list of texts that is not empty."))),
        }
    }

    fn parse<T: FromStr<Err: std::fmt::Display>>(&self, key: &str) -> Result<Vec<T>, Refused> {
        let refuse = |error: T::Err| Refused::because(format!("`{key}`: {error}."));
        self.read(key)?.into_iter().map(|word| word.parse().map_err(refuse)).collect()
    }

    fn methods(&self) -> Result<Vec<Method>, Refused> {
        let method = |word: &str| {
            let capitals = word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-');
            let method = word.parse().ok().filter(|_| capitals);
            method.ok_or_else(|| Refused::because("`methods` are written in capitals: `GET`, `POST`."))
        };
        self.read("methods")?.into_iter().map(method).collect()
    }
}
