//! The leaves of a filter: one condition on the values at one path, or on the id.

use std::cmp::Ordering;

use super::{IdSet, Subject, ValueSet};
use crate::limits::FIELD_NAME_BYTES_MAX;
use crate::{Error, ErrorKind, IdRef, Path, PayloadRef, Result, Value, ValueRef};

/// How a value of a payload is compared with one of a filter.
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
/// Values compare by [`ValueRef::compare`]. A path that leads to no value makes every one of these
/// false; where it leads to several, one for which it is true is enough.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Predicate {
    /// The value compares as asked.
    Compare {
        /// Where the value is.
        path: Path,
        /// How it is compared.
        comparison: Comparison,
        /// With what; not a list or a map.
        value: Value,
    },
    /// The value equals one of these.
    In {
        /// Where the value is.
        path: Path,
        /// Which values; no lists and no maps. None at all is never true.
        values: ValueSet,
    },
    /// The value is a list with an element that equals this.
    Contains {
        /// Where the value is.
        path: Path,
        /// Which element; not a list or a map.
        value: Value,
    },
    /// The value is a string with this prefix.
    StartsWith {
        /// Where the value is.
        path: Path,
        /// How the string begins, byte for byte.
        prefix: String,
    },
    /// The value is a string with this text somewhere in it.
    ContainsText {
        /// Where the value is.
        path: Path,
        /// Which part, byte for byte.
        text: String,
    },
    /// There is a value.
    Exists {
        /// Where the value is.
        path: Path,
    },
    /// The value is null.
    IsNull {
        /// Where the value is.
        path: Path,
    },
    /// The record has a vector of this field.
    Has {
        /// Which field.
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
    /// [`ErrorKind::InvalidFilter`] for a path that can't be read; whatever reading the record
    /// reports.
    pub fn matches(&self, record: &(impl Subject + ?Sized)) -> Result<bool> {
        match self {
            Self::Has { field } => record.has_field(field),
            Self::IdIn { ids } => Ok(ids.contains(record.id()?)),
            _ => self.matches_payload(&record.payload()?),
        }
    }

    /// Whether it is true of a record with this payload. False for a condition on anything else.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidFilter`] for a path that can't be read; whatever reading the payload
    /// reports.
    pub fn matches_payload(&self, payload: &PayloadRef<'_>) -> Result<bool> {
        let Some(path) = self.path() else {
            return Ok(false);
        };
        Ok(payload.get(path.first_key()?)?.is_some_and(|first| self.matches_first(first)))
    }

    /// Whether it is true of a record in whose payload the first key of the path has this value.
    /// False for a condition on anything else.
    ///
    /// What a backend with a column for each key asks once per distinct value.
    #[must_use]
    pub fn matches_first(&self, first: ValueRef<'_>) -> bool {
        self.path().is_some_and(|path| path.any(first, |value| self.matches_value(value)))
    }

    /// Whether it is true of a value that the path leads to. False for a condition on anything else.
    fn matches_value(&self, found: ValueRef<'_>) -> bool {
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
            // Both are UTF-8, so that a part by bytes is one by characters.
            Self::ContainsText { text, .. } => match found {
                ValueRef::Text(found) => found.contains(text.as_str()),
                _ => false,
            },
            Self::Exists { .. } => true,
            Self::IsNull { .. } => matches!(found, ValueRef::Null),
            Self::Has { .. } | Self::IdIn { .. } => false,
        }
    }

    /// Whether it is true of a record of this id. False for a condition on anything else.
    #[must_use]
    pub fn matches_id(&self, id: IdRef<'_>) -> bool {
        match self {
            Self::IdIn { ids } => ids.contains(id),
            _ => false,
        }
    }

    /// The field that it asks for a vector of.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Has { field } => Some(field),
            _ => None,
        }
    }

    /// Where the values are that it is about; `None` for a condition on the id or the vectors.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Compare { path, .. }
            | Self::In { path, .. }
            | Self::Contains { path, .. }
            | Self::StartsWith { path, .. }
            | Self::ContainsText { path, .. }
            | Self::Exists { path }
            | Self::IsNull { path } => Some(path),
            Self::Has { .. } | Self::IdIn { .. } => None,
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
        self.path().map_or(Ok(()), Path::check)?;
        let values = match self {
            Self::Compare { value, .. } | Self::Contains { value, .. } => {
                std::slice::from_ref(value)
            }
            Self::In { values, .. } => values.as_slice(),
            Self::Has { field } if field.is_empty() || field.len() > FIELD_NAME_BYTES_MAX => {
                return Err(invalid("a field in the filter has a name that no field has")
                    .expected(format_args!("1 to {FIELD_NAME_BYTES_MAX} bytes"))
                    .found(format_args!("{} bytes", field.len())));
            }
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
            let (what, hint) = match value {
                Value::List(_) => (
                    "a value can't be compared with a list",
                    "use `in` for one of several values, `contains` for a list's elements",
                ),
                Value::Map(_) => (
                    "a value can't be compared with a map",
                    "compare values in it, as in `a.b = 1`",
                ),
                _ => {
                    value.check().map_err(|error| {
                        invalid("a value in the filter can't be stored").caused_by(error)
                    })?;
                    continue;
                }
            };
            return Err(invalid(what)
                .expected("null, a boolean, a number, a date or a string")
                .hint(hint));
        }
        Ok(())
    }
}
