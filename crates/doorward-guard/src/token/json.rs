//! JSON as tokens may hold it: no member twice, not deep, not wide, numbers as they are written.
//!
//! `serde_json` alone keeps the last of two equal members, so that two readers of one token can see different things
//! (RFC 8725 §2.4, RFC 7519 §4).

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::Denied;

/// How deep arrays and objects may stand in each other. Tokens need two.
const MAX_DEPTH: usize = 4;

/// How many members an object may have. Tokens need ten; it also bounds the search for duplicates.
const MAX_MEMBERS: usize = 64;

#[derive(Debug, PartialEq)]
pub(crate) enum Value {
    Integer(i64),
    String(String),
    Array(Vec<Value>),
    Object(Object),
    /// `null`, a truth value, or a number that is no `i64`: nothing that a token's rules ask for.
    Other,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Object(Vec<(String, Value)>);

impl Object {
    /// Reads `bytes` as one JSON object.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Denied> {
        match Value::parse(bytes)? {
            Value::Object(object) => Ok(object),
            _ => Err(Denied::Malformed("not a JSON object")),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(member, _)| member == name).map(|(_, value)| value)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A member that must be a string if it is there.
    pub(crate) fn string(&self, name: &str) -> Result<Option<&str>, Denied> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Denied::Malformed("a member that must be a string is none")),
        }
    }

    /// A time in unix seconds that must be an integer, written as one, and not before 1970, if it is there.
    pub(crate) fn time(&self, name: &str) -> Result<Option<i64>, Denied> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Integer(seconds)) if *seconds >= 0 => Ok(Some(*seconds)),
            Some(_) => Err(Denied::Malformed("a time that is not an integer from 0 on")),
        }
    }
}

impl Value {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Denied> {
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let value = Within { depth: MAX_DEPTH }.deserialize(&mut json);
        // `end` refuses what follows the value.
        value
            .and_then(|value| json.end().map(|()| value))
            .map_err(|_| Denied::Malformed("not JSON as a token may hold it"))
    }
}

/// Reads one value in which `depth` more arrays or objects may be nested.
#[derive(Clone, Copy)]
struct Within {
    depth: usize,
}

impl Within {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("nested too deep"))?;
        Ok(Self { depth })
    }
}

impl<'de> DeserializeSeed<'de> for Within {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Within {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(i64::try_from(number).map_or(Value::Other, Value::Integer))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(inner)? {
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Object(Vec::new());
        while let Some(name) = members.next_key::<String>()? {
            if object.has(&name) {
                return Err(A::Error::custom("a member twice"));
            }
            if object.0.len() == MAX_MEMBERS {
                return Err(A::Error::custom("too many members"));
            }
            object.0.push((name, members.next_value_seed(inner)?));
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> bool {
        matches!(Value::parse(json.as_bytes()), Err(Denied::Malformed(_)))
    }

    #[test]
    fn integers_are_what_is_written_as_one_and_fits() {
        let object = Object::parse(
            br#"{"a":7,"b":7.0,"c":7e0,"d":9223372036854775807,"e":9223372036854775808,"f":-1,"g":-0,"h":"7"}"#,
        )
        .unwrap();
        assert_eq!(object.time("a"), Ok(Some(7)));
        assert_eq!(object.time("d"), Ok(Some(i64::MAX)));
        assert_eq!(object.time("missing"), Ok(None));
        for name in ["b", "c", "e", "f", "g", "h"] {
            assert!(object.time(name).is_err(), "{name}");
        }
    }

    #[test]
    fn no_member_twice_at_any_depth() {
        for json in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"{"a":{"b":1,"c":2,"b":3}}"#, r#"[{"b":1,"b":1}]"#]
        {
            assert!(refused(json), "{json}");
        }
        assert!(!refused(r#"{"a":{"a":{"a":1}}}"#));
    }

    #[test]
    fn neither_deep_nor_wide() {
        assert!(!refused("[[[[]]]]"));
        assert!(refused("[[[[[]]]]]"));
        assert!(refused(&"[".repeat(6000)));
        assert!(refused(&r#"{"a":"#.repeat(1000)));
        let wide = |members: usize| {
            let members: Vec<_> = (0..members).map(|n| format!(r#""{n}":0"#)).collect();
            format!("{{{}}}", members.join(","))
        };
        assert!(!refused(&wide(MAX_MEMBERS)));
        assert!(refused(&wide(MAX_MEMBERS + 1)));
    }

    #[test]
    fn only_json_and_nothing_after_it() {
        for json in [
            "",
            " ",
            "{",
            "{}{}",
            "{}x",
            "{a:1}",
            "{'a':1}",
            "{\"a\":01}",
            "{\"a\":1e400}",
            "{\"a\":NaN}",
            "{\"a\":1,}",
        ] {
            assert!(refused(json), "{json}");
        }
        assert!(Value::parse(b"{\"a\":\"\xff\"}").is_err());
        assert!(refused(r#"{"a":"\ud800"}"#));
    }
}
