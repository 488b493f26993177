//! Payload values, owned and borrowed.

mod compare;
mod convert;
mod encoded;
mod list;
mod map;
#[cfg(feature = "serde")]
mod serde_form;

use std::fmt;

pub use list::{List, ListRef};
pub use map::{Map, MapRef};

use crate::limits::{LIST_LEN_MAX, PAYLOAD_BYTES_MAX, PAYLOAD_DEPTH_MAX};
use crate::{DateTime, Error, ErrorKind, Result};

/// One value of a [`Payload`](crate::Payload).
///
/// Numbers convert from `i8` to `i64`, `u8` to `u32`, and both floats; an `f32` is widened as it is,
/// so `0.1_f32` is not equal to `0.1`. A `u64` or `usize` may not fit, so convert it to `i64` first.
///
/// A float is finite; [`check`](Self::check) says so before anything is stored. A list or a map that
/// would be deeper than [`PAYLOAD_DEPTH_MAX`] holds nothing, so that no value is too deep to be
/// walked, printed or dropped. `==` is structural, so `Int(1) != Float(1.0)`; filters compare numbers
/// by their value instead, see [`Predicate`](crate::Predicate).
///
/// # Serde
/// In a human-readable format a value is what it looks like: `null`, `true`, `7`, `7.5`, `"text"`,
/// `[1, 2]`, `{"a": 1}`; a date is `{"$date": "2025-01-31T10:00:00Z"}`, and a map with exactly one
/// key that begins with `$` is written `{"$map": {…}}`. Elsewhere it is an enum of these in this order.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// Null: a value of its own, not an absent key.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A finite floating-point number.
    Float(f64),
    /// A point in time.
    DateTime(DateTime),
    /// A UTF-8 string.
    Text(String),
    /// At most [`LIST_LEN_MAX`] values, of any kinds.
    List(List),
    /// Values by their keys.
    Map(Map),
}

/// A borrowed [`Value`]: what a store lends, so that values may live in columns, and lists and maps
/// may stay [encoded](Self::decode).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueRef<'a> {
    /// Null.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A finite floating-point number.
    Float(f64),
    /// A point in time.
    DateTime(DateTime),
    /// A UTF-8 string.
    Text(&'a str),
    /// A list of values.
    List(ListRef<'a>),
    /// Values by their keys.
    Map(MapRef<'a>),
}

/// What a list or a map holds that was to be deeper than [`PAYLOAD_DEPTH_MAX`].
#[derive(Debug, Clone, Copy, PartialEq)]
struct TooDeep;

/// How it is printed.
const TOO_DEEP: &str = "<too deep>";

impl Value {
    /// The value as a borrow; costs nothing.
    #[must_use]
    pub fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Bool(value) => ValueRef::Bool(*value),
            Self::Int(value) => ValueRef::Int(*value),
            Self::Float(value) => ValueRef::Float(*value),
            Self::DateTime(value) => ValueRef::DateTime(*value),
            Self::Text(value) => ValueRef::Text(value),
            Self::List(values) => ValueRef::List(values.as_ref()),
            Self::Map(values) => ValueRef::Map(values.as_ref()),
        }
    }

    /// Checks that the value can be stored. O(size).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPayload`] for a float that is not finite, a list longer than
    /// [`LIST_LEN_MAX`], a map whose keys break a limit, nesting deeper than [`PAYLOAD_DEPTH_MAX`],
    /// or a value larger than [`PAYLOAD_BYTES_MAX`].
    pub fn check(&self) -> Result<()> {
        self.check_at(1)?;
        let bytes = self.size_bytes();
        if bytes > PAYLOAD_BYTES_MAX {
            return Err(invalid("a value is too large")
                .expected(format_args!("at most {PAYLOAD_BYTES_MAX} bytes"))
                .found(format_args!("{bytes} bytes")));
        }
        Ok(())
    }

    /// Checks everything but the size, for a value at this depth.
    fn check_at(&self, depth: usize) -> Result<()> {
        let values = match self {
            Self::Float(value) if !value.is_finite() => {
                return Err(invalid("a number is not finite")
                    .expected("a finite number")
                    .found(value));
            }
            Self::List(List(Err(TooDeep))) | Self::Map(Map(Err(TooDeep))) => return Err(too_deep()),
            Self::List(List(Ok(values))) => values,
            Self::Map(map) => return map.check_at(depth),
            _ => return Ok(()),
        };
        if values.len() > LIST_LEN_MAX {
            return Err(invalid("a list is too long")
                .expected(format_args!("at most {LIST_LEN_MAX} elements"))
                .found(format_args!("{} elements", values.len())));
        }
        if depth == PAYLOAD_DEPTH_MAX && !values.is_empty() {
            return Err(too_deep());
        }
        values.iter().try_for_each(|value| value.check_at(depth + 1))
    }

    /// 1 for a scalar, and one more than what is deepest in a list or a map.
    fn depth(&self) -> usize {
        1 + match self {
            Self::List(list) => deepest(list.iter()),
            Self::Map(map) => deepest(map.iter().map(|(_, value)| value)),
            _ => 0,
        }
    }

    /// What the value counts towards [`PAYLOAD_BYTES_MAX`]: 8 per value, and the bytes of its strings
    /// and keys. O(size).
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.as_ref().size_bytes()
    }
}

