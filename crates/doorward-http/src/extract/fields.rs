use chrono::DateTime;
use doorward_core::{Error, FieldError, FieldProblem, database::StoredTime};
use serde_json::{Map, Value};

/// The most of an unknown member's name that is told back.
const NAME_WIDTH: usize = 64;

/// The members of a request's JSON object, taken one by one. What is missing, of the wrong type or
/// left over is collected, so that a client learns of all of it at once.
#[derive(Debug)]
pub struct Fields {
    members: Map<String, Value>,
    bad: Vec<FieldError>,
}

/// A member's name as it is told back: cut, and without what could steer a terminal. A sign stands in
/// for that, so that the name doesn't become another one.
pub(super) fn told_back(name: &str) -> String {
    let shown = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    name.chars().map(shown).take(NAME_WIDTH).collect()
}

/// A request that is read from the members of a JSON object. There is no other way to fill one: a
/// member that the request doesn't name is refused by name.
pub trait ReadFields: Sized {
    /// Takes every member that the request has.
    fn read(fields: &mut Fields) -> Self;
}

impl Fields {
    /// Reads a request, or says what is wrong with each of its members.
    pub(super) fn read_all<T: ReadFields>(members: Map<String, Value>) -> Result<T, Error> {
        let mut fields = Self { members, bad: Vec::new() };
        let request = T::read(&mut fields);
        for name in fields.members.keys() {
            fields.bad.push(FieldError { field: told_back(name).into(), problem: FieldProblem::Unknown });
        }
        if fields.bad.is_empty() { Ok(request) } else { Err(Error::Invalid(fields.bad)) }
    }

    /// A text that must be there.
    pub fn text(&mut self, name: &'static str) -> String {
        match self.members.remove(name) {
            Some(Value::String(text)) => text,
            Some(_) => self.refuse(name, FieldProblem::WrongType { expected: "string" }),
            None => self.refuse(name, FieldProblem::Required),
        }
    }

    /// A text that must be there and hold something.
    pub fn filled_text(&mut self, name: &'static str) -> String {
        let known_bad = self.bad.len();
        let text = self.text(name);
        if text.is_empty() && self.bad.len() == known_bad {
            return self.refuse(name, FieldProblem::Empty);
        }
        text
    }

    /// A text that may be missing.
    pub fn optional_text(&mut self, name: &'static str) -> Option<String> {
        self.members.contains_key(name).then(|| self.text(name))
    }

    /// A text that may be missing, or null to clear what it sets.
    pub fn clearable_text(&mut self, name: &'static str) -> Option<Option<String>> {
        if self.members.get(name).is_some_and(Value::is_null) {
            self.members.remove(name);
            return Some(None);
        }
        self.optional_text(name).map(Some)
    }

    /// A list of texts that must be there.
    pub fn texts(&mut self, name: &'static str) -> Vec<String> {
        let wrong = FieldProblem::WrongType { expected: "list of strings" };
        let Some(value) = self.members.remove(name) else { return self.refuse(name, FieldProblem::Required) };
        let Value::Array(items) = value else { return self.refuse(name, wrong) };
        let texts = items.into_iter().map(|item| if let Value::String(text) = item { Some(text) } else { None });
        texts.collect::<Option<_>>().unwrap_or_else(|| self.refuse(name, wrong))
    }

    /// A whole number that may be missing or null; one that is no `u64` is refused.
    pub fn optional_number(&mut self, name: &'static str) -> Option<u64> {
        match self.members.remove(name)? {
            Value::Null => None,
            Value::Number(number) => match number.as_u64() {
                Some(number) => Some(number),
                None => self.refuse(name, FieldProblem::OutOfRange),
            },
            _ => self.refuse(name, FieldProblem::WrongType { expected: "integer" }),
        }
    }

    /// An object that may be missing.
    pub fn optional_object(&mut self, name: &'static str) -> Option<Map<String, Value>> {
        match self.members.remove(name)? {
            Value::Object(members) => Some(members),
            _ => self.refuse(name, FieldProblem::WrongType { expected: "object" }),
        }
    }

    /// A list of texts that may be missing.
    pub fn optional_texts(&mut self, name: &'static str) -> Option<Vec<String>> {
        self.members.contains_key(name).then(|| self.texts(name))
    }

    /// True or false, or missing.
    pub fn optional_flag(&mut self, name: &'static str) -> Option<bool> {
        match self.members.remove(name)? {
            Value::Bool(flag) => Some(flag),
            _ => self.refuse(name, FieldProblem::WrongType { expected: "boolean" }),
        }
    }

    /// A time by RFC 3339 that may be missing.
    pub fn optional_time(&mut self, name: &'static str) -> Option<StoredTime> {
        let text = self.optional_text(name)?;
        match DateTime::parse_from_rfc3339(&text) {
            Ok(time) => Some(StoredTime::new(time.into())),
            Err(_) => self.refuse(name, FieldProblem::WrongType { expected: "time by RFC 3339" }),
        }
    }

    /// One of a few words, or missing: in a query, where everything is text.
    pub fn optional_word<T>(&mut self, name: &'static str, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.optional_text(name)?;
        let word = read(&text);
        if word.is_none() {
            self.refuse::<()>(name, FieldProblem::NotAllowed);
        }
        word
    }

    /// `true` or `false`, or missing: in a query.
    pub fn optional_flag_word(&mut self, name: &'static str) -> Option<bool> {
        self.optional_word(name, |text| text.parse().ok())
    }

    /// A whole number from `least` to `most`, or missing: in a query.
    pub fn optional_number_word(&mut self, name: &'static str, least: i64, most: i64) -> Option<i64> {
        let text = self.optional_text(name)?;
        let digits = text.strip_prefix('-').unwrap_or(&text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return self.refuse(name, FieldProblem::WrongType { expected: "integer" });
        }
        // What is too large for any type is out of range too.
        match text.parse() {
            Ok(number) if (least..=most).contains(&number) => Some(number),
            _ => self.refuse(name, FieldProblem::OutOfRange),
        }
    }

    /// A user's id that must be there.
    pub(crate) fn id(&mut self, name: &'static str) -> i64 {
        match self.members.remove(name) {
            Some(Value::Number(number)) => match number.as_i64() {
                Some(id) => id,
                None => self.refuse(name, FieldProblem::OutOfRange),
            },
            Some(_) => self.refuse(name, FieldProblem::WrongType { expected: "number" }),
            None => self.refuse(name, FieldProblem::Required),
        }
    }

    /// Refuses a value that was taken already.
    pub(crate) fn refuse_value(&mut self, name: &'static str, problem: FieldProblem) {
        self.refuse::<()>(name, problem);
    }

    fn refuse<T: Default>(&mut self, field: &'static str, problem: FieldProblem) -> T {
        self.bad.push(FieldError { field: field.into(), problem });
        T::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_member_is_not_told_back_as_a_known_one() {
        struct Named;
        impl ReadFields for Named {
            fn read(fields: &mut Fields) -> Self {
                fields.text("username");
                Self
            }
        }
        let members = Map::from_iter([("\0username".to_owned(), "s".into()), ("u\u{1b}[2J".repeat(40), "s".into())]);
        let Err(Error::Invalid(bad)) = Fields::read_all::<Named>(members) else { panic!("it was taken") };
        let unknown = bad.iter().filter(|bad| bad.problem == FieldProblem::Unknown).map(|bad| &*bad.field);
        assert_eq!(
            unknown.collect::<Vec<_>>(),
            ["\u{fffd}username", &format!("{}u\u{fffd}[2", "u\u{fffd}[2J".repeat(12))]
        );
    }
}
