//! Data derived from blocks, as bytes that a backend may keep.
//!
//! Little-endian, and without a checksum of its own: a [`Sidecar`](iqdb_core::Sidecar) lends what was
//! saved or nothing.

use crate::field_block::FieldBlock;

/// Loads the bytes that were saved for a block under this key, if it has a sidecar, and reads them.
/// `read` returns `None` for bytes of something else; bytes that it leaves over are of something
/// else, too.
pub(crate) fn load<T>(
    block: &FieldBlock<'_>,
    key: &str,
    read: impl FnOnce(&mut Bytes<'_>) -> Option<T>,
) -> Option<T> {
    let bytes = block.sidecar()?.load(&key_of(block, key))?;
    let mut bytes = Bytes((*bytes).as_ref());
    read(&mut bytes).filter(|_| bytes.0.is_empty())
}

/// Saves the bytes that `write` writes, if the block has a sidecar. A sidecar that can't save them
/// loses nothing: the next process derives the data again.
pub(crate) fn save(block: &FieldBlock<'_>, key: &str, write: impl FnOnce(&mut Vec<u8>)) {
    if let Some(sidecar) = block.sidecar() {
        let mut bytes = Vec::new();
        write(&mut bytes);
        sidecar.save(&key_of(block, key), &bytes);
    }
}

/// A key of the block's field.
fn key_of(block: &FieldBlock<'_>, key: &str) -> String {
    format!("field {} {key}", block.field().index())
}

/// Saved bytes that `read` has not taken yet.
pub(crate) struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn take_u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    /// Takes `count` numbers. Asks for no memory before it has seen their bytes.
    pub(crate) fn take_floats(&mut self, count: usize) -> Option<impl Iterator<Item = f32>> {
        let (floats, _) = self.take(count.checked_mul(4)?)?.as_chunks::<4>();
        Some(floats.iter().map(|bytes| f32::from_le_bytes(*bytes)))
    }
}

pub(crate) fn put_floats<'a>(out: &mut Vec<u8>, floats: impl IntoIterator<Item = &'a f32>) {
    floats.into_iter().for_each(|float| out.extend_from_slice(&float.to_le_bytes()));
}
