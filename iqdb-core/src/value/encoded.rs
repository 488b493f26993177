//! Values as bytes, checked once and then decoded as they are read.
//!
//! ```text
//! value = 0                              null
//!       | 1                              false
//!       | 2                              true
//!       | 3  i64                         a whole number
//!       | 4  f64                         a float, which is finite
//!       | 5  i64                         a date, in microseconds since 1970
//!       | 6  u32 len  len × u8           a string of `len` bytes of UTF-8
//!       | 7  u32 len  u32 count  values  a list: `len` bytes of `count` and as many values
//!       | 8  u32 len  u32 count  entries a map: `len` bytes of `count` and as many entries
//! entry = u16 len  len × u8  value       a key, after the one before it, and its value
//! ```
//!
//! Numbers are little-endian. A list and a map say how long they are, so that one is passed over
//! without reading it.

use super::{ListRef, MapRef, ValueRef};
use crate::limits::{
    KEY_BYTES_MAX, LIST_LEN_MAX, PAYLOAD_BYTES_MAX, PAYLOAD_DEPTH_MAX, PAYLOAD_KEYS_MAX,
};
use crate::{DateTime, Error, ErrorKind, Location, Result};

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INT: u8 = 3;
const FLOAT: u8 = 4;
const DATE_TIME: u8 = 5;
const TEXT: u8 = 6;
const LIST: u8 = 7;
const MAP: u8 = 8;
/// No kind: of a value that can't be stored.
const TOO_DEEP: u8 = u8::MAX;

impl<'a> ValueRef<'a> {
    /// Appends the value as bytes. O(size).
    ///
    /// A byte of its kind comes first: 0 null, 1 false, 2 true; 3 and an `i64`; 4 and an `f64`; 5
    /// and a date's microseconds as an `i64`; 6, a `u32` of the length and a string; 7 and a list,
    /// 8 and a map: each a `u32` of the length of all behind it, a `u32` of the number of values,
    /// and these, in a map with a key before each: a `u16` of its length, and its bytes. Numbers are
    /// little-endian. Of a value that fails [`Value::check`](crate::Value::check) the bytes may be
    /// such that [`decode`](Self::decode) refuses them.
    pub fn encode(self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.push(NULL),
            Self::Bool(false) => out.push(FALSE),
            Self::Bool(true) => out.push(TRUE),
            Self::Int(value) => put_eight(out, INT, value.to_le_bytes()),
            Self::Float(value) => put_eight(out, FLOAT, value.to_bits().to_le_bytes()),
            Self::DateTime(value) => put_eight(out, DATE_TIME, value.as_micros().to_le_bytes()),
            Self::Text(text) => {
                out.push(TEXT);
                out.extend(length(text.len()));
                out.extend_from_slice(text.as_bytes());
            }
            Self::List(values) if values.is_too_deep() => out.push(TOO_DEEP),
            Self::Map(values) if values.is_too_deep() => out.push(TOO_DEEP),
            Self::List(values) => put_nested(out, LIST, values.len(), |out| {
                values.iter().for_each(|value| value.encode(out));
            }),
            Self::Map(values) => put_nested(out, MAP, values.len(), |out| {
                for (key, value) in values.iter() {
                    // A longer key can't be stored, and is refused when it is read.
                    out.extend(u16::try_from(key.len()).unwrap_or(u16::MAX).to_le_bytes());
                    out.extend_from_slice(key.as_bytes());
                    value.encode(out);
                }
            }),
        }
    }

    /// The value that `bytes` begin with, and how many of them it takes. O(size), once: strings,
    /// lists and maps are borrowed, and what is in them is decoded when it is read. Allocates
    /// nothing, and recurses no deeper than [`PAYLOAD_DEPTH_MAX`].
    ///
    /// ```
    /// use iqdb_core::{Map, Value, ValueRef};
    ///
    /// let value = Value::from(Map::new().with("tags", ["a", "b"]));
    /// let mut bytes = Vec::new();
    /// value.as_ref().encode(&mut bytes);
    /// assert_eq!(ValueRef::decode(&bytes)?, (value.as_ref(), bytes.len()));
    /// # Ok::<(), iqdb_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] with the offset in `bytes` for what [`encode`](Self::encode) makes of
    /// no value that passes [`Value::check`](crate::Value::check).
    pub fn decode(bytes: &'a [u8]) -> Result<(Self, usize)> {
        let mut checker = Checker { rest: bytes, size_bytes: 0 };
        checker.value(1).map_err(|problem| {
            let offset = (bytes.len() - checker.rest.len()) as u64;
            Error::new(ErrorKind::Damaged, "there is no value that can have been stored")
                .at(Location::Byte(offset))
                .expected(problem)
        })?;
        let len = bytes.len() - checker.rest.len();
        let mut rest = bytes;
        // It was read to its end just now.
        Ok((take_value(&mut rest).unwrap_or(Self::Null), len))
    }
}