fn deepest<'a>(values: impl Iterator<Item = &'a Value>) -> usize {
    values.map(Value::depth).max().unwrap_or(0)
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidPayload, message)
}

fn too_deep() -> Error {
    invalid("lists and maps are nested too deeply").expected(format_args!(
        "at most {PAYLOAD_DEPTH_MAX} inside each other, a payload's keys included"
    ))
}

impl ValueRef<'_> {
    /// An owned copy; allocates for strings, lists and maps.
    #[must_use]
    pub fn to_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::Float(value) => Value::Float(value),
            Self::DateTime(value) => Value::DateTime(value),
            Self::Text(value) => Value::Text(value.to_owned()),
            Self::List(values) => Value::List(values.to_list()),
            Self::Map(values) => Value::Map(values.to_map()),
        }
    }

    /// What the value counts towards [`PAYLOAD_BYTES_MAX`]: 8 per value, and the bytes of its strings
    /// and keys. O(size).
    #[must_use]
    pub fn size_bytes(self) -> usize {
        8 + match self {
            Self::Text(text) => text.len(),
            Self::List(values) => values.iter().map(ValueRef::size_bytes).sum(),
            Self::Map(values) => {
                values.iter().map(|(key, value)| key.len() + value.size_bytes()).sum()
            }
            _ => 0,
        }
    }
}

impl fmt::Display for ValueRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use crate::quoted::Quoted;
        let separator = |position| if position == 0 { "" } else { ", " };
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::DateTime(value) => write!(f, "date(\"{value}\")"),
            Self::Text(value) => write!(f, "{}", Quoted(value)),
            Self::List(values) if values.is_too_deep() => f.write_str(TOO_DEEP),
            Self::Map(values) if values.is_too_deep() => f.write_str(TOO_DEEP),
            Self::List(values) => {
                f.write_str("[")?;
                for (position, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", separator(position))?;
                }
                f.write_str("]")
            }
            Self::Map(values) => {
                f.write_str("{")?;
                for (position, (key, value)) in values.iter().enumerate() {
                    write!(f, "{}{}: {value}", separator(position), Quoted(key))?;
                }
                f.write_str("}")
            }
        }
    }
}

/// As in a filter: `null`, `true`, `7`, `7.5`, `date("2025-01-31T10:00:00Z")`, `"text"`; and
/// `[1, 2]`, `{"a": 1}`, which no filter holds.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

#[cfg(test)]
pub(crate) mod tests;
