use std::{collections::BTreeMap, path::Path};

use jsonschema::{JsonType, ValidationError, Validator, error::TypeKind, error::ValidationErrorKind};
use serde_json::{Map, Value};

use crate::{Error, FieldError, FieldProblem};

/// For whom a profile is read or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The user it is about.
    User,
    /// An administrator, or an operator.
    Admin,
}

/// Who may see or set a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    User,
    Admin,
    Nobody,
}

impl Reach {
    fn includes(self, audience: Audience) -> bool {
        match self {
            Self::User => true,
            Self::Admin => audience == Audience::Admin,
            Self::Nobody => false,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Rule {
    read: Reach,
    write: Reach,
}

/// The application's own fields of a user: a JSON Schema of an object, and who may see and set each of its
/// properties.
#[derive(Debug)]
pub struct ProfileSchema {
    validator: Validator,
    rules: BTreeMap<String, Rule>,
}

/// The longest name of a field that is told back, in characters.
const NAME_WIDTH: usize = 64;

impl ProfileSchema {
    /// Reads the schema of `account.profile_schema_file`.
    ///
    /// # Errors
    /// [`Error::Startup`] where the file can't be read, or is no schema of an object with properties.
    pub fn read(file: &Path) -> Result<Self, Error> {
        let wrong = |why: String| {
            Error::startup(
                format!("`account.profile_schema_file` ({}) {why}", file.display()),
                "mend the file, or unset the setting",
            )
        };
        let text = std::fs::read(file).map_err(|error| wrong(format!("can't be read: {error}")))?;
        let schema: Value = serde_json::from_slice(&text).map_err(|error| wrong(format!("is no JSON: {error}")))?;
        Self::new(&schema).map_err(wrong)
    }

    /// The same from a schema in memory; else what is wrong with it.
    pub fn new(schema: &Value) -> Result<Self, String> {
        let validator = jsonschema::validator_for(schema).map_err(|error| format!("is no JSON Schema: {error}"))?;
        let properties = schema.get("properties").and_then(Value::as_object);
        let properties = properties.ok_or("has no `properties`, an object that names the fields")?;
        let mut rules = BTreeMap::new();
        for (name, property) in properties {
            let rule = Rule {
                read: reach(name, property, "x-doorward-read")?,
                write: reach(name, property, "x-doorward-write")?,
            };
            rules.insert(name.clone(), rule);
        }
        Ok(Self { validator, rules })
    }

    /// The fields that `audience` may see.
    pub fn readable(&self, mut fields: Map<String, Value>, audience: Audience) -> Map<String, Value> {
        fields.retain(|name, _| self.rules.get(name).is_some_and(|rule| rule.read.includes(audience)));
        fields
    }

    /// `present` with `changes` laid over it as a merge patch does (RFC 7396): null takes a field away. Refuses
    /// what `audience` may not set as a field that doesn't exist, and what the schema doesn't take.
    pub fn changed(
        &self,
        present: Map<String, Value>,
        changes: &Map<String, Value>,
        audience: Audience,
    ) -> Result<Map<String, Value>, Error> {
        let mut bad = Vec::new();
        let mut fields = present;
        for (name, value) in changes {
            if !self.rules.get(name).is_some_and(|rule| rule.write.includes(audience)) {
                bad.push(FieldError { field: told_back(&[name]).into(), problem: FieldProblem::Unknown });
            } else if value.is_null() {
                fields.remove(name);
            } else {
                fields.insert(name.clone(), value.clone());
            }
        }
        if bad.is_empty() {
            let instance = Value::Object(fields);
            bad.extend(self.validator.iter_errors(&instance).take(50).map(|error| problem(&error)));
            let Value::Object(unchanged) = instance else { return Err(Error::Invalid(bad)) };
            fields = unchanged;
        }
        if bad.is_empty() { Ok(fields) } else { Err(Error::Invalid(bad)) }
    }
}

fn reach(name: &str, property: &Value, keyword: &str) -> Result<Reach, String> {
    match property.get(keyword) {
        None => Ok(Reach::User),
        Some(Value::String(word)) if word == "user" => Ok(Reach::User),
        Some(Value::String(word)) if word == "admin" => Ok(Reach::Admin),
        Some(Value::String(word)) if word == "nobody" => Ok(Reach::Nobody),
        Some(_) => Err(format!("says of `{name}` a `{keyword}` that is none of user, admin, nobody")),
    }
}

/// `extra.name.inner`, cut, and without what could steer a terminal.
fn told_back(path: &[&str]) -> String {
    let shown = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let mut text = "extra".to_owned();
    for part in path {
        text.push('.');
        text.extend(part.chars().map(shown).take(NAME_WIDTH));
    }
    text
}

fn problem(error: &ValidationError<'_>) -> FieldError {
    let path: Vec<String> = error.instance_path().iter().map(|part| part.to_string()).collect();
    let mut path: Vec<&str> = path.iter().map(String::as_str).collect();
    let size = |limit: u64| usize::try_from(limit).unwrap_or(usize::MAX);
    let problem = match error.kind() {
        ValidationErrorKind::Required { property } => {
            path.extend(property.as_str());
            FieldProblem::Required
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            path.extend(unexpected.first().map(String::as_str));
            FieldProblem::Unknown
        }
        ValidationErrorKind::Type { kind: TypeKind::Single(kind) } => {
            FieldProblem::WrongType { expected: type_name(*kind) }
        }
        ValidationErrorKind::MaxLength { limit } => FieldProblem::TooLong { most: size(*limit), unit: "characters" },
        ValidationErrorKind::MinLength { limit } => FieldProblem::TooShort { least: size(*limit), unit: "characters" },
        ValidationErrorKind::MaxItems { limit } | ValidationErrorKind::MaxProperties { limit } => {
            FieldProblem::TooLong { most: size(*limit), unit: "items" }
        }
        ValidationErrorKind::MinItems { limit } | ValidationErrorKind::MinProperties { limit } => {
            FieldProblem::TooShort { least: size(*limit), unit: "items" }
        }
        ValidationErrorKind::Maximum { .. }
        | ValidationErrorKind::Minimum { .. }
        | ValidationErrorKind::ExclusiveMaximum { .. }
        | ValidationErrorKind::ExclusiveMinimum { .. } => FieldProblem::OutOfRange,
        _ => FieldProblem::NotAllowed,
    };
    FieldError { field: told_back(&path).into(), problem }
}

fn type_name(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Null => "null",
        JsonType::Boolean => "boolean",
        JsonType::Integer => "integer",
        JsonType::Number => "number",
        JsonType::String => "string",
        JsonType::Array => "array",
        JsonType::Object => "object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> ProfileSchema {
        ProfileSchema::new(&json!({
            "type": "object",
            "properties": {
                "phone": {"type": "string", "maxLength": 5},
                "plan": {"enum": ["free", "paid"], "x-doorward-write": "admin"},
                "note": {"type": "string", "x-doorward-read": "admin", "x-doorward-write": "admin"},
                "score": {"type": "integer", "minimum": 0, "x-doorward-read": "nobody", "x-doorward-write": "nobody"},
            },
            "additionalProperties": false,
        }))
        .unwrap()
    }

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(members) = value else { panic!("no object") };
        members
    }

    fn problems(result: Result<Map<String, Value>, Error>) -> Vec<(String, &'static str)> {
        let Err(Error::Invalid(bad)) = result else { panic!("it was taken") };
        bad.into_iter().map(|bad| (bad.field.into_owned(), bad.problem.name())).collect()
    }

    #[test]
    fn each_sees_and_sets_what_the_schema_says() {
        let stored = object(json!({"phone": "1", "plan": "free", "note": "n", "score": 3}));
        let user = schema().readable(stored.clone(), Audience::User);
        assert_eq!(Value::Object(user), json!({"phone": "1", "plan": "free"}));
        let admin = schema().readable(stored.clone(), Audience::Admin);
        assert_eq!(Value::Object(admin), json!({"phone": "1", "plan": "free", "note": "n"}));

        let changes = object(json!({"plan": "paid", "score": 1, "else": 1}));
        let unknown = |name: &str| (format!("extra.{name}"), "unknown_field");
        assert_eq!(
            problems(schema().changed(stored.clone(), &changes, Audience::User)),
            ["else", "plan", "score"].map(unknown)
        );
        assert_eq!(
            problems(schema().changed(stored.clone(), &changes, Audience::Admin)),
            ["else", "score"].map(unknown)
        );
        let changes = object(json!({"phone": null, "plan": "paid"}));
        let fields = schema().changed(stored, &changes, Audience::Admin).unwrap();
        assert_eq!(Value::Object(fields), json!({"plan": "paid", "note": "n", "score": 3}));
    }

    #[test]
    fn what_the_schema_does_not_take_is_told_by_field() {
        let changes = object(json!({"phone": 7, "plan": "other", "note": "x"}));
        assert_eq!(
            problems(schema().changed(Map::new(), &changes, Audience::Admin)),
            [("extra.phone".to_owned(), "wrong_type"), ("extra.plan".to_owned(), "not_allowed")]
        );
        let changes = object(json!({"phone": "123456"}));
        let long = [("extra.phone".to_owned(), "too_long")];
        assert_eq!(problems(schema().changed(Map::new(), &changes, Audience::User)), long);
    }

    #[test]
    fn a_file_that_is_no_such_schema_is_refused() {
        for (schema, why) in [
            (json!({"type": "object"}), "no `properties`"),
            (json!({"properties": {"a": {"type": "text"}}}), "no JSON Schema"),
            (json!({"properties": {"a": {"x-doorward-read": "everybody"}}}), "x-doorward-read"),
            (json!({"properties": {"a": {"$ref": "http://192.0.2.1/schema"}}}), "no JSON Schema"),
        ] {
            let said = ProfileSchema::new(&schema).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
    }
}