fn put_eight(out: &mut Vec<u8>, kind: u8, bytes: [u8; 8]) {
    out.push(kind);
    out.extend(bytes);
}

/// A length that is no larger than what can be stored, or else one that is refused when it is read.
fn length(len: usize) -> [u8; 4] {
    u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes()
}

fn put_nested(out: &mut Vec<u8>, kind: u8, count: usize, put: impl FnOnce(&mut Vec<u8>)) {
    out.push(kind);
    let start = out.len();
    out.extend([0; 4]);
    out.extend(length(count));
    put(out);
    let len = length(out.len() - start - 4);
    out[start..start + 4].copy_from_slice(&len);
}

/// The elements of an encoded list or the entries of a map that are still to be read, with their
/// number before them.
#[derive(Clone, Copy)]
pub(super) struct Elements<'a> {
    rest: &'a [u8],
    count: u32,
}

impl<'a> Elements<'a> {
    pub(super) fn len(self) -> usize {
        self.count as usize
    }

    pub(super) fn take<T>(&mut self, take: fn(&mut &'a [u8]) -> Option<T>) -> Option<T> {
        self.count = self.count.checked_sub(1)?;
        take(&mut self.rest)
    }
}

/// Reads a value that was checked.
pub(super) fn take_value<'a>(rest: &mut &'a [u8]) -> Option<ValueRef<'a>> {
    Some(match take_array::<1>(rest)?[0] {
        NULL => ValueRef::Null,
        FALSE => ValueRef::Bool(false),
        TRUE => ValueRef::Bool(true),
        INT => ValueRef::Int(i64::from_le_bytes(take_array(rest)?)),
        FLOAT => ValueRef::Float(f64::from_le_bytes(take_array(rest)?)),
        DATE_TIME => {
            let micros = i64::from_le_bytes(take_array(rest)?);
            ValueRef::DateTime(DateTime::from_micros(micros).ok()?)
        }
        TEXT => ValueRef::Text(std::str::from_utf8(take_sized(rest)?).ok()?),
        LIST => ValueRef::List(ListRef::encoded(take_elements(rest)?)),
        MAP => ValueRef::Map(MapRef::encoded(take_elements(rest)?)),
        _ => return None,
    })
}

/// Reads a key and its value, which were checked.
pub(super) fn take_entry<'a>(rest: &mut &'a [u8]) -> Option<(&'a str, ValueRef<'a>)> {
    Some((take_key(rest)?, take_value(rest)?))
}

fn take_key<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let len = u16::from_le_bytes(take_array(rest)?);
    std::str::from_utf8(take_bytes(rest, len.into())?).ok()
}

fn take_elements<'a>(rest: &mut &'a [u8]) -> Option<Elements<'a>> {
    let mut elements = take_sized(rest)?;
    let count = u32::from_le_bytes(take_array(&mut elements)?);
    Some(Elements { rest: elements, count })
}

