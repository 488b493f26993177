//! The keys that a store of records in a map looks ids up by, with a defect in them: two ids of one key
//! are one record.

use iqdb_core::{IdRef, RecordId, Uuid};

use crate::defect::Defect;

/// The key of an id. Without a defect it is the id.
pub(crate) fn key(defect: Option<Defect>, id: &RecordId) -> RecordId {
    match (defect, id.as_ref()) {
        (Some(Defect::NumbersAreDoubles), IdRef::Number(number)) => {
            RecordId::from((number as f64).to_bits())
        }
        (Some(Defect::NumbersAreOf32Bits), IdRef::Number(number)) => {
            RecordId::from(number & u64::from(u32::MAX))
        }
        (Some(Defect::NumbersSaturateAsSigned), IdRef::Number(number)) => {
            RecordId::from(number.min(i64::MAX.unsigned_abs()))
        }
        (Some(Defect::UuidsAreOfVersion4), IdRef::Uuid(uuid)) => {
            let bits = uuid.as_u128() & !(0xf << 76) | 0x4 << 76;
            Uuid::from_u128(bits & !(0x3 << 62) | 0x2 << 62).into()
        }
        (Some(Defect::UuidsAreTheirLastTenBytes), IdRef::Uuid(uuid)) => {
            Uuid::from_u128(uuid.as_u128() & (u128::MAX >> 48)).into()
        }
        (Some(Defect::TextsAreTheirJavaHash), IdRef::Text(text)) => {
            let java = |hash: u32, unit: u16| hash.wrapping_mul(31).wrapping_add(unit.into());
            format!("{:08x}", text.encode_utf16().fold(7, java)).into()
        }
        (Some(Defect::TextsAreTheirFnvHash), IdRef::Text(text)) => {
            let fnv = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
            format!("{:08x}", text.bytes().fold(0x811c_9dc5, fnv)).into()
        }
        (Some(Defect::TextsAreTheirCrc32), IdRef::Text(text)) => {
            format!("{:08x}", !text.bytes().fold(u32::MAX, crc32)).into()
        }
        (Some(Defect::TextsOfUuidsIgnoreCase), IdRef::Text(text)) if text.len() == 36 => {
            Uuid::try_parse(text).map_or_else(|_| id.clone(), |uuid| uuid.to_string().into())
        }
        (Some(Defect::DotsOfPathsAreResolved), IdRef::Text(text)) => {
            text.replace("/./", "/").into()
        }
        _ => id.clone(),
    }
}

/// The state of a CRC-32 after one more byte.
fn crc32(state: u32, byte: u8) -> u32 {
    (0..8).fold(state ^ u32::from(byte), |state, _| match state & 1 {
        0 => state >> 1,
        _ => state >> 1 ^ 0xedb8_8320,
    })
}

/// Whether a key is the path of something in the folder of this id.
pub(crate) fn is_below(id: &RecordId, key: &RecordId) -> bool {
    match (id.as_ref(), key.as_ref()) {
        (IdRef::Text(folder), IdRef::Text(key)) => {
            key.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        }
        _ => false,
    }
}
