//! Reading and showing a value of each type that a setting can have.

use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use zeroize::Zeroizing;

use super::connection::ConnectionUrl;
use super::declare::Rules;
use super::listen::Listen;
use super::secret::Secret;

/// A value as a layer gives it.
pub(super) enum Given {
    /// Bare text, from the environment or a flag: numbers and lists are read out of it.
    Text(Zeroizing<String>),
    /// A string that says it is one.
    String(Zeroizing<String>),
    Integer(i128),
    Boolean(bool),
    List(Vec<Given>),
    /// Names and values, in the order of the file.
    Table(Vec<(String, Given)>),
    /// Anything that no setting takes, by its name: "a table", "a date".
    Other(&'static str),
    /// No value.
    Nothing,
}

/// Why a value was refused: what to do about it, where there is more to say than what is allowed.
pub(super) struct Refused {
    pub(super) way_out: Option<String>,
}

impl Refused {
    pub(super) const PLAIN: Self = Self { way_out: None };

    pub(super) fn because(way_out: impl Into<String>) -> Self {
        Self { way_out: Some(way_out.into()) }
    }

    /// Says which of several tables it is.
    fn of_table(self, entry: &Given, index: usize) -> Self {
        match self.way_out {
            Some(way_out) if matches!(entry, Given::Table(_)) => {
                Self::because(format!("Number {}: {way_out}", index + 1))
            }
            _ => self,
        }
    }

    pub(super) fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Self {
        let way_out = super::nearest::word(given, known).map(|nearest| format!("Did you mean `{nearest}`?"));
        Self { way_out }
    }
}

impl Given {
    pub(super) fn string(text: &str) -> Self {
        Self::String(Zeroizing::new(text.to_owned()))
    }

    pub(super) fn bare(text: &str) -> Self {
        Self::Text(Zeroizing::new(text.to_owned()))
    }

    /// The text of a string of either kind.
    pub(super) fn text(&self) -> Result<&str, Refused> {
        match self {
            Self::Text(text) | Self::String(text) => Ok(text),
            Self::Integer(_) | Self::Boolean(_) => Err(Refused::because("Put it in quotes.")),
            _ => Err(Refused::PLAIN),
        }
    }

    /// How an error names it. Not for secrets.
    pub(super) fn described(&self) -> String {
        match self {
            Self::Text(text) | Self::String(text) => {
                let start: String = text.chars().take(80).collect();
                let more = if start.len() < text.len() { "…" } else { "" };
                format!("\"{}{more}\"", start.escape_debug())
            }
            Self::List(entries) => {
                let entries: Vec<_> = entries.iter().take(5).map(Self::described).collect();
                format!("[{}]", entries.join(", "))
            }
            Self::Integer(number) => number.to_string(),
            Self::Boolean(truth) => truth.to_string(),
            Self::Table(_) => "a table".to_owned(),
            Self::Other(name) => (*name).to_owned(),
            Self::Nothing => "nothing".to_owned(),
        }
    }

    /// As TOML; `None` where there is no value.
    pub(super) fn toml(&self) -> Option<String> {
        Some(match self {
            Self::Text(text) | Self::String(text) => toml::Value::String(text.to_string()).to_string(),
            Self::Integer(number) => number.to_string(),
            Self::Boolean(truth) => truth.to_string(),
            Self::List(entries) => {
                let entries: Vec<_> = entries.iter().filter_map(Self::toml).collect();
                format!("[{}]", entries.join(", "))
            }
            Self::Table(entries) => {
                let entry = |(name, value): &(String, Self)| Some(format!("{name} = {}", value.toml()?));
                format!("{{ {} }}", entries.iter().filter_map(entry).collect::<Vec<_>>().join(", "))
            }
            Self::Other(_) | Self::Nothing => return None,
        })
    }

