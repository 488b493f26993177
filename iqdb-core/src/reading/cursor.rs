//! The place of a record in an order, to begin the next page at.

use std::cmp::Ordering;

use crate::{Error, ErrorKind, IdRef, RecordId, Result, Uuid, Value, ValueRef};

/// Upwards or downwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// The least first.
    #[default]
    Up,
    /// The greatest first.
    Down,
}

/// Where a page of [`Snapshot::scroll`](crate::Snapshot::scroll) ended: the value and the id of its
/// last record. Good on later snapshots, too, where the next page has what comes behind it by then.
#[derive(Debug, Clone, PartialEq)]
pub struct Cursor {
    pub(super) key: Key,
    pub(super) id: RecordId,
}

/// What orders a record before its id does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Key {
    /// Nothing: records are ordered by their ids.
    Id,
    /// A value that has a place in the order of values.
    Value(Value),
    /// A record without such a value.
    Absent,
}

const BY_ID: u8 = 0;
const BY_VALUE: u8 = 1;
const BY_ABSENCE: u8 = 2;

const NUMBER: u8 = 0;
const UUID: u8 = 1;
const TEXT: u8 = 2;

impl Cursor {
    /// The cursor behind the record of this id, whether or not there is one, for pages in the order of
    /// the ids.
    #[must_use]
    pub fn after_id(id: impl Into<RecordId>) -> Self {
        Self { key: Key::Id, id: id.into() }
    }

    /// The cursor behind the record of this value and id, for pages in the order of a path's values;
    /// `None` is a record without a value in that order.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidQuery`] for null, a list or a map: they have no place in the order.
    pub fn after_value(value: Option<Value>, id: impl Into<RecordId>) -> Result<Self> {
        let key = match value {
            None => Key::Absent,
            Some(value) if value.as_ref().sort_order(value.as_ref()).is_some() => Key::Value(value),
            Some(value) => {
                return Err(Error::new(
                    ErrorKind::InvalidQuery,
                    "the value has no place in an order",
                )
                .expected("a bool, a number, a date or a text")
                .found(value));
            }
        };
        Ok(Self { key, id: id.into() })
    }

    /// The value that orders the record, if pages are in the order of a path's values and it has one.
    #[must_use]
    pub fn value(&self) -> Option<&Value> {
        match &self.key {
            Key::Value(value) => Some(value),
            Key::Id | Key::Absent => None,
        }
    }

    /// The id of the record.
    #[must_use]
    pub fn id(&self) -> &RecordId {
        &self.id
    }

    /// The cursor as bytes, for [`from_bytes`](Self::from_bytes) in any process.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match &self.key {
            Key::Id => bytes.push(BY_ID),
            Key::Value(value) => {
                bytes.push(BY_VALUE);
                value.as_ref().encode(&mut bytes);
            }
            Key::Absent => bytes.push(BY_ABSENCE),
        }
        match self.id.as_ref() {
            IdRef::Number(number) => {
                bytes.push(NUMBER);
                bytes.extend(number.to_le_bytes());
            }
            IdRef::Uuid(uuid) => {
                bytes.push(UUID);
                bytes.extend(uuid.as_bytes());
            }
            IdRef::Text(text) => {
                bytes.push(TEXT);
                bytes.extend(text.as_bytes());
            }
        }
        bytes
    }

    /// The cursor that [`to_bytes`](Self::to_bytes) made these of.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidQuery`] for any other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        read(bytes).ok_or_else(|| {
            Error::new(ErrorKind::InvalidQuery, "the bytes are no cursor")
                .expected("what Cursor::to_bytes made")
                .found(format_args!("{} bytes", bytes.len()))
        })
    }
}

fn read(bytes: &[u8]) -> Option<Cursor> {
    let (tag, rest) = bytes.split_first()?;
    let (key, rest) = match *tag {
        BY_ID => (Key::Id, rest),
        BY_ABSENCE => (Key::Absent, rest),
        BY_VALUE => {
            let (value, len) = ValueRef::decode(rest).ok()?;
            value.sort_order(value)?;
            (Key::Value(value.to_value()), rest.get(len..)?)
        }
        _ => return None,
    };
    let (kind, rest) = rest.split_first()?;
    let id: RecordId = match *kind {
        NUMBER => u64::from_le_bytes(rest.try_into().ok()?).into(),
        UUID => Uuid::from_bytes(rest.try_into().ok()?).into(),
        TEXT => std::str::from_utf8(rest).ok()?.into(),
        _ => return None,
    };
    id.check().ok()?;
    Some(Cursor { key, id })
}

impl Key {
    /// The order of two records of these keys and ids. Values go in the direction; records without one
    /// come last, and equal ones are in the order of their ids, both ways.
    pub(super) fn compare(
        (a, a_id): (&Self, IdRef<'_>),
        (b, b_id): (&Self, IdRef<'_>),
        direction: Direction,
    ) -> Ordering {
        let directed = |order: Ordering| match direction {
            Direction::Up => order,
            Direction::Down => order.reverse(),
        };
        match (a, b) {
            (Self::Id, Self::Id) => directed(a_id.cmp(&b_id)),
            (Self::Value(a), Self::Value(b)) => {
                // Both have a place in the order.
                let order = a.as_ref().sort_order(b.as_ref()).unwrap_or(Ordering::Equal);
                directed(order).then(a_id.cmp(&b_id))
            }
            (Self::Absent, Self::Absent) => a_id.cmp(&b_id),
            (Self::Absent, _) => Ordering::Greater,
            _ => Ordering::Less,
        }
    }
}
