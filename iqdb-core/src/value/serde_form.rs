//! The serialised forms of a value: what it looks like where people read it, an enum elsewhere.

use std::fmt;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Value;
use crate::limits::LIST_LEN_MAX;

#[derive(Serialize)]
#[serde(rename = "Value")]
enum Tagged<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
    List(&'a [Value]),
}

#[derive(Deserialize)]
#[serde(rename = "Value")]
enum TaggedOwned {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Scalars),
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return match self {
                Self::Null => serializer.serialize_unit(),
                Self::Bool(value) => serializer.serialize_bool(*value),
                Self::Int(value) => serializer.serialize_i64(*value),
                Self::Float(value) => serializer.serialize_f64(*value),
                Self::Text(value) => serializer.serialize_str(value),
                Self::List(values) => serializer.collect_seq(values),
            };
        }
        match self {
            Self::Null => Tagged::Null,
            Self::Bool(value) => Tagged::Bool(*value),
            Self::Int(value) => Tagged::Int(*value),
            Self::Float(value) => Tagged::Float(*value),
            Self::Text(value) => Tagged::Text(value),
            Self::List(values) => Tagged::List(values),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = if deserializer.is_human_readable() {
            deserializer.deserialize_any(Readable { lists: true })?
        } else {
            match TaggedOwned::deserialize(deserializer)? {
                TaggedOwned::Null => Self::Null,
                TaggedOwned::Bool(value) => Self::Bool(value),
                TaggedOwned::Int(value) => Self::Int(value),
                TaggedOwned::Float(value) => Self::Float(value),
                TaggedOwned::Text(value) => Self::Text(value),
                TaggedOwned::List(Scalars(values)) => Self::List(values),
            }
        };
        value.check().map_err(D::Error::custom)?;
        Ok(value)
    }
}

/// A list whose elements are read without recursion into further lists, so that hostile
/// nesting costs nothing.
struct Scalars(Vec<Value>);

impl<'de> Deserialize<'de> for Scalars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Readable { lists: true }).map(|list| match list {
            Value::List(values) => Self(values),
            _ => Self(Vec::new()),
        })
    }
}

/// An element of a list: like a value, but a list is refused at its opening bracket.
struct Scalar(Value);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_any(Readable { lists: false }).map(Self);
        }
        #[derive(Deserialize)]
        #[serde(rename = "Value")]
        enum TaggedScalar {
            Null,
            Bool(bool),
            Int(i64),
            Float(f64),
            Text(String),
        }
        Ok(Self(match TaggedScalar::deserialize(deserializer)? {
            TaggedScalar::Null => Value::Null,
            TaggedScalar::Bool(value) => Value::Bool(value),
            TaggedScalar::Int(value) => Value::Int(value),
            TaggedScalar::Float(value) => Value::Float(value),
            TaggedScalar::Text(value) => Value::Text(value),
        }))
    }
}

struct Readable {
    lists: bool,
}

impl<'de> Visitor<'de> for Readable {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("null, a boolean, a number, a string")?;
        f.write_str(if self.lists { " or a list of these" } else { "" })
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        i64::try_from(value).map(Value::Int).map_err(|_| {
            E::custom(format_args!("{value} is above {}, the largest integer", i64::MAX))
        })
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        if !self.lists {
            return Err(A::Error::custom("a list holds a list"));
        }
        let mut values = Vec::new();
        while let Some(Scalar(value)) = sequence.next_element()? {
            values.push(value);
            if values.len() > LIST_LEN_MAX {
                break;
            }
        }
        Ok(Value::List(values))
    }
}
