//! A file of the shelf: bytes that a search saved under a key. It never changes.
//!
//! ```text
//! file = file head  u32 key length  u32 0  u64 length  u64 hash of the bytes
//!        u64 hash of the database's id, the 24 bytes before, and the key
//!        key  zeros, up to a multiple of 64  bytes
//! ```

use xxhash_rust::xxh3::xxh3_64;

use super::file_head::{HEAD, put_head};
use super::file_name::FileName;
use super::wire::{Reader, put_bytes, put_u32, put_u64};

/// The size of everything before the key, in bytes.
pub(crate) const SHELF_HEAD: usize = HEAD + 32;

/// The most bytes of a key.
const KEY_BYTES_MAX: usize = 255;

/// What is before the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ShelfHead {
    pub(crate) key_len: usize,
    pub(crate) len: u64,
    /// XXH3-64 of the bytes.
    pub(crate) checksum: u64,
    head_checksum: u64,
}

impl ShelfHead {
    /// `None` for bytes that begin no file of this database's shelf.
    pub(crate) fn decode(bytes: &[u8; SHELF_HEAD], name: FileName, database: u128) -> Option<Self> {
        let mut expected = Vec::with_capacity(HEAD);
        put_head(&mut expected, name, database);
        let mut fields = Reader::new(bytes.strip_prefix(&expected[..])?);
        let key_len = fields.take_u32().ok()? as usize;
        if fields.take_u32().ok()? != 0 || key_len > KEY_BYTES_MAX {
            return None;
        }
        Some(Self {
            key_len,
            len: fields.take_u64().ok()?,
            checksum: fields.take_u64().ok()?,
            head_checksum: fields.take_u64().ok()?,
        })
    }

    /// Whether the head, which was decoded from `bytes`, was written with this key.
    pub(crate) fn fits(&self, bytes: &[u8; SHELF_HEAD], key: &[u8]) -> bool {
        hash(bytes, key) == self.head_checksum
    }

    /// Where the bytes begin.
    pub(crate) fn start(&self) -> usize {
        (SHELF_HEAD + self.key_len).next_multiple_of(64)
    }
}

/// Everything before the bytes; `None` where the key is too long.
pub(crate) fn encode_shelf_head(
    name: FileName,
    database: u128,
    key: &str,
    bytes: &[u8],
) -> Option<Vec<u8>> {
    let key_len = u32::try_from(key.len()).ok().filter(|len| *len as usize <= KEY_BYTES_MAX)?;
    let mut head = Vec::new();
    put_head(&mut head, name, database);
    put_u32(&mut head, key_len);
    put_u32(&mut head, 0);
    put_u64(&mut head, bytes.len() as u64);
    put_u64(&mut head, xxh3_64(bytes));
    let checksum = hash(&head, key.as_bytes());
    put_u64(&mut head, checksum);
    put_bytes(&mut head, key.as_bytes());
    head.resize(head.len().next_multiple_of(64), 0);
    Some(head)
}

/// The hash of the head but for its own hash, and of the key.
fn hash(head: &[u8], key: &[u8]) -> u64 {
    xxh3_64(&[head.get(HEAD - 16..SHELF_HEAD - 8).unwrap_or_default(), key].concat())
}
