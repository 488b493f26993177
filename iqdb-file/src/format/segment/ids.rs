//! The ids of a block: first the offset at which each id ends, then one id after the other.

use iqdb_core::limits::ID_BYTES_MAX;
use iqdb_core::{IdRef, Uuid};

/// The size in bytes of the end of an id.
pub(crate) const END: usize = size_of::<u32>();

/// The ids of a block: where each one ends, and then the bytes of all ids. `None` when they take more
/// than 4 GiB.
pub(crate) fn encode_ids<'a>(ids: impl ExactSizeIterator<Item = IdRef<'a>>) -> Option<Vec<u8>> {
    let mut ends = Vec::with_capacity(ids.len() * END);
    let mut bytes = Vec::new();
    for id in ids {
        match id {
            IdRef::Number(number) => {
                bytes.push(0);
                bytes.extend_from_slice(&number.to_le_bytes());
            }
            IdRef::Uuid(uuid) => {
                bytes.push(1);
                bytes.extend_from_slice(uuid.as_bytes());
            }
            IdRef::Text(text) => {
                bytes.push(2);
                bytes.extend_from_slice(text.as_bytes());
            }
        }
        ends.extend_from_slice(&u32::try_from(bytes.len()).ok()?.to_le_bytes());
    }
    ends.append(&mut bytes);
    Some(ends)
}

/// The id in these bytes; `None` when they are no id.
pub(crate) fn decode_id(bytes: &[u8]) -> Option<IdRef<'_>> {
    let (kind, bytes) = bytes.split_first()?;
    match kind {
        0 => Some(IdRef::Number(u64::from_le_bytes(bytes.try_into().ok()?))),
        1 => Some(IdRef::Uuid(Uuid::from_bytes(bytes.try_into().ok()?))),
        2 if bytes.len() <= ID_BYTES_MAX => Some(IdRef::Text(std::str::from_utf8(bytes).ok()?)),
        _ => None,
    }
}
