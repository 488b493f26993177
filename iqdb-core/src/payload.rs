//! Payloads: a map from keys to values, owned and borrowed.

use std::fmt;

use crate::limits::{PAYLOAD_BYTES_MAX, PAYLOAD_KEYS_MAX};
use crate::{Error, ErrorKind, Map, Result, Value, ValueRef};

/// What a record carries besides its vector: values by their keys, in the order of the keys' bytes.
///
/// Building one never fails; [`check`](Self::check) holds it against the published limits, and
/// every store calls that before it stores anything. A payload that was given a value deeper than
/// [`PAYLOAD_DEPTH_MAX`](crate::limits::PAYLOAD_DEPTH_MAX) holds nothing any more, and fails the check.
///
/// ```
/// use iqdb_core::{Map, Payload, Value};
///
/// let payload = Payload::new()
///     .with("lang", "en")
///     .with("year", 2024)
///     .with("tags", ["a", "b"])
///     .with("author", Map::new().with("name", "Ada"));
/// assert_eq!(payload.get("year"), Some(&Value::Int(2024)));
/// ```
#[derive(Clone, PartialEq, Default)]
pub struct Payload(Map);

impl Payload {
    /// A payload without keys. Allocates nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The payload with `key` set, replacing an earlier value.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.insert(key, value);
        self
    }

    /// Sets `key`; returns the value it had. O(size of the value), and O(log keys) for a key that is
    /// there or comes after all others, else O(keys).
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        self.0.insert(key, value)
    }

    /// Removes `key`; returns the value it had. O(keys).
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.0.remove(key)
    }

    /// The value of `key`. O(log keys).
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// The keys in their order, each with its value.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.0.iter()
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same as a map.
    #[must_use]
    pub fn as_map(&self) -> &Map {
        &self.0
    }

    /// What the payload counts towards [`PAYLOAD_BYTES_MAX`]: its keys and values, in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.iter().map(|(key, value)| key.len() + value.size_bytes()).sum()
    }

    /// Checks that the payload can be stored. O(size).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPayload`] when there are too many keys, a key is empty or too long, a
    /// value fails [`Value::check`], or the whole is over [`PAYLOAD_BYTES_MAX`].
    pub fn check(&self) -> Result<()> {
        self.0.check_at(0)?;
        let bytes = self.size_bytes();
        if bytes > PAYLOAD_BYTES_MAX {
            return Err(Error::new(ErrorKind::InvalidPayload, "the payload is too large")
                .expected(format_args!("at most {PAYLOAD_BYTES_MAX} bytes"))
                .found(format_args!("{bytes} bytes")));
        }
        Ok(())
    }
}

impl From<Map> for Payload {
    fn from(map: Map) -> Self {
        Self(map)
    }
}

impl From<Payload> for Map {
    fn from(payload: Payload) -> Self {
        payload.0
    }
}

