//! Frames: one batch each, checked by itself.

use iqdb_core::{Batch, Change, Error, ErrorKind, Record, Result, Schema, Vector};
use xxhash_rust::xxh3::Xxh3;

use crate::format::segment::layout::Piece;
use crate::format::wire::{
    Reader, put_id, put_payload, put_u8, put_u32, put_u64, take_id, take_payload,
};

const MAGIC: u32 = u32::from_le_bytes(*b"iqfr");

/// The size of a frame's head.
pub(crate) const HEAD: usize = 40;

/// What frames begin at multiples of.
pub(crate) const ALIGN: usize = 8;

/// Rows that a batch has put into a segment instead of its frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) segment: u64,
    pub(crate) first_row: u64,
    pub(crate) rows: u32,
    /// What they are cut into; the first begins where the rows before end.
    pub(crate) pieces: Vec<Piece>,
}

/// What a frame's head says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// The length of the body, which follows.
    pub(crate) len: u32,
    /// Where the frame is in its log.
    pub(crate) offset: u64,
    /// The version that the batch made.
    pub(crate) version: u64,
    /// So much of the log was on the disk when the frame was written.
    pub(crate) synced: u64,
    checksum: u64,
}

impl Head {
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Reader::new(bytes);
        let magic = fields.take_u32().ok()?;
        let head = Self {
            len: fields.take_u32().ok()?,
            offset: fields.take_u64().ok()?,
            version: fields.take_u64().ok()?,
            synced: fields.take_u64().ok()?,
            checksum: fields.take_u64().ok()?,
        };
        (magic == MAGIC).then_some(head)
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD);
        put_u32(&mut bytes, MAGIC);
        put_u32(&mut bytes, self.len);
        for field in [self.offset, self.version, self.synced] {
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
        let len = HEAD + self.len as usize;
        len.next_multiple_of(ALIGN) - len
    }

    /// Where the next frame begins.
    pub(crate) fn next(&self) -> u64 {
        self.offset + frame_len(self.len as usize) as u64
    }
}

fn frame_len(body: usize) -> usize {
    (HEAD + body).next_multiple_of(ALIGN)
}

fn checksum(head: &[u8], body: &[u8], salt: u64) -> u64 {
    let mut hash = Xxh3::with_seed(salt);
    hash.update(head);
    hash.update(body);
    hash.digest()
}

/// Appends the frame of this body.
///
/// # Errors
/// [`ErrorKind::NotSupported`] when the body is of more than 4 GiB.
pub(crate) fn append(
    out: &mut Vec<u8>,
    body: &[u8],
    offset: u64,
    version: u64,
    synced: u64,
    salt: u64,
) -> Result<()> {
    let len = u32::try_from(body.len()).map_err(|_| {
        Error::new(ErrorKind::NotSupported, "the batch is too large to be logged")
            .during("apply")
            .expected("at most 4 GiB of ids and payloads")
            .found(format_args!("{} bytes", body.len()))
            .hint("write it in several batches")
    })?;
    let mut head = Head { len, offset, version, synced, checksum: 0 }.encode();
    let checksum = checksum(&head, body, salt);
    put_u64(&mut head, checksum);
    let end = out.len() + frame_len(body.len());
    out.extend_from_slice(&head);
    out.extend_from_slice(body);
    out.resize(end, 0);
    Ok(())
}

const INLINE: u8 = 0;
const DELETE: u8 = 1;
const SET_PAYLOAD: u8 = 2;
const PLACED: u8 = 3;

/// The body of a batch's frame: its changes, and where its rows are if they are elsewhere.
pub(crate) fn encode_batch(batch: &Batch, placed: Option<&Placed>) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_u32(&mut bytes, u32::try_from(batch.changes().len()).unwrap_or(u32::MAX));
    put_u32(&mut bytes, placed.map_or(0, |placed| placed.rows));
    if let Some(placed) = placed {
        put_u64(&mut bytes, placed.segment);
        put_u64(&mut bytes, placed.first_row);
        put_u32(&mut bytes, u32::try_from(placed.pieces.len()).unwrap_or(u32::MAX));
        for piece in &placed.pieces {
            put_u64(&mut bytes, piece.end);
            put_u64(&mut bytes, piece.hash);
        }
    }
    for change in batch.changes() {
        match change {
            Change::Upsert(record) => {
                put_u8(&mut bytes, if placed.is_some() { PLACED } else { INLINE });
                put_id(&mut bytes, record.id.as_ref());
                if placed.is_none() {
                    bytes.extend_from_slice(bytemuck::cast_slice(&record.vector));
                }
                put_payload(&mut bytes, &record.payload);
            }
            Change::Delete(id) => {
                put_u8(&mut bytes, DELETE);
                put_id(&mut bytes, id.as_ref());
            }
            Change::SetPayload(id, payload) => {
                put_u8(&mut bytes, SET_PAYLOAD);
                put_id(&mut bytes, id.as_ref());
                put_payload(&mut bytes, payload);
            }
        }
    }
    bytes
}

/// Decodes where a frame's rows are, if they are in a segment; returns also the count of changes
/// and a reader at the fields behind.
pub(crate) fn decode_placed<'a>(body: &'a [u8]) -> Result<(Option<Placed>, u32, Reader<'a>)> {
    let mut fields = Reader::new(body);
    let (changes, rows) = (fields.take_u32()?, fields.take_u32()?);
    if rows == 0 {
        return Ok((None, changes, fields));
    }
    let (segment, first_row) = (fields.take_u64()?, fields.take_u64()?);
    let count = fields.take_u32()?;
    let mut pieces = Vec::new();
    for _ in 0..count {
        pieces.push(Piece { end: fields.take_u64()?, hash: fields.take_u64()? });
    }
    Ok((Some(Placed { segment, first_row, rows, pieces }), changes, fields))
}

/// The batch of a frame; `placed` has the vectors of the rows that are elsewhere, in order.
pub(crate) fn decode_batch<'v>(
    mut fields: Reader<'_>,
    changes: u32,
    schema: &Schema,
    mut placed: impl Iterator<Item = &'v [f32]>,
) -> Result<Batch> {
    let mut batch = Batch::new();
    for _ in 0..changes {
        let tag = fields.take_u8()?;
        let id = take_id(&mut fields)?;
        batch.push(match tag {
            INLINE => {
                let bytes = fields.take_bytes(schema.dim() * size_of::<f32>())?;
                let components: Vec<f32> = bytes
                    .as_chunks::<4>()
                    .0
                    .iter()
                    .map(|component| f32::from_le_bytes(*component))
                    .collect();
                let payload = take_payload(&mut fields)?;
                Change::Upsert(Record { id, vector: Vector::try_from(components)?, payload })
            }
            PLACED => {
                let components = placed.next().ok_or_else(|| {
                    Error::new(ErrorKind::Damaged, "a frame has fewer rows than records")
                })?;
                let vector = Vector::try_from(components.to_vec())?;
                Change::Upsert(Record { id, vector, payload: take_payload(&mut fields)? })
            }
            DELETE => Change::Delete(id),
            SET_PAYLOAD => Change::SetPayload(id, take_payload(&mut fields)?),
            _ => return Err(Error::new(ErrorKind::Damaged, "there is no such change").found(tag)),
        });
    }
    match fields.remaining() == 0 && placed.next().is_none() {
        true => Ok(batch),
        false => Err(Error::new(ErrorKind::Damaged, "a frame has more than its changes")),
    }
}
