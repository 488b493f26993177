//! From payloads to the bytes of their block.

use std::borrow::Borrow;

use iqdb_columns::{Codes, Columns, Dictionary, KeyColumn};
use iqdb_core::{Payload, ValueRef};

use super::{COLUMNS, HAS_FALSE, HAS_NULL, HAS_TRUE, NONE, PayloadBlock, ROWS};
use crate::format::wire::{put_bytes, put_payload, put_u8, put_u16, put_u32, put_u64};

impl PayloadBlock {
    /// The payloads of a block as bytes, one for each row. O(bytes + n log n) for each key of n
    /// distinct values.
    ///
    /// # Panics
    /// For a payload that fails [`Payload::check`] by far; nothing such is ever stored.
    #[must_use]
    pub fn encode<P: Borrow<Payload>>(payloads: &[P]) -> Vec<u8> {
        let mut out = Vec::new();
        if payloads.iter().all(|payload| payload.borrow().is_empty()) {
            put_u8(&mut out, NONE);
        } else if let Some(columns) = Columns::from_payloads(payloads) {
            put_u8(&mut out, COLUMNS);
            put_columns(&mut out, &columns);
        } else {
            put_u8(&mut out, ROWS);
            payloads.iter().for_each(|payload| put_payload(&mut out, payload.borrow()));
        }
        out
    }
}

fn put_columns(out: &mut Vec<u8>, columns: &Columns) {
    put_u8(out, u8::try_from(columns.keys().len()).expect("columns have 128 keys at most"));
    for key in columns.keys() {
        put_field(out, key);
    }
}

fn put_field(out: &mut Vec<u8>, key: &KeyColumn) {
    put_u16(out, u16::try_from(key.name().len()).expect("a payload is checked before it is kept"));
    put_bytes(out, key.name().as_bytes());
    put_dictionary(out, key.dictionary());
    match key.codes() {
        Codes::U8(codes) => {
            put_u8(out, 1);
            put_bytes(out, codes);
        }
        Codes::U16(codes) => {
            put_u8(out, 2);
            out.extend(codes.iter().flat_map(|code| code.to_le_bytes()));
        }
        Codes::U32(codes) => {
            put_u8(out, 4);
            out.extend(codes.iter().flat_map(|code| code.to_le_bytes()));
        }
    }
}

fn put_dictionary(out: &mut Vec<u8>, dictionary: &Dictionary) {
    let (mut flags, mut ints, mut floats, mut dates) = (0, Vec::new(), Vec::new(), Vec::new());
    let (mut ends, mut text) = (Vec::new(), Vec::new());
    let (mut lists, mut maps) = (Vec::new(), Vec::new());
    // How many there are of each kind.
    let mut counts = [0; 6];
    for value in dictionary.values() {
        match value {
            ValueRef::Null => flags |= HAS_NULL,
            ValueRef::Bool(false) => flags |= HAS_FALSE,
            ValueRef::Bool(true) => flags |= HAS_TRUE,
            ValueRef::Int(value) => {
                counts[0] += 1;
                put_bytes(&mut ints, &value.to_le_bytes());
            }
            ValueRef::Float(value) => {
                counts[1] += 1;
                put_u64(&mut floats, value.to_bits());
            }
            ValueRef::DateTime(value) => {
                counts[2] += 1;
                put_bytes(&mut dates, &value.as_micros().to_le_bytes());
            }
            ValueRef::Text(value) => {
                counts[3] += 1;
                put_bytes(&mut text, value.as_bytes());
                let end = u32::try_from(text.len());
                put_u32(&mut ends, end.expect("a dictionary has no more than 4 GiB of strings"));
            }
            ValueRef::List(_) => {
                counts[4] += 1;
                value.encode(&mut lists);
            }
            ValueRef::Map(_) => {
                counts[5] += 1;
                value.encode(&mut maps);
            }
        }
    }
    ends.append(&mut text);
    put_u8(out, flags);
    for (count, values) in counts.into_iter().zip([ints, floats, dates, ends, lists, maps]) {
        put_u32(out, count);
        put_bytes(out, &values);
    }
}
