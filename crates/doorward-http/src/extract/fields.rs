use doorward_core::{Error, FieldError, FieldProblem};
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
