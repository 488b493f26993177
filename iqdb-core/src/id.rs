//! Record ids: a number, a UUID or a string, with one order over all three.

mod parse;
#[cfg(feature = "serde")]
mod serde_form;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use uuid::Uuid;

/// The name of a record: a `u64`, a UUID or a UTF-8 string of at most
/// [`ID_BYTES_MAX`](crate::limits::ID_BYTES_MAX) bytes.
///
/// 24 bytes; cloning allocates nothing. The kinds never meet: `7` and `"7"` are two ids. Strings
/// are compared byte by byte, with no Unicode normalisation. The order is numbers, UUIDs, strings,
/// each in its own natural order.
///
/// A value with a type keeps its kind (`"42".into()` is a string, and so is a string in JSON); a *text*
/// without one, as in a file of comma-separated cells or on a command line, is parsed: digits are a number
/// unless a zero stands before them (`007` is a string), the hyphenated form is a UUID, anything else or
/// anything in quotes is a string. [`Display`](fmt::Display) quotes a string that would parse as something else, so
/// parsing undoes printing.
///
/// ```
/// use iqdb_core::RecordId;
///
/// let number: RecordId = "42".parse()?;
/// assert_eq!(number, RecordId::from(42));
/// assert_eq!(RecordId::from("42").to_string(), "\"42\"");
/// assert_ne!(RecordId::from("42"), number);
/// # Ok::<(), iqdb_core::Error>(())
/// ```
///
/// # Serde
/// In a human-readable format a number is a number, a UUID is `{"uuid": "…"}` and a string is a
/// string; elsewhere it is an enum of these three in this order.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordId(Repr);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Repr {
    Number(u64),
    Uuid(Uuid),
    Text(Arc<str>),
}

/// A borrowed [`RecordId`]: what a store lends, so that ids may live in columns or mapped files.
///
/// Ordered and printed exactly as the [`RecordId`] it stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IdRef<'a> {
    /// A number.
    Number(u64),
    /// A UUID.
    Uuid(Uuid),
    /// A string.
    Text(&'a str),
}

impl RecordId {
    /// The id as a borrow; costs nothing.
    #[must_use]
    pub fn as_ref(&self) -> IdRef<'_> {
        match &self.0 {
            Repr::Number(number) => IdRef::Number(*number),
            Repr::Uuid(uuid) => IdRef::Uuid(*uuid),
            Repr::Text(text) => IdRef::Text(text),
        }
    }
}

/// As the [`IdRef`] of the same id.
impl Hash for RecordId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_ref().hash(state);
    }
}

/// Without the kind, which would be hashed beside every number.
impl Hash for IdRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Number(number) => state.write_u64(*number),
            Self::Uuid(uuid) => state.write(uuid.as_bytes()),
            Self::Text(text) => text.hash(state),
        }
    }
}

impl IdRef<'_> {
    /// An owned copy; allocates for a string only.
    #[must_use]
    pub fn to_id(self) -> RecordId {
        RecordId(match self {
            Self::Number(number) => Repr::Number(number),
            Self::Uuid(uuid) => Repr::Uuid(uuid),
            Self::Text(text) => Repr::Text(text.into()),
        })
    }
}

/// The only integer that converts, so that a bare literal is unambiguous.
impl From<u64> for RecordId {
    fn from(number: u64) -> Self {
        Self(Repr::Number(number))
    }
}

impl From<Uuid> for RecordId {
    fn from(uuid: Uuid) -> Self {
        Self(Repr::Uuid(uuid))
    }
}

impl From<&str> for RecordId {
    fn from(text: &str) -> Self {
        Self(Repr::Text(text.into()))
    }
}

impl From<String> for RecordId {
    fn from(text: String) -> Self {
        Self(Repr::Text(text.into()))
    }
}

impl From<&String> for RecordId {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<Arc<str>> for RecordId {
    fn from(text: Arc<str>) -> Self {
        Self(Repr::Text(text))
    }
}

impl From<&RecordId> for RecordId {
    fn from(id: &RecordId) -> Self {
        id.clone()
    }
}

impl From<IdRef<'_>> for RecordId {
    fn from(id: IdRef<'_>) -> Self {
        id.to_id()
    }
}

macro_rules! compares_with_numbers {
    ($($number:ty),*) => {$(
        /// Only an id that is a number equals one.
        impl PartialEq<$number> for IdRef<'_> {
            fn eq(&self, other: &$number) -> bool {
                matches!(self, Self::Number(number) if u64::try_from(*other) == Ok(*number))
            }
        }

        /// Only an id that is a number equals one.
        impl PartialEq<$number> for RecordId {
            fn eq(&self, other: &$number) -> bool {
                self.as_ref() == *other
            }
        }
    )*};
}

