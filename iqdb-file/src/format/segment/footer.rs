//! The header and the footer of a segment: what it is, and where everything in it lies.

use std::ops::Range;
use std::path::Path;

use iqdb_core::{Error, ErrorKind, Result};
use xxhash_rust::xxh3::Xxh3;

use super::layout::{HEADER, LINE, Piece, Section, Shape};
use crate::errors::{damaged, refused};
use crate::format::wire::{Reader, put_u32, put_u64};
use crate::vfs::{File, FileExt};

const HEADER_MAGIC: &[u8; 8] = b"iqdb seg";
const TRAILER_MAGIC: &[u8; 8] = b"iqdb end";

/// The version of this file's format.
pub(crate) const FORMAT: u32 = 1;

/// The footer's length, its checksum with the header's, and a magic number.
const TRAILER: usize = 24;

/// The first page of a segment, the same from the moment that the file is made.
pub(crate) fn header(database: u128, number: u64, shape: &Shape) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER);
    bytes.extend_from_slice(HEADER_MAGIC);
    put_u32(&mut bytes, FORMAT);
    put_u32(&mut bytes, 0);
    bytes.extend_from_slice(&database.to_le_bytes());
    put_u64(&mut bytes, number);
    for size in [shape.dim, shape.stride, shape.block_rows] {
        put_u32(&mut bytes, u32::try_from(size).unwrap_or(u32::MAX));
    }
    bytes.resize(HEADER, 0);
    bytes
}

/// Where everything in a segment lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Footer {
    pub(crate) rows: u64,
    pub(crate) pieces: Box<[Piece]>,
    /// In the order of [`Section::slot`].
    pub(crate) sections: Box<[Range<u64>]>,
    /// What ids are hashed with.
    pub(crate) seed: u64,
}

/// What the manifest keeps of a segment, so that it knows the file again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seal {
    pub(crate) file_len: u64,
    pub(crate) hash: u64,
}

impl Footer {
    /// Where the body ends.
    pub(crate) fn body_end(&self) -> u64 {
        self.pieces.last().map_or(HEADER as u64, |piece| piece.end)
    }

    /// The bytes that follow the body, and what the manifest is to keep.
    pub(crate) fn encode(&self, header: &[u8]) -> (Vec<u8>, Seal) {
        let mut bytes = Vec::new();
        put_u64(&mut bytes, self.rows);
        put_u64(&mut bytes, self.seed);
        put_u64(&mut bytes, self.pieces.len() as u64);
        for piece in &self.pieces {
            put_u64(&mut bytes, piece.end);
            put_u64(&mut bytes, piece.hash);
        }
        for section in &self.sections {
            put_u64(&mut bytes, section.start);
            put_u64(&mut bytes, section.end);
        }
        let (len, hash) = (bytes.len() as u64, hash(header, &bytes));
        put_u64(&mut bytes, len);
        put_u64(&mut bytes, hash);
        bytes.extend_from_slice(TRAILER_MAGIC);
        let file_len = self.body_end() + bytes.len() as u64;
        (bytes, Seal { file_len, hash })
    }

    /// Reads and checks header and footer. O(length of the footer), which is about a thousandth of the
    /// file's.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] when the file is not the one that was sealed;
    /// [`ErrorKind::NotSupported`] when a later version wrote it; [`ErrorKind::Io`].
    pub(crate) fn read(
        file: &dyn File,
        path: &Path,
        expected_header: &[u8],
        seal: Seal,
        shape: &Shape,
    ) -> Result<Self> {
        let io = |error| refused(path, "read", error);
        let len = file.len().map_err(io)?;
        if len != seal.file_len || len < (HEADER + TRAILER) as u64 {
            return Err(damaged(path, "it has the wrong length")
                .expected(format_args!("{} bytes", seal.file_len))
                .found(format_args!("{len} bytes")));
        }
        let mut header = vec![0; HEADER];
        file.read_exact_at(&mut header, 0).map_err(io)?;
        check_header(path, &header, expected_header, HEADER_MAGIC)?;
        let mut trailer = [0; TRAILER];
        file.read_exact_at(&mut trailer, len - TRAILER as u64).map_err(io)?;
        let mut fields = Reader::new(&trailer);
        let (footer_len, found) = (fields.take_u64()?, fields.take_u64()?);
        let start = (len - TRAILER as u64).checked_sub(footer_len);
        let Some(start) = start.filter(|start| *start >= HEADER as u64) else {
            return Err(damaged(path, "its last bytes are not what was written"));
        };
        // Not more than the file has.
        let mut bytes = vec![0; usize::try_from(footer_len).unwrap_or(0)];
        file.read_exact_at(&mut bytes, start).map_err(io)?;
        if found != seal.hash
            || hash(&header, &bytes) != seal.hash
            || &trailer[16..] != TRAILER_MAGIC
        {
            return Err(damaged(path, "its footer is not what was written")
                .at(iqdb_core::Location::Byte(start)));
        }
        Self::decode(&bytes, shape)
            .and_then(|footer| footer.check(start, shape).map(|()| footer))
            .map_err(|error| damaged(path, "its footer makes no sense").caused_by(error))
    }

