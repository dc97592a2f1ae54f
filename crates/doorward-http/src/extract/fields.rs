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
            let shown: String = name.chars().filter(|c| !c.is_control()).take(NAME_WIDTH).collect();
            fields.bad.push(FieldError { field: shown.into(), problem: FieldProblem::Unknown });
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
