//! Payload values, owned and borrowed: the types, which hold each other. What they do is in the files
//! below this folder, each of which knows the types.

mod bytes;
mod check;
mod compare;
mod convert;
mod decode;
mod encode;
mod list;
mod map;
mod own;
mod print;
#[cfg(feature = "serde")]
mod serde_form;

use self::bytes::Elements;
pub(crate) use self::decode::take_entry;
pub(crate) use self::encode::put_entry;
use crate::DateTime;

/// One value of a [`Payload`](crate::Payload).
///
/// Numbers convert from `i8` to `i64`, `u8` to `u32`, and both floats; an `f32` is widened as it is,
/// so `0.1_f32` is not equal to `0.1`. A `u64` or `usize` may not fit, so convert it to `i64` first.
///
/// A float is finite; [`check`](Self::check) says so before anything is stored. A list or a map that
/// would be deeper than [`PAYLOAD_DEPTH_MAX`](crate::limits::PAYLOAD_DEPTH_MAX) holds nothing, so that no
/// value is too deep to be walked, printed or dropped. `==` is structural, so `Int(1) != Float(1.0)`;
/// filters compare numbers by their value instead, see [`Predicate`](crate::Predicate).
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
    /// At most [`LIST_LEN_MAX`](crate::limits::LIST_LEN_MAX) values, of any kinds.
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

/// An ordered list of values of any kinds.
///
/// Making one never fails: around a value that is [`PAYLOAD_DEPTH_MAX`](crate::limits::PAYLOAD_DEPTH_MAX)
/// deep or deeper it may hold nothing any more, and [`Value::check`] says that it is nested too deeply.
///
/// ```
/// use iqdb_core::{List, Value};
///
/// let list: List = [Value::from(1), "a".into(), vec![true, false].into()].into_iter().collect();
/// assert_eq!(list.as_slice()[1], Value::from("a"));
/// assert_eq!(Value::from(list).to_string(), r#"[1, "a", [true, false]]"#);
/// ```
#[derive(Clone, PartialEq)]
pub struct List(
    /// No element is deeper than `PAYLOAD_DEPTH_MAX`.
    Result<Vec<Value>, TooDeep>,
);

/// Values by their keys, in the order of the keys' bytes.
///
/// Building one never fails: a map that was given a value deeper than
/// [`PAYLOAD_DEPTH_MAX`](crate::limits::PAYLOAD_DEPTH_MAX) holds nothing any more, and [`Value::check`] says
/// that it is nested too deeply.
///
/// ```
/// use iqdb_core::{Map, Value};
///
/// let author = Map::new().with("name", "Ada").with("born", 1815);
/// assert_eq!(author.get("born"), Some(&Value::Int(1815)));
/// ```
#[derive(Clone, PartialEq)]
pub struct Map(
    /// In the order of the keys, of which no two are the same; no value is deeper than
    /// `PAYLOAD_DEPTH_MAX`. Maps are small and many: one piece of memory each is less to allocate,
    /// to copy and to free than a tree.
    Result<Vec<(String, Value)>, TooDeep>,
);

/// A borrowed list of values: of a [`List`], or of bytes that are decoded as they are read, without
/// allocating.
#[derive(Clone, Copy)]
pub struct ListRef<'a>(ListRepr<'a>);

#[derive(Clone, Copy)]
enum ListRepr<'a> {
    Values(&'a [Value]),
    Encoded(Elements<'a>),
    /// Of an owned one that holds nothing.
    TooDeep,
}

/// A borrowed map: of a [`Map`], or of bytes that are decoded as they are read, without allocating.
#[derive(Clone, Copy)]
pub struct MapRef<'a>(MapRepr<'a>);

#[derive(Clone, Copy)]
enum MapRepr<'a> {
    Entries(&'a [(String, Value)]),
    Encoded(Elements<'a>),
    /// Of an owned one that holds nothing.
    TooDeep,
}

/// What a list or a map holds that was to be deeper than `PAYLOAD_DEPTH_MAX`.
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

    /// 1 for a scalar, and one more than what is deepest in a list or a map.
    fn depth(&self) -> usize {
        1 + match self {
            Self::List(List(Ok(values))) => deepest(values),
            Self::Map(Map(Ok(entries))) => deepest(entries.iter().map(|(_, value)| value)),
            _ => 0,
        }
    }
}

fn deepest<'a>(values: impl IntoIterator<Item = &'a Value>) -> usize {
    values.into_iter().map(Value::depth).max().unwrap_or(0)
}

impl List {
    /// The list as a borrow; costs nothing.
    #[must_use]
    pub fn as_ref(&self) -> ListRef<'_> {
        ListRef(match &self.0 {
            Ok(values) => ListRepr::Values(values),
            Err(TooDeep) => ListRepr::TooDeep,
        })
    }
}

impl Map {
    /// The map as a borrow; costs nothing.
    #[must_use]
    pub fn as_ref(&self) -> MapRef<'_> {
        MapRef(match &self.0 {
            Ok(entries) => MapRepr::Entries(entries),
            Err(TooDeep) => MapRepr::TooDeep,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
