//! From the bytes of a block to its payloads, with nothing believed.

use iqdb_columns::{Codes, Columns, Dictionary, Invalid, KEYS_MAX, KeyColumn};
use iqdb_core::limits::PAYLOAD_BYTES_MAX;
use iqdb_core::{DateTime, Error, Payload, Result, ValueRef};

use super::{COLUMNS, Form, HAS_FALSE, HAS_NULL, HAS_TRUE, NONE, PayloadBlock, ROWS};
use crate::format::wire::{Reader, damaged_at, take_payload, take_value};

impl PayloadBlock {
    /// The payloads of `rows` rows, from all of `bytes`. O(bytes), and takes a few times the memory
    /// of them: some thirty times where they lie, and nothing for rows that are not there.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`](iqdb_core::ErrorKind::Damaged) for bytes that
    /// [`encode`](Self::encode) can't have made of `rows` rows, with the number of the byte in
    /// `bytes` where that shows.
    pub fn decode(bytes: &[u8], rows: usize) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let form = match reader.take_u8()? {
            NONE => Form::Empty,
            COLUMNS => Form::Columns(take_columns(&mut reader, rows)?),
            ROWS => Form::Rows(take_rows(&mut reader, rows)?),
            form => {
                return Err(damaged_at(0, "there is no such form of payloads")
                    .expected("0, 1 or 2")
                    .found(form));
            }
        };
        reader.finish()?;
        Ok(Self { rows, form })
    }
}

fn take_rows(reader: &mut Reader<'_>, rows: usize) -> Result<Vec<Payload>> {
    // Each takes two bytes at least.
    if rows > reader.remaining() / 2 {
        return Err(reader
            .damaged("there are fewer payloads than rows")
            .expected(format_args!("{rows} payloads"))
            .found(format_args!("{} bytes", reader.remaining())));
    }
    let mut payloads = Vec::with_capacity(rows);
    for _ in 0..rows {
        payloads.push(take_payload(reader)?);
    }
    Ok(payloads)
}

fn take_columns(reader: &mut Reader<'_>, rows: usize) -> Result<Columns> {
    let start = reader.offset();
    let count = usize::from(reader.take_u8()?);
    if !(1..=KEYS_MAX).contains(&count) {
        return Err(damaged_at(start, "there are too many keys, or none")
            .expected(format_args!("1 to {KEYS_MAX}"))
            .found(count));
    }
    let (mut keys, mut last) = (Vec::new(), "");
    for _ in 0..count {
        let start = reader.offset();
        let len = reader.take_u16()?;
        let name = reader.take_text(len.into())?;
        // No name is empty, so the first comes after this one, too.
        if name <= last {
            return Err(invalid(start, Invalid::Name));
        }
        keys.push(take_field(reader, name, start, rows)?);
        last = name;
    }
    let columns = Columns::new(rows, keys).map_err(|error| invalid(start, error))?;
    check_sizes(&columns, rows, start)?;
    Ok(columns)
}

/// Sees that no payload is too large as a whole. O(values) where none can be, else O(rows × keys).
fn check_sizes(columns: &Columns, rows: usize, start: u64) -> Result<()> {
    let sizes = columns.keys().iter().map(|key| {
        let largest = key.dictionary().values().map(ValueRef::size_bytes).max();
        key.name().len() + largest.unwrap_or(0)
    });
    if sizes.sum::<usize>() <= PAYLOAD_BYTES_MAX {
        return Ok(());
    }
    for row in 0..rows {
        let keys = columns.row(row).map(|(name, value)| name.len() + value.size_bytes());
        let bytes: usize = keys.sum();
        if bytes > PAYLOAD_BYTES_MAX {
            return Err(damaged_at(start, "a payload is too large")
                .expected(format_args!("at most {PAYLOAD_BYTES_MAX} bytes"))
                .found(format_args!("{bytes} bytes in row {row}")));
        }
    }
    Ok(())
}