compares_with_numbers!(u64, usize, u32, i64, i32);

/// Only an id that is a string equals one.
impl PartialEq<str> for IdRef<'_> {
    fn eq(&self, other: &str) -> bool {
        *self == IdRef::Text(other)
    }
}

/// Only an id that is a string equals one.
impl PartialEq<&str> for IdRef<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == IdRef::Text(other)
    }
}

/// Only an id that is a string equals one.
impl PartialEq<str> for RecordId {
    fn eq(&self, other: &str) -> bool {
        self.as_ref() == *other
    }
}

/// Only an id that is a string equals one.
impl PartialEq<&str> for RecordId {
    fn eq(&self, other: &&str) -> bool {
        self.as_ref() == **other
    }
}

impl PartialEq<IdRef<'_>> for RecordId {
    fn eq(&self, other: &IdRef<'_>) -> bool {
        self.as_ref() == *other
    }
}

impl PartialEq<RecordId> for IdRef<'_> {
    fn eq(&self, other: &RecordId) -> bool {
        *self == other.as_ref()
    }
}

/// Whether a text is a number as numbers are printed: digits without zeros before them.
pub(crate) fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
        && (text == "0" || !(text.is_empty() || text.starts_with('0')))
}

pub(crate) fn hyphenated(text: &str) -> Option<Uuid> {
    if text.len() != uuid::fmt::Hyphenated::LENGTH {
        return None;
    }
    Uuid::try_parse(text).ok()
}

impl fmt::Display for IdRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => f.pad(&number.to_string()),
            Self::Uuid(uuid) => f.pad(&uuid.to_string()),
            Self::Text(text) if reads_as_itself(text) => f.pad(text),
            Self::Text(text) => f.pad(&crate::quoted::Quoted(text).to_string()),
        }
    }
}

/// Whether a string can be printed bare: it parses to itself and stays on one line.
fn reads_as_itself(text: &str) -> bool {
    !(text.is_empty()
        || text.starts_with('"')
        || text.trim().len() != text.len()
        || text.chars().any(crate::quoted::is_escaped)
        || is_number(text)
        || hyphenated(text).is_some())
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

impl fmt::Debug for IdRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Uuid(uuid) => write!(f, "{uuid}"),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.as_ref(), f)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_id_is_24_bytes() {
        assert_eq!(size_of::<RecordId>(), 24);
    }

    #[test]
    fn the_order_is_numbers_uuids_strings() {
        let uuid = Uuid::max();
        let sorted = [RecordId::from(0), u64::MAX.into(), uuid.into(), "".into(), "0".into()];
        assert!(sorted.is_sorted());
        assert!(sorted.iter().map(RecordId::as_ref).is_sorted());
    }

    #[test]
    fn an_id_compares_with_a_number_or_a_text_of_its_kind() {
        let (number, text) = (RecordId::from(42), RecordId::from("42"));
        assert!(number == 42 && number.as_ref() == 42_usize && number == 42_u32);
        assert!(number != -42 && number != 43_i64 && RecordId::from(u64::MAX) != -1_i64);
        assert!(text == "42" && text.as_ref() == *"42" && text != 42 && number != "42");
        assert!(text == text.as_ref() && text.as_ref() == text);
    }

    #[test]
    fn the_kinds_never_meet() {
        assert_ne!(RecordId::from(7), RecordId::from("7"));
        let uuid = Uuid::from_u128(7);
        assert_ne!(RecordId::from(uuid), RecordId::from(uuid.to_string()));
    }

    #[test]
    fn display_pads_like_a_string() {
        assert_eq!(format!("[{:>4}]", RecordId::from(7)), "[   7]");
    }

    pub(crate) fn any_id() -> impl Strategy<Value = RecordId> {
        prop_oneof![
            any::<u64>().prop_map(RecordId::from),
            any::<u128>().prop_map(|bits| RecordId::from(Uuid::from_u128(bits))),
            any::<String>().prop_map(RecordId::from),
            "[0-9]{1,20}".prop_map(RecordId::from),
            any::<u128>().prop_map(|bits| RecordId::from(Uuid::from_u128(bits).to_string())),
        ]
    }

    proptest! {
        #[test]
        fn a_borrowed_id_orders_like_the_owned(a in any_id(), b in any_id()) {
            prop_assert_eq!(a.cmp(&b), a.as_ref().cmp(&b.as_ref()));
            prop_assert_eq!(a.as_ref().to_id(), a);
        }
    }
}
