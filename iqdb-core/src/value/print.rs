//! Values as people read them.

use std::fmt;

use super::{TOO_DEEP, Value, ValueRef};
use crate::quoted::Quoted;

impl fmt::Display for ValueRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