/// Of several values of a key the last counts.
impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Payload {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Payloads that live in columns: many rows behind one object, keys looked up by row.
///
/// A backend that keeps whole [`Payload`]s has no need of it. What it lends must read alike, so the
/// bullets hold for every backend.
pub trait PayloadColumns: Send + Sync {
    /// Key number `n` of `row` and its value, in any order; `None` from the number of its keys on.
    ///
    /// - `row_payloads_list_every_key`: Each with its exact value, and no other.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] or [`ErrorKind::Io`] when reading the column for the first time
    /// fails.
    fn entry_at(&self, row: usize, n: usize) -> Result<Option<(&str, ValueRef<'_>)>>;

    /// The value of `key` in `row`.
    ///
    /// - `row_payloads_find_every_key`: Byte for byte; any other key finds nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] or [`ErrorKind::Io`] when reading the column for the first time
    /// fails.
    fn get(&self, row: usize, key: &str) -> Result<Option<ValueRef<'_>>>;
}

/// A borrowed payload: what a store lends.
#[derive(Clone)]
pub struct PayloadRef<'a>(Repr<'a>);

#[derive(Clone)]
enum Repr<'a> {
    Empty,
    Whole(&'a Payload),
    Row(&'a dyn PayloadColumns, usize),
    Owned(Payload),
}

impl<'a> PayloadRef<'a> {
    /// A payload without keys.
    #[must_use]
    pub fn empty() -> Self {
        Self(Repr::Empty)
    }

    /// The payload of one row of `columns`.
    #[must_use]
    pub fn of_row(columns: &'a dyn PayloadColumns, row: usize) -> Self {
        Self(Repr::Row(columns, row))
    }

    /// The value of `key`.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] or [`ErrorKind::Io`] when reading a column fails.
    pub fn get(&self, key: &str) -> Result<Option<ValueRef<'_>>> {
        Ok(match &self.0 {
            Repr::Empty => None,
            Repr::Whole(payload) => payload.get(key).map(Value::as_ref),
            Repr::Row(columns, row) => columns.get(*row, key)?,
            Repr::Owned(payload) => payload.get(key).map(Value::as_ref),
        })
    }

    /// An owned copy of the whole payload.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] or [`ErrorKind::Io`] when reading a column fails;
    /// [`ErrorKind::ContractViolation`] when a row claims more keys than a payload can have.
    pub fn to_payload(&self) -> Result<Payload> {
        match &self.0 {
            Repr::Whole(payload) => return Ok((*payload).clone()),
            Repr::Owned(payload) => return Ok(payload.clone()),
            Repr::Empty | Repr::Row(..) => {}
        }
        let mut payload = Payload::new();
        self.for_each_entry(|key, value| {
            payload.insert(key, value);
        })?;
        Ok(payload)
    }

    /// Calls `visit` for each key and its value, in any order.
    ///
    /// # Errors
    /// As [`to_payload`](Self::to_payload).
    pub(crate) fn for_each_entry(&self, mut visit: impl FnMut(&str, ValueRef<'_>)) -> Result<()> {
        let (columns, row) = match &self.0 {
            Repr::Empty => return Ok(()),
            Repr::Whole(payload) => {
                payload.iter().for_each(|(key, value)| visit(key, value.as_ref()));
                return Ok(());
            }
            Repr::Owned(payload) => {
                payload.iter().for_each(|(key, value)| visit(key, value.as_ref()));
                return Ok(());
            }
            Repr::Row(columns, row) => (columns, *row),
        };
        for n in 0..=PAYLOAD_KEYS_MAX {
            match columns.entry_at(row, n)? {
                Some((key, value)) => visit(key, value),
                None => return Ok(()),
            }
        }
        Err(Error::new(ErrorKind::ContractViolation, "a row has too many keys")
            .expected(format_args!("at most {PAYLOAD_KEYS_MAX}")))
    }

    /// The same payload, borrowed from this borrow.
    #[must_use]
    pub fn reborrow(&self) -> PayloadRef<'_> {
        PayloadRef(match &self.0 {
            Repr::Empty => Repr::Empty,
            Repr::Whole(payload) => Repr::Whole(payload),
            Repr::Row(columns, row) => Repr::Row(*columns, *row),
            Repr::Owned(payload) => Repr::Whole(payload),
        })
    }
}

impl<'a> From<&'a Payload> for PayloadRef<'a> {
    fn from(payload: &'a Payload) -> Self {
        Self(Repr::Whole(payload))
    }
}

/// For a store that has to decode: the borrow owns what it lends.
impl From<Payload> for PayloadRef<'_> {
    fn from(payload: Payload) -> Self {
        Self(Repr::Owned(payload))
    }
}

