//! Payloads: an ordered map from field names to values, owned and borrowed.

use std::fmt;

use crate::limits::{FIELD_NAME_BYTES_MAX, PAYLOAD_BYTES_MAX, PAYLOAD_FIELDS_MAX};
use crate::{Error, ErrorKind, Result, Value, ValueRef};

/// What a record carries besides its vector: fields in the order of their names.
///
/// Building one never fails; [`check`](Self::check) holds it against the published limits, and
/// every store calls that before it stores anything.
///
/// ```
/// use iqdb_core::{Payload, Value};
///
/// let payload = Payload::new().with("lang", "en").with("year", 2024).with("tags", ["a", "b"]);
/// assert_eq!(payload.get("year"), Some(&Value::Int(2024)));
/// ```
#[derive(Clone, PartialEq, Default)]
pub struct Payload(
    /// In the order of the names, of which no two are the same. Payloads are small and many: one
    /// piece of memory each is less to allocate, to copy and to free than a tree.
    Vec<(String, Value)>,
);

impl Payload {
    /// A payload without fields. Allocates nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The payload with `field` set, replacing an earlier value.
    #[must_use]
    pub fn with(mut self, field: impl Into<String>, value: impl Into<Value>) -> Self {
        self.insert(field, value);
        self
    }

    /// Sets `field`; returns the value it had. O(log fields) for one that is there or comes after
    /// all others in the order of names, else O(fields).
    pub fn insert(&mut self, field: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        let (field, value) = (field.into(), value.into());
        match self.find(&field) {
            Ok(n) => Some(std::mem::replace(&mut self.0[n].1, value)),
            Err(n) => {
                self.0.insert(n, (field, value));
                None
            }
        }
    }

    /// Removes `field`; returns the value it had. O(fields).
    pub fn remove(&mut self, field: &str) -> Option<Value> {
        self.find(field).ok().map(|n| self.0.remove(n).1)
    }

