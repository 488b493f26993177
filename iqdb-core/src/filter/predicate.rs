//! The leaves of a filter: one condition on one field, or on the id.

use std::cmp::Ordering;

use super::{IdSet, ValueSet};
use crate::limits::FIELD_NAME_BYTES_MAX;
use crate::{Error, ErrorKind, IdRef, PayloadRef, Result, Value, ValueRef};

/// How a field is compared with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Comparison {
    /// `=`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl Comparison {
    /// Every comparison.
    pub const ALL: [Self; 6] = [Self::Eq, Self::Ne, Self::Lt, Self::Le, Self::Gt, Self::Ge];

    /// How it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }

    /// Whether it holds between values that compare as `order`, `None` being no order at all.
    #[must_use]
    pub fn holds(self, order: Option<Ordering>) -> bool {
        match self {
            Self::Eq => order == Some(Ordering::Equal),
            Self::Ne => order != Some(Ordering::Equal),
            Self::Lt => order == Some(Ordering::Less),
            Self::Le => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Self::Gt => order == Some(Ordering::Greater),
            Self::Ge => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        }
    }
}

/// One condition, as [`BlockSource::matching`](crate::BlockSource::matching) is asked about it.
///
/// Values compare by [`ValueRef::compare`]. An absent field makes every one of these false.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Predicate {
    /// The field compares to the value as asked.
    Compare {
        /// The field's name.
        field: String,
        /// How it is compared.
        comparison: Comparison,
        /// With what; not a list.
        value: Value,
    },
    /// The field equals one of the values.
    In {
        /// The field's name.
        field: String,
        /// Which values; no lists. None at all is never true.
        values: ValueSet,
    },
    /// The field is a list with an element that equals the value.
    Contains {
        /// The field's name.
        field: String,
        /// Which element; not a list.
        value: Value,
    },
    /// The field is a string with this prefix.
    StartsWith {
        /// The field's name.
        field: String,
        /// How the string begins, byte for byte.
        prefix: String,
    },
    /// The field is there.
    Exists {
        /// The field's name.
        field: String,
    },
    /// The field is there and null.
    IsNull {
        /// The field's name.
        field: String,
    },
    /// The record's id is one of these.
    IdIn {
        /// Which ids. None at all is never true.
        ids: IdSet,
    },
}

impl Predicate {
    /// Whether it is true of a record.
    ///
    /// # Errors
    /// Whatever reading the payload reports.
    pub fn matches(&self, id: IdRef<'_>, payload: &PayloadRef<'_>) -> Result<bool> {
        match self.field() {
            Some(_) => self.matches_payload(payload),
            None => Ok(self.matches_id(id)),
        }
    }

    /// Whether it is true of a record with this payload. False for a condition on the id.
    ///
    /// # Errors
    /// Whatever reading the payload reports.
    pub fn matches_payload(&self, payload: &PayloadRef<'_>) -> Result<bool> {
        match self.field() {
            Some(field) => Ok(payload.get(field)?.is_some_and(|value| self.matches_value(value))),
            None => Ok(false),
        }
    }

    /// Whether it is true of a record whose field has this value. False for a condition on the id.
    ///
    /// What a backend with columns asks once per distinct value.
    #[must_use]
    pub fn matches_value(&self, found: ValueRef<'_>) -> bool {
        let equals = |value: &Value, found: ValueRef<'_>| {
            found.compare(value.as_ref()) == Some(Ordering::Equal)
        };
        match self {
            Self::Compare { comparison, value, .. } => {
                comparison.holds(found.compare(value.as_ref()))
            }
            Self::In { values, .. } => values.contains(found),
            Self::Contains { value, .. } => match found {
                ValueRef::List(list) => list.iter().any(|element| equals(value, element)),
                _ => false,
            },
            Self::StartsWith { prefix, .. } => match found {
                ValueRef::Text(text) => text.as_bytes().starts_with(prefix.as_bytes()),
                _ => false,
            },
            Self::Exists { .. } => true,
            Self::IsNull { .. } => found == ValueRef::Null,
            Self::IdIn { .. } => false,
        }
    }

    /// Whether it is true of a record of this id. False for a condition on a field.
    #[must_use]
    pub fn matches_id(&self, id: IdRef<'_>) -> bool {
        match self {
            Self::IdIn { ids } => ids.contains(id),
            _ => false,
        }
    }

    /// The field that it is about; `None` for a condition on the id.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Compare { field, .. }
            | Self::In { field, .. }
            | Self::Contains { field, .. }
            | Self::StartsWith { field, .. }
            | Self::Exists { field }
            | Self::IsNull { field } => Some(field),
            Self::IdIn { .. } => None,
        }
    }

    /// What it counts towards [`FILTER_TERMS_MAX`](crate::limits::FILTER_TERMS_MAX).
    pub(super) fn terms(&self) -> usize {
        match self {
            Self::In { values, .. } => 1 + values.as_slice().len(),
            Self::IdIn { ids } => 1 + ids.as_slice().len(),
            _ => 1,
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        let invalid = |message: &'static str| Error::new(ErrorKind::InvalidFilter, message);
        if let Some(field) = self.field()
            && (field.is_empty() || field.len() > FIELD_NAME_BYTES_MAX)
        {
            return Err(invalid("a field name has the wrong length")
                .expected(format_args!("1 to {FIELD_NAME_BYTES_MAX} bytes"))
                .found(format_args!("{} bytes", field.len())));
        }
        let values = match self {
            Self::Compare { value, .. } | Self::Contains { value, .. } => {
                std::slice::from_ref(value)
            }
            Self::In { values, .. } => values.as_slice(),
            Self::IdIn { ids } => {
                return ids.as_slice().iter().try_for_each(|id| {
                    id.check().map_err(|error| {
                        invalid("an id in the filter can't be stored").caused_by(error)
                    })
                });
            }
            _ => &[],
        };
        for value in values {
            if matches!(value, Value::List(_)) {
                return Err(invalid("a field can't be compared with a list")
                    .expected("null, a boolean, a number or a string")
                    .hint("use `in` for one of several values, `contains` for a list's elements"));
            }
            value.check().map_err(|error| {
                invalid("a value in the filter can't be stored").caused_by(error)
            })?;
        }
        Ok(())
    }
}