    fn json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) | Self::String(text) => text.as_str().into(),
            Self::Integer(number) => i64::try_from(*number).ok().into(),
            Self::Boolean(truth) => (*truth).into(),
            Self::List(entries) => entries.iter().map(Self::json).collect(),
            Self::Table(entries) => {
                let entry = |(name, value): &(String, Self)| (name.clone(), value.json());
                serde_json::Value::Object(entries.iter().map(entry).collect())
            }
            Self::Other(_) | Self::Nothing => serde_json::Value::Null,
        }
    }
}

/// A type that a setting can have.
pub(super) trait Value: Sized {
    /// Reads what a layer gave.
    fn read(given: &Given, rules: &Rules) -> Result<Self, Refused>;

    /// The value as the file would give it, secrets included.
    fn give(&self) -> Given;

    /// The value as anyone may see it.
    fn shown(&self) -> serde_json::Value {
        self.give().json()
    }

    /// What is allowed, to follow "it takes".
    fn allowed(rules: &Rules) -> String;

    /// Reads a list that stands in one text: its entries are separated by commas.
    fn read_list(text: &str, rules: &Rules) -> Result<Vec<Self>, Refused> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        entries.map(|entry| Self::read(&Given::bare(entry), rules)).collect()
    }
}

impl Value for bool {
    fn read(given: &Given, _: &Rules) -> Result<Self, Refused> {
        match given {
            Given::Boolean(truth) => Ok(*truth),
            Given::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => Ok(true),
                "false" | "0" | "no" | "off" => Ok(false),
                _ => Err(Refused::PLAIN),
            },
            Given::String(_) => Err(Refused::because("Write it without quotes.")),
            _ => Err(Refused::PLAIN),
        }
    }

    fn give(&self) -> Given {
        Given::Boolean(*self)
    }

    fn allowed(_: &Rules) -> String {
        "`true` or `false`".to_owned()
    }
}

macro_rules! whole_number {
    ($($type:ty),*) => {$(
        impl Value for $type {
            fn read(given: &Given, rules: &Rules) -> Result<Self, Refused> {
                let number = match given {
                    Given::Integer(number) => *number,
                    Given::Text(text) => text.trim().parse().map_err(|_| Refused::PLAIN)?,
                    Given::String(text) if text.parse::<u64>().is_ok() => {
                        return Err(Refused::because("Write it without quotes."));
                    }
                    _ => return Err(Refused::PLAIN),
                };
                let in_range = rules.range.as_ref().is_none_or(|range| {
                    (i128::from(*range.start())..=i128::from(*range.end())).contains(&number)
                });
                Self::try_from(number).ok().filter(|_| in_range).ok_or(Refused::PLAIN)
            }

            fn give(&self) -> Given {
                // A `usize` has no `From` into `i128`, but always fits.
                Given::Integer(i128::try_from(*self).unwrap_or(i128::MAX))
            }

            fn allowed(rules: &Rules) -> String {
                let unit = rules.unit.map(|unit| format!(" of {unit}")).unwrap_or_default();
                match &rules.range {
                    Some(range) => {
                        format!("a whole number{unit} from {} to {}", range.start(), range.end())
                    }
                    None => format!("a whole number{unit}"),
                }
            }
        }
    )*};
}
whole_number!(u32, u64, usize);

/// The text after the setting's form has looked at it.
fn formed(text: &str, rules: &Rules) -> Result<String, Refused> {
    match rules.form {
        Some(form) => (form.read)(text).map_err(Refused::because),
        None => Ok(text.to_owned()),
    }
}

fn form_or(rules: &Rules, otherwise: &str) -> String {
    rules.form.map_or(otherwise, |form| form.what).to_owned()
}

impl Value for String {
    fn read(given: &Given, rules: &Rules) -> Result<Self, Refused> {
        formed(given.text()?, rules)
    }

    fn give(&self) -> Given {
        Given::string(self)
    }

    fn allowed(rules: &Rules) -> String {
        form_or(rules, "text")
    }
}

