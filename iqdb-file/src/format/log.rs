//! The log: a header, and one frame for each batch, with its own checksum.
//!
//! Each frame names its own offset, the version that its batch made, and how much of the log was
//! synced when the frame was written. A frame's checksum covers the checksum of the frame before, so a
//! log is one chain, and the checksum of its last frame identifies the whole history.

use iqdb_core::{Error, ErrorKind, Result, Schema, Version};
use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed};

use super::file_head::put_head;
use super::file_name::FileName;
use super::schema::put_schema;
use super::wire::{Reader, put_u32, put_u64};

/// The size of the header in bytes, and the offset of the first frame.
pub(crate) const HEADER: usize = 64;

const FRAME_MAGIC: u32 = u32::from_le_bytes(*b"iqfr");

/// The size of a frame's head in bytes.
pub(crate) const FRAME_HEAD: usize = 48;

/// The alignment of frames in bytes.
pub(crate) const ALIGN: usize = 8;

/// A place between two frames of a log: an offset, and the chain hash there.
///
/// The chain hash at the start of a log is that of its header; anywhere else it is the checksum of the
/// frame that ends there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogEnd {
    pub(crate) offset: u64,
    pub(crate) chain: u64,
}

impl LogEnd {
    /// The start of a log that goes on from this chain hash.
    pub(crate) fn start(chain: u64) -> Self {
        Self { offset: HEADER as u64, chain }
    }
}

/// The chain hash of a database that was made with this version, and has no history.
pub(crate) fn first_chain(database: u128, version: Version) -> u64 {
    xxh3_64_with_seed(&database.to_le_bytes(), version.0)
}

/// The chain hash of a history that goes on with a field: the last one of this schema.
pub(crate) fn chain_of_field(chain: u64, schema: &Schema) -> u64 {
    let mut bytes = Vec::new();
    put_schema(&mut bytes, schema);
    xxh3_64_with_seed(&bytes, chain)
}

/// The header of the log with this number, which goes on from this chain hash.
pub(crate) fn header(database: u128, number: u64, chain: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER);
    put_head(&mut bytes, FileName::Log(number), database);
    put_u64(&mut bytes, number);
    put_u64(&mut bytes, chain);
    bytes.resize(HEADER, 0);
    bytes
}

/// The seed of the checksums of a log's frames. Frames of other logs, which removed files left on the
/// disk, fail the check, and no two logs have a chain in common.
pub(crate) fn salt(database: u128, number: u64) -> u64 {
    xxh3_64_with_seed(&database.to_le_bytes(), number)
}

/// The fields of a frame's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameHead {
    /// The length of the body, which follows.
    pub(crate) len: u32,
    /// Where the frame is in its log.
    pub(crate) offset: u64,
    /// The version that the batch made.
    pub(crate) version: u64,
    /// How many bytes of the log were on the disk when the frame was written.
    pub(crate) synced: u64,
    /// The chain hash where the frame begins.
    pub(crate) before: u64,
    checksum: u64,
}

impl FrameHead {
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Reader::new(bytes);
        let magic = fields.take_u32().ok()?;
        let head = Self {
            len: fields.take_u32().ok()?,
            offset: fields.take_u64().ok()?,
            version: fields.take_u64().ok()?,
            synced: fields.take_u64().ok()?,
            before: fields.take_u64().ok()?,
            checksum: fields.take_u64().ok()?,
        };
        (magic == FRAME_MAGIC).then_some(head)
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(FRAME_HEAD);
        put_u32(&mut bytes, FRAME_MAGIC);
        put_u32(&mut bytes, self.len);
        for field in [self.offset, self.version, self.synced, self.before] {
            put_u64(&mut bytes, field);
        }
        bytes
    }

    /// Whether this is the body that was written with it, to the log of this salt.
    pub(crate) fn fits(&self, body: &[u8], salt: u64) -> bool {
        self.len as usize == body.len() && checksum(&self.encode(), body, salt) == self.checksum
    }

    /// How many bytes follow the body.
    pub(crate) fn padding(&self) -> usize {
        let len = FRAME_HEAD + self.len as usize;
        len.next_multiple_of(ALIGN) - len
    }

    /// Where the next frame begins.
    pub(crate) fn end(&self) -> LogEnd {
        let offset = self.offset + frame_len(self.len as usize) as u64;
        LogEnd { offset, chain: self.checksum }
    }
}

fn frame_len(body: usize) -> usize {
    (FRAME_HEAD + body).next_multiple_of(ALIGN)
}

fn checksum(head: &[u8], body: &[u8], salt: u64) -> u64 {
    let mut hash = Xxh3::with_seed(salt);
    hash.update(head);
    hash.update(body);
    hash.digest()
}

/// Appends the frame of this body, which begins at `at`. Returns where the frame ends.
///
/// # Errors
/// [`ErrorKind::NotSupported`] when the body is of more than 4 GiB.
pub(crate) fn append(
    out: &mut Vec<u8>,
    body: &[u8],
    at: LogEnd,
    version: Version,
    synced: u64,
    salt: u64,
) -> Result<LogEnd> {
    let len = u32::try_from(body.len()).map_err(|_| {
        Error::new(ErrorKind::NotSupported, "the batch is too large to be logged")
            .during("apply")
            .expected("at most 4 GiB of ids and payloads")
            .found(format_args!("{} bytes", body.len()))
            .hint("write it in several batches")
    })?;
    let (offset, version, before) = (at.offset, version.0, at.chain);
    let head = FrameHead { len, offset, version, synced, before, checksum: 0 };
    let mut bytes = head.encode();
    let checksum = checksum(&bytes, body, salt);
    put_u64(&mut bytes, checksum);
    let end = out.len() + frame_len(body.len());
    out.extend_from_slice(&bytes);
    out.extend_from_slice(body);
    out.resize(end, 0);
    Ok(FrameHead { checksum, ..head }.end())
}