    fn decode(bytes: &[u8], shape: &Shape) -> Result<Self> {
        let mut fields = Reader::new(bytes);
        let (rows, seed, count) = (fields.take_u64()?, fields.take_u64()?, fields.take_u64()?);
        let piece = |_| Ok(Piece { end: fields.take_u64()?, hash: fields.take_u64()? });
        if count > bytes.len() as u64 / 16 {
            return Err(impossible("it has more pieces than bytes"));
        }
        let pieces = (0..count).map(piece).collect::<Result<_>>()?;
        if rows > bytes.len() as u64 * (1 << 32) || shape.blocks(rows) > bytes.len() / 16 {
            return Err(impossible("it has more blocks than bytes"));
        }
        let sections = Section::Index.slot(shape.blocks(rows)) + 1;
        let section = |_| Ok(fields.take_u64()?..fields.take_u64()?);
        let sections = (0..sections).map(section).collect::<Result<_>>()?;
        Ok(Self { rows, pieces, sections, seed })
    }

    /// Whether everything lies where it can.
    fn check(&self, body_end: u64, shape: &Shape) -> Result<()> {
        let mut end = HEADER as u64;
        for piece in &self.pieces {
            if piece.end <= end || !piece.end.is_multiple_of(LINE as u64) {
                return Err(impossible("its pieces are not in order"));
            }
            end = piece.end;
        }
        if end != body_end {
            return Err(impossible("its pieces don't end with the body"));
        }
        let ordered = |section: &&Range<u64>| {
            section.start <= section.end
                && section.end <= body_end
                && section.start >= HEADER as u64
                && section.start.is_multiple_of(LINE as u64)
        };
        if let Some(section) = self.sections.iter().find(|section| !ordered(section)) {
            return Err(
                impossible("a section lies outside of the body").found(format_args!("{section:?}"))
            );
        }
        let blocks = shape.blocks(self.rows);
        let row_bytes = shape.row_bytes() as u64;
        for block in 0..blocks {
            let first = (block * shape.block_rows) as u64;
            let rows = (self.rows - first).min(shape.block_rows as u64);
            let section = &self.sections[Section::Rows(block).slot(blocks)];
            if section.end - section.start != rows * row_bytes {
                return Err(impossible("a block has the wrong number of rows"));
            }
        }
        if self.rows >= u64::from(u32::MAX) {
            return Err(impossible("it has more rows than can be numbered"));
        }
        Ok(())
    }
}

/// Whether a segment or a log begins as the one that it is meant to be.
pub(crate) fn check_header(
    path: &Path,
    found: &[u8],
    expected: &[u8],
    magic: &[u8; 8],
) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    let format = found.get(8..12).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
    match format {
        Some(format) if found.starts_with(magic) && format > FORMAT => Err(Error::new(
            ErrorKind::NotSupported,
            format!("{}: a later version of iqdb wrote it", path.display()),
        )
        .expected(format_args!("format {FORMAT} or before"))
        .found(format_args!("format {format}"))
        .hint("open it with that version")),
        _ => Err(damaged(
            path,
            "it belongs to another database, or its header is not what was written",
        )
        .at(iqdb_core::Location::Byte(0))),
    }
}

fn hash(header: &[u8], footer: &[u8]) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(header);
    hash.update(footer);
    hash.digest()
}

fn impossible(what: &'static str) -> Error {
    Error::new(ErrorKind::Damaged, what)
}