impl Value for PathBuf {
    fn read(given: &Given, _: &Rules) -> Result<Self, Refused> {
        match given.text()? {
            "" => Err(Refused::PLAIN),
            path => Ok(path.into()),
        }
    }

    fn give(&self) -> Given {
        Given::string(&self.to_string_lossy())
    }

    fn allowed(_: &Rules) -> String {
        "a path".to_owned()
    }
}

impl Value for Secret {
    fn read(given: &Given, rules: &Rules) -> Result<Self, Refused> {
        match given.text()? {
            "" => Err(Refused::because("It is empty.")),
            text => Ok(Self::new(formed(text, rules)?)),
        }
    }

    fn give(&self) -> Given {
        Given::string(self.expose())
    }

    fn shown(&self) -> serde_json::Value {
        super::secret::MASK.into()
    }

    fn allowed(rules: &Rules) -> String {
        form_or(rules, "a secret")
    }
}

impl Value for ConnectionUrl {
    fn read(given: &Given, rules: &Rules) -> Result<Self, Refused> {
        formed(given.text()?, rules).map(Self::new)
    }

    fn give(&self) -> Given {
        Given::string(self.expose())
    }

    fn shown(&self) -> serde_json::Value {
        self.to_string().into()
    }

    fn allowed(rules: &Rules) -> String {
        form_or(rules, "a URL")
    }
}

impl Value for Listen {
    fn read(given: &Given, _: &Rules) -> Result<Self, Refused> {
        Self::parse(given.text()?).map_err(Refused::because)
    }

    fn give(&self) -> Given {
        Given::string(&self.to_string())
    }

    fn allowed(_: &Rules) -> String {
        "`IP:PORT` or `unix:/PATH`".to_owned()
    }
}

impl Value for IpNet {
    fn read(given: &Given, _: &Rules) -> Result<Self, Refused> {
        let text = given.text()?;
        let network = text.parse().ok();
        network.or_else(|| text.parse::<IpAddr>().ok().map(Self::from)).ok_or(Refused::PLAIN)
    }

    fn give(&self) -> Given {
        Given::string(&self.to_string())
    }

    fn allowed(_: &Rules) -> String {
        "an IP address or a network such as `10.0.0.0/8`".to_owned()
    }
}

impl<T: Value> Value for Option<T> {
    fn read(given: &Given, rules: &Rules) -> Result<Self, Refused> {
        match given {
            // An empty variable is how compose files and shells say "not set".
            Given::Text(text) | Given::String(text) if text.is_empty() => Ok(None),
            _ => T::read(given, rules).map(Some),
        }
    }

    fn give(&self) -> Given {
        self.as_ref().map_or(Given::Nothing, T::give)
    }

    fn shown(&self) -> serde_json::Value {
        self.as_ref().map_or(serde_json::Value::Null, T::shown)
    }

    fn allowed(rules: &Rules) -> String {
        T::allowed(rules)
    }
}

impl<T: Value> Value for Vec<T> {
    fn read(given: &Given, rules: &Rules) -> Result<Self, Refused> {
        let list: Self = match given {
            Given::List(entries) => {
                let entries = entries.iter().enumerate();
                entries
                    .map(|(index, entry)| T::read(entry, rules).map_err(|refused| refused.of_table(entry, index)))
                    .collect()
            }
            Given::Text(text) => T::read_list(text, rules),
            Given::String(_) => T::read(given, rules).map(|only| vec![only]),
            _ => Err(Refused::PLAIN),
        }?;
        if rules.at_least_one && list.is_empty() {
            return Err(Refused::because("Give at least one."));
        }
        Ok(list)
    }

    fn give(&self) -> Given {
        Given::List(self.iter().map(T::give).collect())
    }

    fn shown(&self) -> serde_json::Value {
        self.iter().map(T::shown).collect()
    }

    fn allowed(rules: &Rules) -> String {
        format!("a list, each entry {}", T::allowed(rules))
    }
}
