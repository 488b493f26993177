//! Values into bytes.

use super::ValueRef;
use super::bytes::{DATE_TIME, FALSE, FLOAT, INT, LIST, MAP, NULL, TEXT, TOO_DEEP, TRUE};

impl ValueRef<'_> {
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
                values.iter().for_each(|(key, value)| put_entry(out, key, value));
            }),
        }
    }
}

fn put_eight(out: &mut Vec<u8>, kind: u8, bytes: [u8; 8]) {
    out.push(kind);
    out.extend(bytes);
}

/// A length that is no larger than what can be stored, or else one that is refused when it is read.
pub(super) fn length(len: usize) -> [u8; 4] {
    u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes()
}

/// Appends a key and its value, for [`take_entry`](super::take_entry).
pub(crate) fn put_entry(out: &mut Vec<u8>, key: &str, value: ValueRef<'_>) {
    // A longer key can't be stored, and is refused when it is read.
    out.extend(u16::try_from(key.len()).unwrap_or(u16::MAX).to_le_bytes());
    out.extend_from_slice(key.as_bytes());
    value.encode(out);
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
