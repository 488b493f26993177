//! Values and payloads as bytes.
//!
//! ```text
//! value   = scalar
//!         | 6  u32 count  count × scalar   a list
//! scalar  = 0                              null
//!         | 1                              false
//!         | 2                              true
//!         | 3  i64                         a whole number
//!         | 4  f64                         a float, which is finite
//!         | 5  u32 len  len × u8           a string of `len` bytes of UTF-8
//! payload = u16 count  count × field       fields in strictly rising order of names, as bytes
//! field   = u16 len  len × u8  value       a name of `len` bytes of UTF-8, and its value
//! ```
//!
//! All within the limits of [`Payload::check`].

use iqdb_core::limits::{
    FIELD_NAME_BYTES_MAX, LIST_LEN_MAX, PAYLOAD_BYTES_MAX, PAYLOAD_FIELDS_MAX,
};
use iqdb_core::{Error, Payload, Result, Value, ValueRef};

use super::{Reader, damaged_at, put_bytes, put_u8, put_u16, put_u32, put_u64};

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INT: u8 = 3;
const FLOAT: u8 = 4;
const TEXT: u8 = 5;
const LIST: u8 = 6;

const CHECKED: &str = "a payload is checked before it is written";

/// Appends a value.
///
/// # Panics
/// For a string or a list of 4 GiB or more, which fails [`Value::check`] by far.
pub fn put_value(out: &mut Vec<u8>, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => put_u8(out, NULL),
        ValueRef::Bool(false) => put_u8(out, FALSE),
        ValueRef::Bool(true) => put_u8(out, TRUE),
        ValueRef::Int(value) => {
            put_u8(out, INT);
            put_bytes(out, &value.to_le_bytes());
        }
        ValueRef::Float(value) => {
            put_u8(out, FLOAT);
            put_u64(out, value.to_bits());
        }
        ValueRef::Text(text) => {
            put_u8(out, TEXT);
            put_u32(out, u32::try_from(text.len()).expect(CHECKED));
            put_bytes(out, text.as_bytes());
        }
        ValueRef::List(values) => {
            put_u8(out, LIST);
            put_u32(out, u32::try_from(values.len()).expect(CHECKED));
            values.iter().for_each(|value| put_value(out, value));
        }
    }
}

/// Reads a value that can be stored.
///
/// # Errors
/// [`ErrorKind::Damaged`](iqdb_core::ErrorKind::Damaged) for anything else.
pub fn take_value(reader: &mut Reader<'_>) -> Result<Value> {
    let start = reader.offset();
    let value = match reader.take_u8()? {
        LIST => {
            let count = reader.take_u32()? as usize;
            // Each takes a byte at least, so that no more is set aside than 32 times what is there.
            if count > LIST_LEN_MAX || count > reader.remaining() {
                return Err(damaged_at(start, "a list is too long")
                    .expected(format_args!("at most {LIST_LEN_MAX} elements, and all of them"))
                    .found(format_args!("{count} elements in {} bytes", reader.remaining())));
            }
            let mut values = Vec::with_capacity(count);
            for _ in 0..count {
                let start = reader.offset();
                let tag = reader.take_u8()?;
                values.push(take_scalar(reader, tag, start)?);
            }
            Value::List(values)
        }
        tag => take_scalar(reader, tag, start)?,
    };
    value.check().map_err(|error| cannot_be_stored(start, error))?;
    Ok(value)
}

fn take_scalar(reader: &mut Reader<'_>, tag: u8, start: u64) -> Result<Value> {
    Ok(match tag {
        NULL => Value::Null,
        FALSE => Value::Bool(false),
        TRUE => Value::Bool(true),
        INT => Value::Int(i64::from_le_bytes(reader.take_array()?)),
        FLOAT => Value::Float(f64::from_bits(reader.take_u64()?)),
        TEXT => {
            let len = reader.take_u32()?;
            Value::Text(reader.take_text(len.into())?.to_owned())
        }
        LIST => return Err(damaged_at(start, "a list holds a list").expected("a scalar")),
        tag => {
            return Err(damaged_at(start, "there is no such kind of value")
                .expected("0 to 6")
                .found(tag));
        }
    })
}

/// Appends a payload.
///
/// # Panics
/// For one with 65,536 fields or a name of as many bytes, which fails [`Payload::check`] by far.
pub fn put_payload(out: &mut Vec<u8>, payload: &Payload) {
    put_u16(out, u16::try_from(payload.len()).expect(CHECKED));
    for (name, value) in payload.iter() {
        put_u16(out, u16::try_from(name.len()).expect(CHECKED));
        put_bytes(out, name.as_bytes());
        put_value(out, value.as_ref());
    }
}

/// Reads a payload that can be stored.
///
/// # Errors
/// [`ErrorKind::Damaged`](iqdb_core::ErrorKind::Damaged) for anything else.
pub fn take_payload(reader: &mut Reader<'_>) -> Result<Payload> {
    let start = reader.offset();
    let count = usize::from(reader.take_u16()?);
    if count > PAYLOAD_FIELDS_MAX {
        return Err(damaged_at(start, "a payload has too many fields")
            .expected(format_args!("at most {PAYLOAD_FIELDS_MAX}"))
            .found(count));
    }
    // Each takes four bytes at least.
    let mut fields = Vec::with_capacity(count.min(reader.remaining() / 4));
    let (mut last, mut bytes) = ("", 0);
    for _ in 0..count {
        let start = reader.offset();
        let name = take_name(reader)?;
        // No name is empty, so the first comes after this one, too.
        if name <= last {
            return Err(damaged_at(start, "fields are not in the order of their names"));
        }
        let value = take_value(reader)?;
        bytes += name.len() + value.size_bytes();
        if bytes > PAYLOAD_BYTES_MAX {
            return Err(damaged_at(start, "a payload is too large")
                .expected(format_args!("at most {PAYLOAD_BYTES_MAX} bytes")));
        }
        fields.push((name.to_owned(), value));
        last = name;
    }
    let payload: Payload = fields.into_iter().collect();
    payload.check().map_err(|error| cannot_be_stored(start, error))?;
    Ok(payload)
}

/// Reads the name of a field and its length before it.
fn take_name<'a>(reader: &mut Reader<'a>) -> Result<&'a str> {
    let start = reader.offset();
    let len = reader.take_u16()?;
    if !(1..=FIELD_NAME_BYTES_MAX).contains(&usize::from(len)) {
        return Err(damaged_at(start, "a field name has the wrong length")
            .expected(format_args!("1 to {FIELD_NAME_BYTES_MAX} bytes"))
            .found(format_args!("{len} bytes")));
    }
    reader.take_text(len.into())
}

fn cannot_be_stored(offset: u64, error: Error) -> Error {
    damaged_at(offset, "there is what can't have been stored").caused_by(error)
}