fn take_sized<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = u32::from_le_bytes(take_array(rest)?);
    take_bytes(rest, len as usize)
}

fn take_bytes<'a>(rest: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (taken, behind) = rest.split_at_checked(len)?;
    *rest = behind;
    Some(taken)
}

fn take_array<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, behind) = rest.split_first_chunk::<N>()?;
    *rest = behind;
    Some(*taken)
}

/// Reads bytes that are not to be believed. An error is what was expected at the beginning of
/// `rest`, or a little before it.
struct Checker<'a> {
    rest: &'a [u8],
    /// As [`ValueRef::size_bytes`] counts.
    size_bytes: usize,
}

impl<'a> Checker<'a> {
    fn value(&mut self, depth: usize) -> Result<(), &'static str> {
        self.count(8)?;
        match take_array::<1>(&mut self.rest).ok_or("a kind of value")?[0] {
            NULL | FALSE | TRUE => Ok(()),
            INT => take_array::<8>(&mut self.rest).map(|_| ()).ok_or("eight bytes of a number"),
            FLOAT => {
                let float = take_array(&mut self.rest).map(f64::from_le_bytes);
                float.filter(|float| float.is_finite()).map(|_| ()).ok_or("a finite number")
            }
            DATE_TIME => {
                let micros = take_array(&mut self.rest).map(i64::from_le_bytes);
                let date = micros.and_then(|micros| DateTime::from_micros(micros).ok());
                date.map(|_| ()).ok_or("a date in the years 0001 to 9999")
            }
            TEXT => {
                let text = take_sized(&mut self.rest).ok_or("a string as long as it says")?;
                std::str::from_utf8(text).map_err(|_| "a string of UTF-8")?;
                self.count(text.len())
            }
            LIST => self.nested(depth, LIST_LEN_MAX, |inner, _| inner.value(depth + 1)),
            MAP => self.nested(depth, PAYLOAD_KEYS_MAX, |inner, last| {
                let key = take_key(&mut inner.rest).ok_or("a key of UTF-8")?;
                if !(1..=KEY_BYTES_MAX).contains(&key.len()) {
                    return Err("a key of 1 to 256 bytes");
                }
                // No key is empty, so the first comes after this one, too.
                if key <= *last {
                    return Err("keys in their order");
                }
                *last = key;
                inner.count(key.len())?;
                inner.value(depth + 1)
            }),
            _ => Err("a kind of value, 0 to 8"),
        }
    }

    /// Reads a list or a map, with `each` element or entry.
    fn nested(
        &mut self,
        depth: usize,
        count_max: usize,
        mut each: impl FnMut(&mut Self, &mut &'a str) -> Result<(), &'static str>,
    ) -> Result<(), &'static str> {
        let before = self.rest;
        let elements = take_elements(&mut self.rest).ok_or("a list or map as long as it says")?;
        let behind = self.rest;
        if elements.len() > count_max {
            self.rest = before;
            return Err("a list of at most 65,536 elements, or a map of at most 1,024 keys");
        }
        if elements.count > 0 && depth >= PAYLOAD_DEPTH_MAX {
            self.rest = before;
            return Err("lists and maps at most 16 deep");
        }
        // An error stays where it is in the bytes: `rest` always ends where they end, and the
        // elements are followed by `behind`.
        self.rest = before.get(8..).unwrap_or_default();
        let mut last = "";
        for _ in 0..elements.count {
            each(self, &mut last)?;
            if self.rest.len() < behind.len() {
                return Err("a list or map that ends where it says");
            }
        }
        match self.rest.len() == behind.len() {
            true => Ok(()),
            false => Err("a list or map that ends where it says"),
        }
    }

    fn count(&mut self, bytes: usize) -> Result<(), &'static str> {
        self.size_bytes += bytes;
        match self.size_bytes <= PAYLOAD_BYTES_MAX {
            true => Ok(()),
            false => Err("a value of at most 1 MiB"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::any_value;
    use super::*;
    use crate::{Map, Value};

    fn encode(value: &Value) -> Vec<u8> {
        let mut bytes = Vec::new();
        value.as_ref().encode(&mut bytes);
        bytes
    }

    proptest! {
        #[test]
        fn a_value_comes_back_bit_for_bit(value in any_value(), behind in ".{0,3}") {
            let mut bytes = encode(&value);
            let len = bytes.len();
            bytes.extend(behind.bytes());
            let (lent, used) = ValueRef::decode(&bytes).unwrap();
            prop_assert_eq!(used, len);
            prop_assert_eq!(lent, value.as_ref());
            prop_assert_eq!(lent.size_bytes(), value.size_bytes());
            prop_assert_eq!(lent.to_string(), value.to_string());
            prop_assert_eq!(encode(&lent.to_value()), &bytes[..len]);
            if let (ValueRef::Map(lent), Value::Map(map)) = (lent, &value) {
                for (key, value) in map.iter() {
                    prop_assert_eq!(lent.get(key), Some(value.as_ref()));
                }
                prop_assert_eq!(lent.get("no such key"), None);
            }
        }

        #[test]
        fn no_prefix_is_a_value(value in any_value(), cut in any::<prop::sample::Index>()) {
            let bytes = encode(&value);
            let cut = cut.index(bytes.len());
            let error = ValueRef::decode(&bytes[..cut]).unwrap_err();
            prop_assert_eq!(error.kind(), ErrorKind::Damaged);
        }

        #[test]
        fn what_is_decoded_can_be_stored_and_is_what_it_was(
            value in any_value(),
            at in any::<prop::sample::Index>(),
            with in any::<u8>(),
        ) {
            let mut bytes = encode(&value);
            let at = at.index(bytes.len());
            bytes[at] = with;
            if let Ok((lent, used)) = ValueRef::decode(&bytes) {
                let value = lent.to_value();
                value.check().unwrap();
                prop_assert_eq!(encode(&value), &bytes[..used]);
            }
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(0_u8..10, 0..60)) {
            let _ = ValueRef::decode(&bytes);
        }
    }

    #[test]
    fn depth_is_checked_before_it_is_gone_into() {
        let nested = |depth: usize| {
            let mut bytes = vec![NULL];
            for _ in 1..depth {
                let mut outer = vec![LIST];
                outer.extend(length(bytes.len() + 4));
                outer.extend(length(1));
                outer.append(&mut bytes);
                bytes = outer;
            }
            bytes
        };
        assert!(ValueRef::decode(&nested(PAYLOAD_DEPTH_MAX)).is_ok());
        for depth in [PAYLOAD_DEPTH_MAX + 1, 5_000] {
            let error = ValueRef::decode(&nested(depth)).unwrap_err();
            assert_eq!(error.location(), Some(Location::Byte(15 * 9 + 1)));
        }
    }

    #[test]
    fn an_error_names_the_byte_and_a_claim_is_not_believed() {
        let map = Value::from(Map::new().with("a", 1).with("b", [true, false]));
        let good = encode(&map);
        let refused = |change: fn(&mut Vec<u8>)| {
            let mut bytes = good.clone();
            change(&mut bytes);
            let error = ValueRef::decode(&bytes).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Damaged);
            error.to_string()
        };
        // Kind, length and number of the map; length, key and kind of the first entry.
        let changes: [fn(&mut Vec<u8>); 9] = [
            |bytes| bytes[0] = 9,
            |bytes| bytes[1] -= 1,
            |bytes| bytes[1..5].fill(0xff),
            |bytes| bytes[5] = 1,
            |bytes| bytes[5..9].fill(0xff),
            |bytes| bytes[9] = 0,
            |bytes| bytes[11] = b'c',
            |bytes| bytes[11] = 0xff,
            |bytes| bytes[12] = TEXT,
        ];
        let report: Vec<_> = changes.into_iter().map(refused).collect();
        insta::assert_snapshot!(report.join("\n"));
    }
}