/// Reads what follows the name of a key that starts at byte `start`.
fn take_field(reader: &mut Reader<'_>, name: &str, start: u64, rows: usize) -> Result<KeyColumn> {
    let dictionary = take_dictionary(reader)?;
    let width_at = reader.offset();
    let width = reader.take_u8()?;
    let codes_at = reader.offset();
    // What overflows is more than there is.
    let mut take = |width: usize| reader.take_bytes(rows.saturating_mul(width));
    let codes = match width {
        1 => Codes::U8(take(1)?.into()),
        2 => Codes::U16(
            take(2)?.as_chunks().0.iter().map(|code| u16::from_le_bytes(*code)).collect(),
        ),
        4 => Codes::U32(
            take(4)?.as_chunks().0.iter().map(|code| u32::from_le_bytes(*code)).collect(),
        ),
        _ => return Err(invalid(width_at, Invalid::Width).expected("1, 2 or 4").found(width)),
    };
    KeyColumn::new(name, dictionary, codes).map_err(|error| {
        let at = match error {
            Invalid::Width => width_at,
            Invalid::Code(row) => codes_at + row as u64 * u64::from(width),
            _ => start,
        };
        invalid(at, error)
    })
}

fn take_dictionary(reader: &mut Reader<'_>) -> Result<Dictionary> {
    let mut dictionary = Dictionary::new();
    let mut push =
        |at: u64, value: ValueRef<'_>| dictionary.push(value).map_err(|error| invalid(at, error));

    let start = reader.offset();
    let flags = reader.take_u8()?;
    if flags & !(HAS_NULL | HAS_FALSE | HAS_TRUE) != 0 {
        return Err(damaged_at(start, "there is no such flag of a dictionary").found(flags));
    }
    for (flag, value) in [
        (HAS_NULL, ValueRef::Null),
        (HAS_FALSE, ValueRef::Bool(false)),
        (HAS_TRUE, ValueRef::Bool(true)),
    ] {
        if flags & flag != 0 {
            push(start, value)?;
        }
    }

    for (at, bytes) in take_items::<8>(reader)? {
        push(at, ValueRef::Int(i64::from_le_bytes(bytes)))?;
    }
    for (at, bytes) in take_items::<8>(reader)? {
        push(at, ValueRef::Float(f64::from_le_bytes(bytes)))?;
    }
    for (at, bytes) in take_items::<8>(reader)? {
        let date = DateTime::from_micros(i64::from_le_bytes(bytes));
        let date = date.map_err(|error| damaged_at(at, "there is no date").caused_by(error))?;
        push(at, ValueRef::DateTime(date))?;
    }

    let ends = take_items::<4>(reader)?;
    let len = ends.clone().last().map_or(0, |(_, end)| u32::from_le_bytes(end));
    let text = reader.take_text(len.into())?;
    let mut text_from = 0;
    for (at, end) in ends {
        let end = u32::from_le_bytes(end) as usize;
        let Some(value) = text.get(text_from..end) else {
            return Err(damaged_at(at, "a string ends where none can")
                .expected(format_args!("a character's end from {text_from} to {len}"))
                .found(end));
        };
        push(at, ValueRef::Text(value))?;
        text_from = end;
    }

    for _ in 0..reader.take_u32()? {
        let at = reader.offset();
        match take_value(reader)? {
            list @ ValueRef::List(_) => push(at, list)?,
            other => return Err(damaged_at(at, "there is no list").found(other)),
        }
    }
    for _ in 0..reader.take_u32()? {
        let at = reader.offset();
        match take_value(reader)? {
            map @ ValueRef::Map(_) => push(at, map)?,
            other => return Err(damaged_at(at, "there is no map").found(other)),
        }
    }
    Ok(dictionary)
}

/// Reads a count and as many items of `N` bytes, which come with where they are.
fn take_items<'a, const N: usize>(
    reader: &mut Reader<'a>,
) -> Result<impl Iterator<Item = (u64, [u8; N])> + Clone + use<'a, N>> {
    let count = reader.take_u32()?;
    let start = reader.offset();
    let bytes = reader.take_long(u64::from(count) * N as u64)?;
    let (items, _) = bytes.as_chunks();
    Ok((start..).step_by(N).zip(items.iter().copied()))
}

fn invalid(offset: u64, error: Invalid) -> Error {
    damaged_at(offset, "payloads can't have been written so").caused_by(error)
}
