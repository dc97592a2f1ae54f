use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Why a body is no JSON that is taken.
#[derive(Debug)]
pub(super) enum NotTaken {
    /// No JSON at all.
    Malformed,
    /// A member stands twice: which of them counts would be anyone's guess.
    Duplicate(String),
}

/// Parses JSON, and refuses members that stand twice. Nesting is bounded by the parser.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, NotTaken> {
    let mut duplicate = None;
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { duplicate: &mut duplicate }.deserialize(&mut parser);
    let value = value.and_then(|value| parser.end().map(|()| value));
    match (value, duplicate) {
        (_, Some(name)) => Err(NotTaken::Duplicate(name)),
        (Ok(value), None) => Ok(value),
        (Err(_), None) => Err(NotTaken::Malformed),
    }
}

struct Strict<'a> {
    duplicate: &'a mut Option<String>,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(Strict { duplicate: &mut *self.duplicate })? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            if members.contains_key(&name) {
                *self.duplicate = Some(name);
                return Err(de::Error::custom("duplicate member"));
            }
            let value = access.next_value_seed(Strict { duplicate: &mut *self.duplicate })?;
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}
