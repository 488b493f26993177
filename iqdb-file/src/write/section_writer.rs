//! Writes sections to the file of a segment, or to that of a column: cut into pieces, behind a header,
//! and before a footer.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use iqdb_core::{Result, VectorRef};

use crate::errors::refused;
use crate::format::segment::footer::{Footer, Seal};
use crate::format::segment::layout::{HEADER, LINE, Piece, pieces};
use crate::format::vectors::put_row;
use crate::vfs::{File, FileExt};

/// How many bytes are collected before they are written.
const BUFFER: usize = 1 << 20;

/// A file whose header is written, and whose sections are being written.
pub(crate) struct SectionWriter {
    path: PathBuf,
    file: Arc<dyn File>,
    header: Vec<u8>,
    pieces: Vec<Piece>,
    /// The offset of the buffer.
    start: u64,
    buffer: Vec<u8>,
}

impl SectionWriter {
    /// Writes behind these pieces of a file with this header.
    pub(crate) fn new(
        path: PathBuf,
        file: Arc<dyn File>,
        header: Vec<u8>,
        pieces: Vec<Piece>,
    ) -> Self {
        let start = pieces.last().map_or(HEADER as u64, |piece| piece.end);
        Self { path, file, header, pieces, start, buffer: Vec::new() }
    }

    /// Writes the header once more.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn write_header(&self) -> Result<()> {
        let written = self.file.write_all_at(&self.header, 0);
        written.map_err(|error| refused(&self.path, "written", error))
    }

    /// The offset of the next section.
    pub(crate) fn end(&self) -> u64 {
        self.start + self.buffer.len() as u64
    }

    /// Adds a section, padded to whole lines; returns where it lies, without its padding.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<Range<u64>> {
        if self.buffer.len() + bytes.len() > BUFFER {
            self.flush()?;
        }
        let start = self.end();
        self.buffer.extend_from_slice(bytes);
        self.buffer.resize(self.buffer.len().next_multiple_of(LINE), 0);
        Ok(start..start + bytes.len() as u64)
    }

    /// Adds the sections of a column.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn append_column(&mut self, parts: &[Vec<u8>; 4]) -> Result<[Range<u64>; 4]> {
        let mut sections = [const { 0..0 }; 4];
        for (section, bytes) in sections.iter_mut().zip(parts) {
            *section = self.append(bytes)?;
        }
        Ok(sections)
    }

    /// Adds a vector of `stride` bytes, whole lines, to a section of such vectors.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn append_row(&mut self, vector: VectorRef<'_>, stride: usize) -> Result<()> {
        put_row(&mut self.buffer, vector, stride);
        if self.buffer.len() >= BUFFER {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes what is collected. What follows begins a piece.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn flush(&mut self) -> Result<()> {
        self.file
            .write_all_at(&self.buffer, self.start)
            .map_err(|error| refused(&self.path, "written", error))?;
        self.pieces.extend(pieces(&self.buffer, self.start));
        self.start += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Writes the footer, which says where the sections lie; syncs nothing.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn finish(
        mut self,
        rows: u64,
        seed: u64,
        mut sections: Vec<Range<u64>>,
    ) -> Result<Written> {
        self.flush()?;
        // An empty section lies where any section can.
        for section in sections.iter_mut().filter(|section| section.is_empty()) {
            *section = HEADER as u64..HEADER as u64;
        }
        let footer = Footer { rows, pieces: self.pieces.into(), sections: sections.into(), seed };
        let (bytes, seal) = footer.encode(&self.header);
        let (file, path) = (self.file, self.path);
        let written = file.write_all_at(&bytes, self.start);
        written.map_err(|error| refused(&path, "written", error))?;
        // A file that was left behind, or grown into, may be longer.
        file.set_len(seal.file_len).map_err(|error| refused(&path, "cut", error))?;
        Ok(Written { seal, file, path })
    }
}

/// A file that was written and is not synced yet.
pub(crate) struct Written {
    pub(crate) seal: Seal,
    pub(crate) file: Arc<dyn File>,
    path: PathBuf,
}

impl Written {
    /// Syncs the file, but not the directory.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn sync(&self) -> Result<()> {
        self.file.sync_data().map_err(|error| refused(&self.path, "synced", error))
    }
}
