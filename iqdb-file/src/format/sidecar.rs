//! The file of the data that searches derived from a segment: a header that names the segment, and
//! entries one after the other, each with its own checksums.
//!
//! ```text
//! header = file head  u64 segment  u64 hash of the segment's footer  zeros, up to 64 bytes
//! entry  = u32 block  u32 key length  u64 length  u64 hash of the bytes  u64 hash of all that and the key
//!          key  bytes
//! ```

use xxhash_rust::xxh3::xxh3_64;

use super::file_head::put_head;
use super::file_name::FileName;
use super::manifest::SegmentInfo;
use super::wire::{Reader, put_bytes, put_u32, put_u64};

/// The size of the header in bytes.
pub(crate) const HEADER: usize = 64;

/// The size of the head of an entry in bytes.
pub(crate) const ENTRY_HEAD: usize = 4 + 4 + 8 + 8 + 8;

/// The most bytes of a key.
const KEY_BYTES_MAX: u32 = 255;

/// The head of an entry. Its key and its bytes follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EntryHead {
    pub(crate) block: u32,
    pub(crate) key_len: u32,
    pub(crate) len: u64,
    /// XXH3-64 of the bytes.
    pub(crate) checksum: u64,
    head_checksum: u64,
}

impl EntryHead {
    /// `None` for bytes that are no head of an entry.
    pub(crate) fn decode(bytes: &[u8; ENTRY_HEAD]) -> Option<Self> {
        let mut fields = Reader::new(bytes);
        let head = Self {
            block: fields.take_u32().ok()?,
            key_len: fields.take_u32().ok()?,
            len: fields.take_u64().ok()?,
            checksum: fields.take_u64().ok()?,
            head_checksum: fields.take_u64().ok()?,
        };
        (head.key_len <= KEY_BYTES_MAX).then_some(head)
    }

    /// Whether the head, which was decoded from `bytes`, was written with this key.
    pub(crate) fn fits(&self, bytes: &[u8; ENTRY_HEAD], key: &[u8]) -> bool {
        xxh3_64(&[&bytes[..ENTRY_HEAD - 8], key].concat()) == self.head_checksum
    }
}

/// The header of the file for this segment. It has the hash of the segment's footer, because another
/// segment may get the same number.
pub(crate) fn header(database: u128, info: &SegmentInfo) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER);
    put_head(&mut bytes, FileName::Derived(info.number), database);
    put_u64(&mut bytes, info.number);
    put_u64(&mut bytes, info.seal.hash);
    bytes.resize(HEADER, 0);
    bytes
}

/// An entry: head, key and bytes.
pub(crate) fn encode_entry(block: u32, key: &str, bytes: &[u8]) -> Vec<u8> {
    let mut entry = Vec::with_capacity(ENTRY_HEAD + key.len() + bytes.len());
    put_u32(&mut entry, block);
    put_u32(&mut entry, u32::try_from(key.len()).unwrap_or(u32::MAX));
    put_u64(&mut entry, bytes.len() as u64);
    put_u64(&mut entry, xxh3_64(bytes));
    let head_checksum = xxh3_64(&[&entry, key.as_bytes()].concat());
    put_u64(&mut entry, head_checksum);
    put_bytes(&mut entry, key.as_bytes());
    put_bytes(&mut entry, bytes);
    entry
}
