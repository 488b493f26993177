//! The leaves of a filter: one condition on one field, or on the id.

use std::cmp::Ordering;

use crate::limits::FIELD_NAME_BYTES_MAX;
use crate::{Error, ErrorKind, IdRef, PayloadRef, RecordId, Result, Value, ValueRef};

/// How a field is compared with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
        values: Vec<Value>,
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
    #[must_use]
    pub fn matches(&self, id: IdRef<'_>, payload: &PayloadRef<'_>) -> bool {
        match self.field() {
            Some(field) => payload
                .get(field)
                .is_some_and(|value| self.matches_value(value)),
            None => self.matches_id(id),
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
            Self::Compare {
                comparison, value, ..
            } => comparison.holds(found.compare(value.as_ref())),
            Self::In { values, .. } => values.iter().any(|value| equals(value, found)),
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
            Self::In { values, .. } => 1 + values.len(),
            Self::IdIn { ids } => 1 + ids.len(),
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
            Self::In { values, .. } => values,
            Self::IdIn { ids } => {
                return ids.iter().try_for_each(|id| {
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

/// A set of ids, sorted, so that a borrowed id is looked up without an owned copy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IdSet(Vec<RecordId>);

impl IdSet {
    /// Whether `id` is in the set. O(log ids).
    #[must_use]
    pub fn contains(&self, id: IdRef<'_>) -> bool {
        self.0
            .binary_search_by(|candidate| candidate.as_ref().cmp(&id))
            .is_ok()
    }

    /// The ids in their order.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &RecordId> {
        self.0.iter()
    }

    /// How many ids there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<RecordId> for IdSet {
    fn from_iter<I: IntoIterator<Item = RecordId>>(ids: I) -> Self {
        let mut ids: Vec<_> = ids.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        Self(ids)
    }
}