    /// The value of `field`. O(log fields).
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.find(field).ok().map(|n| &self.0[n].1)
    }

    /// Where `field` is, or where it would go.
    fn find(&self, field: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(name, _)| name.as_str().cmp(field))
    }

    /// The fields in the order of their names.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.0.iter().map(|(field, value)| (field.as_str(), value))
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What the payload counts towards [`PAYLOAD_BYTES_MAX`]: its names and values, in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.iter().map(|(field, value)| field.len() + value.size_bytes()).sum()
    }

    /// Checks that the payload can be stored.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPayload`] when there are too many fields, a name is empty or too long,
    /// a value fails [`Value::check`], or the whole is over [`PAYLOAD_BYTES_MAX`].
    pub fn check(&self) -> Result<()> {
        let invalid = |message: String| Error::new(ErrorKind::InvalidPayload, message);
        if self.len() > PAYLOAD_FIELDS_MAX {
            return Err(invalid("there are too many fields".into())
                .expected(format_args!("at most {PAYLOAD_FIELDS_MAX}"))
                .found(self.len()));
        }
        let mut bytes = 0;
        for (field, value) in self.iter() {
            if field.is_empty() || field.len() > FIELD_NAME_BYTES_MAX {
                return Err(invalid("a field name has the wrong length".into())
                    .expected(format_args!("1 to {FIELD_NAME_BYTES_MAX} bytes"))
                    .found(format_args!("{} bytes", field.len())));
            }
            value.check().map_err(|error| {
                let field = crate::quoted::Quoted(field);
                invalid(format!("a value can't be stored, in field {field}")).caused_by(error)
            })?;
            bytes += field.len() + value.size_bytes();
        }
        if bytes > PAYLOAD_BYTES_MAX {
            return Err(invalid("the payload is too large".into())
                .expected(format_args!("at most {PAYLOAD_BYTES_MAX} bytes"))
                .found(format_args!("{bytes} bytes")));
        }
        Ok(())
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Payload {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(fields: I) -> Self {
        let fields = fields.into_iter().map(|(field, value)| (field.into(), value.into()));
        let mut fields: Vec<(String, Value)> = fields.collect();
        // Stable, so that of several values of a field the last stays last, and stays.
        fields.sort_by(|(a, _), (b, _)| a.cmp(b));
        fields.dedup_by(|later, earlier| {
            let is_same = later.0 == earlier.0;
            if is_same {
                std::mem::swap(&mut later.1, &mut earlier.1);
            }
            is_same
        });
        Self(fields)
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Payload {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// Payloads that live in columns: many rows behind one object, fields looked up by row.
///
/// A backend that keeps whole [`Payload`]s has no need of it. What it lends must read alike, so the
/// bullets hold for every backend.
pub trait PayloadColumns: Send + Sync {
    /// Field number `n` of `row`, in any order; `None` from the number of its fields on.
    ///
    /// - `row_payloads_list_every_field`: Each with its exact value, and no other.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] or [`ErrorKind::Io`] when reading the column for the first time
    /// fails.
    fn field_at(&self, row: usize, n: usize) -> Result<Option<(&str, ValueRef<'_>)>>;

    /// The value of `field` in `row`.
    ///
    /// - `row_payloads_find_every_field_by_its_name`: Byte for byte; any other name finds nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] or [`ErrorKind::Io`] when reading the column for the first time
    /// fails.
    fn field(&self, row: usize, field: &str) -> Result<Option<ValueRef<'_>>>;
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
    /// A payload without fields.
    #[must_use]
    pub fn empty() -> Self {
        Self(Repr::Empty)
    }

    /// The payload of one row of `columns`.
    #[must_use]
    pub fn of_row(columns: &'a dyn PayloadColumns, row: usize) -> Self {
        Self(Repr::Row(columns, row))
    }

    /// The value of `field`.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] or [`ErrorKind::Io`] when reading a column fails.
    pub fn get(&self, field: &str) -> Result<Option<ValueRef<'_>>> {
        Ok(match &self.0 {
            Repr::Empty => None,
            Repr::Whole(payload) => payload.get(field).map(Value::as_ref),
            Repr::Row(columns, row) => columns.field(*row, field)?,
            Repr::Owned(payload) => payload.get(field).map(Value::as_ref),
        })
    }

    /// An owned copy of the whole payload.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] or [`ErrorKind::Io`] when reading a column fails;
    /// [`ErrorKind::ContractViolation`] when a row claims more fields than a payload can have.
    pub fn to_payload(&self) -> Result<Payload> {
        let (columns, row) = match &self.0 {
            Repr::Empty => return Ok(Payload::new()),
            Repr::Whole(payload) => return Ok((*payload).clone()),
            Repr::Row(columns, row) => (columns, *row),
            Repr::Owned(payload) => return Ok(payload.clone()),
        };
        let mut payload = Payload::new();
        for n in 0..=PAYLOAD_FIELDS_MAX {
            match columns.field_at(row, n)? {
                Some((field, value)) => payload.insert(field, value),
                None => return Ok(payload),
            };
        }
        Err(Error::new(ErrorKind::ContractViolation, "a row has too many fields")
            .expected(format_args!("at most {PAYLOAD_FIELDS_MAX}")))
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

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Payload {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> serde::de::Visitor<'de> for Fields {
            type Value = Payload;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from field names to values")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Payload, A::Error> {
                use serde::de::Error;
                let (mut payload, mut bytes) = (Payload::new(), 0);
                while let Some((field, value)) = map.next_entry::<String, Value>()? {
                    if payload.get(&field).is_some() {
                        return Err(A::Error::custom(format_args!("field {field:?} occurs twice")));
                    }
                    bytes += field.len() + value.size_bytes();
                    payload.insert(field, value);
                    // Far enough to be refused below; memory need not grow any further.
                    if payload.len() > PAYLOAD_FIELDS_MAX || bytes > PAYLOAD_BYTES_MAX {
                        break;
                    }
                }
                payload.check().map_err(A::Error::custom)?;
                Ok(payload)
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_hold_at_below_and_above() {
        let named = |length: usize| Payload::new().with("x".repeat(length), 1);
        assert!(named(0).check().is_err());
        assert!(named(1).check().is_ok());
        assert!(named(FIELD_NAME_BYTES_MAX).check().is_ok());
        assert!(named(FIELD_NAME_BYTES_MAX + 1).check().is_err());

        let wide = |fields: usize| (0..fields).map(|n| (n.to_string(), 1)).collect::<Payload>();
        assert!(wide(PAYLOAD_FIELDS_MAX).check().is_ok());
        assert!(wide(PAYLOAD_FIELDS_MAX + 1).check().is_err());

        // One byte of name and eight of value beside the text.
        let heavy = |bytes: usize| Payload::new().with("x", "y".repeat(bytes - 9));
        assert_eq!(heavy(PAYLOAD_BYTES_MAX).size_bytes(), PAYLOAD_BYTES_MAX);
        assert!(heavy(PAYLOAD_BYTES_MAX).check().is_ok());
        assert!(heavy(PAYLOAD_BYTES_MAX + 1).check().is_err());
    }

    #[test]
    fn fields_are_in_the_order_of_their_names_and_the_last_value_counts() {
        let fields = [("b", 1), ("a", 2), ("c", 3), ("b", 4), ("a", 5), ("b", 6)];
        let mut inserted = Payload::new();
        for (field, value) in fields {
            inserted.insert(field, value);
        }
        let collected: Payload = fields.into_iter().collect();
        assert_eq!(format!("{collected:?}"), r#"{"a": Int(5), "b": Int(6), "c": Int(3)}"#);
        assert_eq!(inserted, collected);
        assert_eq!(inserted.insert("b", 7), Some(Value::Int(6)));
        assert_eq!(inserted.remove("b"), Some(Value::Int(7)));
        assert_eq!((inserted.remove("b"), inserted.get("b")), (None, None));
        assert_eq!((inserted.len(), inserted.get("c")), (2, Some(&Value::Int(3))));
    }

    #[test]
    fn the_field_at_fault_is_named() {
        let error = Payload::new().with("score", f64::NAN).check().unwrap_err();
        insta::assert_debug_snapshot!(error, @r#"
        invalid payload: a value can't be stored, in field "score"
          because:   invalid payload: a number is not finite: expected a finite number, found NaN
        "#);
    }

    struct Years(Vec<i64>);

    impl PayloadColumns for Years {
        fn field_at(&self, row: usize, n: usize) -> Result<Option<(&str, ValueRef<'_>)>> {
            Ok((n == 0).then(|| ("year", ValueRef::Int(self.0[row]))))
        }
        fn field(&self, row: usize, field: &str) -> Result<Option<ValueRef<'_>>> {
            Ok((field == "year").then(|| ValueRef::Int(self.0[row])))
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
        fn field_at(&self, _: usize, n: usize) -> Result<Option<(&str, ValueRef<'_>)>> {
            Ok(Some((["a", "b"][n % 2], ValueRef::Null)))
        }
        fn field(&self, _: usize, _: &str) -> Result<Option<ValueRef<'_>>> {
            Ok(None)
        }
    }

    #[test]
    fn a_row_without_end_is_an_error() {
        let error = PayloadRef::of_row(&Endless, 0).to_payload().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ContractViolation);
    }
}
