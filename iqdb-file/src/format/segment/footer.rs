//! The footer of a segment: where everything in the segment lies.

use std::ops::Range;
use std::path::Path;

use iqdb_core::{Error, ErrorKind, Location, Result};
use xxhash_rust::xxh3::Xxh3;

use super::ids::END as ID_END_BYTES;
use super::layout::{ColumnPart, Contents, HEADER, LINE, Piece, Section, Shape, stride_of};
use crate::errors::damaged;
use crate::format::wire::{Reader, put_u64};

const TRAILER_MAGIC: &[u8; 8] = b"iqdb end";

/// The footer's length, its checksum with the header's, and a magic number.
pub(crate) const TRAILER: usize = 24;

/// The sizes of the end of a sparse vector, of an index or a weight, and of the row of a vector.
pub(crate) const END_BYTES: usize = size_of::<u64>();
pub(crate) const TERM_BYTES: usize = size_of::<u32>();
pub(crate) const ROW_OF_BYTES: usize = size_of::<u32>();

/// Where everything in a segment lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Footer {
    pub(crate) rows: u64,
    pub(crate) pieces: Box<[Piece]>,
    /// In the order of [`Section::slot`].
    pub(crate) sections: Box<[Range<u64>]>,
    /// The seed of the hashes of ids.
    pub(crate) seed: u64,
}

/// The length of a segment's file and the hash of its footer, by which a manifest knows the file again.
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

    /// The bytes that follow the body, and the seal for the manifest.
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

    /// The offset of the footer in a file of `file_len` bytes with this trailer; `None` when no footer
    /// has room there.
    pub(crate) fn start(trailer: &[u8; TRAILER], file_len: u64) -> Option<u64> {
        let footer_len = trailer.first_chunk().copied().map_or(0, u64::from_le_bytes);
        let start = file_len.checked_sub(TRAILER as u64)?.checked_sub(footer_len)?;
        (start >= HEADER as u64).then_some(start)
    }

    /// Decodes and checks the footer `bytes`, which begin at `start`, between this header and this
    /// trailer. O(bytes).
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] when the footer is not the one that was sealed.
    pub(crate) fn decode_sealed(
        (header, bytes, trailer): (&[u8], &[u8], &[u8; TRAILER]),
        start: u64,
        path: &Path,
        seal: Seal,
        shape: &Shape,
    ) -> Result<Self> {
        let found = Reader::new(&trailer[8..]).take_u64()?;
        if found != seal.hash || hash(header, bytes) != seal.hash || &trailer[16..] != TRAILER_MAGIC
        {
            return Err(
                damaged(path, "its footer is not what was written").at(Location::Byte(start))
            );
        }
        Self::decode(bytes, shape)
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
        if rows > (bytes.len() as u64).saturating_mul(1 << 32)
            || shape.blocks(rows) > bytes.len() / 16
        {
            return Err(impossible("it has more blocks than bytes"));
        }
        let sections = Section::Index.slot(shape.blocks(rows), shape.fields()) + 1;
        let section = |_| Ok(fields.take_u64()?..fields.take_u64()?);
        let sections = (0..sections).map(section).collect::<Result<_>>()?;
        fields.finish()?;
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
        for block in 0..blocks {
            for field in 0..shape.fields() {
                self.vectors(shape, block, field)?;
            }
            self.check_records(shape, block)?;
        }
        let index = &self.sections[Section::Index.slot(blocks, shape.fields())];
        if shape.contents == Contents::Column && !index.is_empty() {
            return Err(impossible("a column has an index"));
        }
        if self.rows >= u64::from(u32::MAX) {
            return Err(impossible("it has more rows than can be numbered"));
        }
        Ok(())
    }
}

impl Footer {
    /// Whether a block of records has room for the ends of all ids, and one of a column has none.
    fn check_records(&self, shape: &Shape, block: usize) -> Result<()> {
        let blocks = shape.blocks(self.rows);
        let section = |section: Section| &self.sections[section.slot(blocks, shape.fields())];
        let ids = section(Section::Ids(block));
        match shape.contents {
            // Else there could be far more rows than bytes.
            Contents::Records => {
                let ends = (shape.rows_in(block, self.rows) * ID_END_BYTES) as u64;
                match ids.end - ids.start < ends {
                    true => Err(impossible("a block has fewer ids than rows")),
                    false => Ok(()),
                }
            }
            Contents::Column => {
                let others = [Section::Payloads(block), Section::Lineage(block)].map(section);
                match ids.is_empty() && others.iter().all(|section| section.is_empty()) {
                    true => Ok(()),
                    false => Err(impossible("a column has sections of records")),
                }
            }
        }
    }

    /// How many vectors of a field a block has, or rows of a computed field.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] when the parts of the column don't fit together.
    pub(crate) fn vectors(&self, shape: &Shape, block: usize, field: usize) -> Result<usize> {
        let blocks = shape.blocks(self.rows);
        let len = |part| {
            let slot = Section::Column(block, field, part).slot(blocks, shape.fields());
            let section = &self.sections[slot];
            usize::try_from(section.end - section.start).unwrap_or(usize::MAX)
        };
        let kind = shape.schema.fields()[field].kind();
        let (vectors, ends) = (len(ColumnPart::Vectors), len(ColumnPart::Ends));
        let (weights, named) = (len(ColumnPart::Weights), len(ColumnPart::RowsOf));
        let (count, is_whole) = match kind.dim() {
            Some(_) => {
                let stride = stride_of(kind);
                (vectors / stride, vectors % stride == 0 && ends == 0 && weights == 0)
            }
            None => {
                let count = (ends / END_BYTES).saturating_sub(1);
                let are_terms = weights == vectors && vectors % TERM_BYTES == 0;
                let fits = if kind.is_computed() { weights == 0 } else { are_terms };
                (count, fits && ends % END_BYTES == 0 && (count > 0 || ends + vectors == 0))
            }
        };
        let rows = shape.rows_in(block, self.rows);
        let is_named = named == count * ROW_OF_BYTES && count < rows;
        let needs_no_names = named == 0 && (count == rows || count == 0);
        match is_whole && count <= rows && (is_named || needs_no_names) {
            true => Ok(count),
            false => Err(impossible("a block has the wrong number of vectors")),
        }
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

#[cfg(test)]
mod tests;
