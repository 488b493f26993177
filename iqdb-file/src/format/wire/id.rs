//! Ids as bytes.
//!
//! ```text
//! id = 0  u64               a number
//!    | 1  16 bytes          a UUID, in the order in which it is printed
//!    | 2  u16 len  len × u8 a string of `len` ≤ 512 bytes of UTF-8
//! ```

use iqdb_core::limits::ID_BYTES_MAX;
use iqdb_core::{IdRef, RecordId, Result, Uuid};

use super::{Reader, damaged_at, put_bytes, put_u8, put_u16, put_u64};

const NUMBER: u8 = 0;
const UUID: u8 = 1;
const TEXT: u8 = 2;

/// Appends an id.
///
/// # Panics
/// For a string of 64 KiB or more, which fails [`RecordId::check`] by far.
pub fn put_id(out: &mut Vec<u8>, id: IdRef<'_>) {
    match id {
        IdRef::Number(number) => {
            put_u8(out, NUMBER);
            put_u64(out, number);
        }
        IdRef::Uuid(uuid) => {
            put_u8(out, UUID);
            put_bytes(out, uuid.as_bytes());
        }
        IdRef::Text(text) => {
            let len = u16::try_from(text.len()).expect("an id is checked before it is written");
            put_u8(out, TEXT);
            put_u16(out, len);
            put_bytes(out, text.as_bytes());
        }
    }
}

/// Reads an id that can be stored.
///
/// # Errors
/// [`ErrorKind::Damaged`](iqdb_core::ErrorKind::Damaged) for anything else.
pub fn take_id(reader: &mut Reader<'_>) -> Result<RecordId> {
    let start = reader.offset();
    match reader.take_u8()? {
        NUMBER => reader.take_u64().map(RecordId::from),
        UUID => reader.take_array().map(|bytes| Uuid::from_bytes(bytes).into()),
        TEXT => {
            let len = reader.take_u16()?;
            if usize::from(len) > ID_BYTES_MAX {
                return Err(damaged_at(start, "an id is too long")
                    .expected(format_args!("at most {ID_BYTES_MAX} bytes"))
                    .found(format_args!("{len} bytes")));
            }
            reader.take_text(len.into()).map(RecordId::from)
        }
        kind => {
            Err(damaged_at(start, "there is no such kind of id").expected("0, 1 or 2").found(kind))
        }
    }
}
