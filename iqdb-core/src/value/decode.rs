//! Values from bytes, which are checked once and then decoded as they are read.

use super::bytes::{
    DATE_TIME, FALSE, FLOAT, INT, LIST, MAP, NULL, TEXT, TRUE, take_array, take_elements, take_key,
    take_sized,
};
use super::{ListRef, ListRepr, MapRef, MapRepr, ValueRef};
use crate::limits::{
    KEY_BYTES_MAX, LIST_LEN_MAX, PAYLOAD_BYTES_MAX, PAYLOAD_DEPTH_MAX, PAYLOAD_KEYS_MAX,
};
use crate::{DateTime, Error, ErrorKind, Location, Result};

impl<'a> ValueRef<'a> {
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
        LIST => ValueRef::List(ListRef(ListRepr::Encoded(take_elements(rest)?))),
        MAP => ValueRef::Map(MapRef(MapRepr::Encoded(take_elements(rest)?))),
        _ => return None,
    })
}

/// Reads a key and its value, which were checked.
pub(crate) fn take_entry<'a>(rest: &mut &'a [u8]) -> Option<(&'a str, ValueRef<'a>)> {
    Some((take_key(rest)?, take_value(rest)?))
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
        if elements.len() > 0 && depth >= PAYLOAD_DEPTH_MAX {
            self.rest = before;
            return Err("lists and maps at most 16 deep");
        }
        // An error stays where it is in the bytes: `rest` always ends where they end, and the
        // elements are followed by `behind`.
        self.rest = before.get(8..).unwrap_or_default();
        let mut last = "";
        for _ in 0..elements.len() {
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
