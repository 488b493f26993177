//! Payloads as bytes.
//!
//! ```text
//! payload = u16 count  count × entry       in strictly rising order of keys, as bytes
//! entry   = u16 len  len × u8  value       a key of `len` bytes of UTF-8, and its value
//! ```
//!
//! A value is as [`ValueRef::encode`] makes it. All within the limits of [`Payload::check`].

use iqdb_core::limits::{KEY_BYTES_MAX, PAYLOAD_BYTES_MAX, PAYLOAD_KEYS_MAX};
use iqdb_core::{Error, Location, Payload, Result, Value, ValueRef};

use super::{Reader, damaged_at, put_bytes, put_u16};

const CHECKED: &str = "a payload is checked before it is written";

/// Reads a value that can be stored, without a copy of its strings, lists and maps.
///
/// # Errors
/// [`ErrorKind::Damaged`](iqdb_core::ErrorKind::Damaged) for anything else.
pub fn take_value<'a>(reader: &mut Reader<'a>) -> Result<ValueRef<'a>> {
    let start = reader.offset();
    let (value, len) = ValueRef::decode(reader.rest()).map_err(|error| {
        let within = match error.location() {
            Some(Location::Byte(within)) => within,
            _ => 0,
        };
        cannot_be_stored(start + within, error)
    })?;
    reader.take_bytes(len)?;
    Ok(value)
}

/// Appends a payload.
///
/// # Panics
/// For one with 65,536 keys or a key of as many bytes, which fails [`Payload::check`] by far.
pub fn put_payload(out: &mut Vec<u8>, payload: &Payload) {
    put_u16(out, u16::try_from(payload.len()).expect(CHECKED));
    for (key, value) in payload.iter() {
        put_u16(out, u16::try_from(key.len()).expect(CHECKED));
        put_bytes(out, key.as_bytes());
        value.as_ref().encode(out);
    }
}

/// Reads a payload that can be stored.
///
/// # Errors
/// [`ErrorKind::Damaged`](iqdb_core::ErrorKind::Damaged) for anything else.
pub fn take_payload(reader: &mut Reader<'_>) -> Result<Payload> {
    let start = reader.offset();
    let count = usize::from(reader.take_u16()?);
    if count > PAYLOAD_KEYS_MAX {
        return Err(damaged_at(start, "a payload has too many keys")
            .expected(format_args!("at most {PAYLOAD_KEYS_MAX}"))
            .found(count));
    }
    // Each takes four bytes at least.
    let mut entries: Vec<(&str, Value)> = Vec::with_capacity(count.min(reader.remaining() / 4));
    let (mut last, mut bytes) = ("", 0);
    for _ in 0..count {
        let start = reader.offset();
        let key = take_key(reader)?;
        // No key is empty, so the first comes after this one, too.
        if key <= last {
            return Err(damaged_at(start, "keys are not in their order"));
        }
        let value = take_value(reader)?;
        bytes += key.len() + value.size_bytes();
        if bytes > PAYLOAD_BYTES_MAX {
            return Err(damaged_at(start, "a payload is too large")
                .expected(format_args!("at most {PAYLOAD_BYTES_MAX} bytes")));
        }
        entries.push((key, value.to_value()));
        last = key;
    }
    let payload: Payload = entries.into_iter().collect();
    payload.check().map_err(|error| cannot_be_stored(start, error))?;
    Ok(payload)
}

/// Reads a key and its length before it.
fn take_key<'a>(reader: &mut Reader<'a>) -> Result<&'a str> {
    let start = reader.offset();
    let len = reader.take_u16()?;
    if !(1..=KEY_BYTES_MAX).contains(&usize::from(len)) {
        return Err(damaged_at(start, "a key has the wrong length")
            .expected(format_args!("1 to {KEY_BYTES_MAX} bytes"))
            .found(format_args!("{len} bytes")));
    }
    reader.take_text(len.into())
}

fn cannot_be_stored(offset: u64, error: Error) -> Error {
    damaged_at(offset, "there is what can't have been stored").caused_by(error)
}