impl fmt::Debug for PayloadRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_payload() {
            Ok(payload) => payload.fmt(f),
            Err(error) => write!(f, "<{error}>"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::KEY_BYTES_MAX;

    #[test]
    fn limits_hold_at_below_and_above() {
        let named = |length: usize| Payload::new().with("x".repeat(length), 1);
        assert!(named(0).check().is_err());
        assert!(named(1).check().is_ok());
        assert!(named(KEY_BYTES_MAX).check().is_ok());
        assert!(named(KEY_BYTES_MAX + 1).check().is_err());

        let wide = |keys: usize| (0..keys).map(|n| (n.to_string(), 1)).collect::<Payload>();
        assert!(wide(PAYLOAD_KEYS_MAX).check().is_ok());
        assert!(wide(PAYLOAD_KEYS_MAX + 1).check().is_err());

        // One byte of the key and eight of value beside the text.
        let heavy = |bytes: usize| Payload::new().with("x", "y".repeat(bytes - 9));
        assert_eq!(heavy(PAYLOAD_BYTES_MAX).size_bytes(), PAYLOAD_BYTES_MAX);
        assert!(heavy(PAYLOAD_BYTES_MAX).check().is_ok());
        assert!(heavy(PAYLOAD_BYTES_MAX + 1).check().is_err());
    }

    #[test]
    fn keys_are_in_their_order_and_the_last_value_counts() {
        let entries = [("b", 1), ("a", 2), ("c", 3), ("b", 4), ("a", 5), ("b", 6)];
        let mut inserted = Payload::new();
        for (key, value) in entries {
            inserted.insert(key, value);
        }
        let collected: Payload = entries.into_iter().collect();
        assert_eq!(format!("{collected:?}"), r#"{"a": Int(5), "b": Int(6), "c": Int(3)}"#);
        assert_eq!(inserted, collected);
        assert_eq!(inserted.insert("b", 7), Some(Value::Int(6)));
        assert_eq!(inserted.remove("b"), Some(Value::Int(7)));
        assert_eq!((inserted.remove("b"), inserted.get("b")), (None, None));
        assert_eq!((inserted.len(), inserted.get("c")), (2, Some(&Value::Int(3))));
    }

    #[test]
    fn the_key_at_fault_is_named() {
        let error = Payload::new().with("score", f64::NAN).check().unwrap_err();
        insta::assert_debug_snapshot!(error, @r#"
        invalid payload: a value can't be stored, at key "score"
          because:   invalid payload: a number is not finite: expected a finite number, found NaN
        "#);
    }

    struct Years(Vec<i64>);

    impl PayloadColumns for Years {
        fn entry_at(&self, row: usize, n: usize) -> Result<Option<(&str, ValueRef<'_>)>> {
            Ok((n == 0).then(|| ("year", ValueRef::Int(self.0[row]))))
        }
        fn get(&self, row: usize, key: &str) -> Result<Option<ValueRef<'_>>> {
            Ok((key == "year").then(|| ValueRef::Int(self.0[row])))
        }
    }

    #[test]
    fn a_row_of_columns_reads_like_a_payload() {
        let columns = Years(vec![1999, 2024]);
        let row = PayloadRef::of_row(&columns, 1);
        assert_eq!(row.get("year").unwrap(), Some(ValueRef::Int(2024)));
        assert_eq!(row.get("lang").unwrap(), None);
        assert_eq!(row.to_payload().unwrap(), Payload::new().with("year", 2024));
        assert_eq!(row.reborrow().to_payload().unwrap(), row.to_payload().unwrap());
    }

    #[test]
    fn an_owned_payload_lends_itself() {
        let payload = Payload::new().with("lang", "en");
        let lent = PayloadRef::from(payload.clone());
        assert_eq!(lent.reborrow().get("lang").unwrap(), Some(ValueRef::Text("en")));
        assert_eq!(lent.to_payload().unwrap(), payload);
        assert_eq!(PayloadRef::empty().to_payload().unwrap(), Payload::new());
    }

    /// Columns that never come to an end.
    struct Endless;

    impl PayloadColumns for Endless {
        fn entry_at(&self, _: usize, n: usize) -> Result<Option<(&str, ValueRef<'_>)>> {
            Ok(Some((["a", "b"][n % 2], ValueRef::Null)))
        }
        fn get(&self, _: usize, _: &str) -> Result<Option<ValueRef<'_>>> {
            Ok(None)
        }
    }

    #[test]
    fn a_row_without_end_is_an_error() {
        let error = PayloadRef::of_row(&Endless, 0).to_payload().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ContractViolation);
    }
}
