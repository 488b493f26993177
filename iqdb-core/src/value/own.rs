//! Owned copies of what is lent.

use super::{List, ListRef, Map, MapRef, TooDeep, Value, ValueRef};

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
}

impl ListRef<'_> {
    /// An owned copy.
    #[must_use]
    pub fn to_list(self) -> List {
        match self.is_too_deep() {
            true => List(Err(TooDeep)),
            false => List::new(self.iter().map(ValueRef::to_value).collect()),
        }
    }
}

impl MapRef<'_> {
    /// An owned copy.
    #[must_use]
    pub fn to_map(self) -> Map {
        match self.is_too_deep() {
            true => Map(Err(TooDeep)),
            false => self.iter().map(|(key, value)| (key, value.to_value())).collect(),
        }
    }
}
