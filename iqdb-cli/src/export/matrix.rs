//! Vectors alone, and beside them, if asked for, a line of JSON with the id and payload of each.

use iqdb::{Error, ErrorKind, RecordRef, Result};

use super::file::NewFile;
use super::{Writer, jsonl};

/// The bytes that numpy aligns an array's data to.
const NPY_ALIGNMENT_BYTES: usize = 64;

#[derive(Debug)]
pub(super) struct MatrixWriter {
    file: NewFile,
    payload: Option<NewFile>,
    /// What stands before each row.
    row_head: Vec<u8>,
}

impl MatrixWriter {
    /// A `.npy` file of `rows` rows.
    pub(super) fn npy(
        mut file: NewFile,
        payload: Option<NewFile>,
        dim: usize,
        rows: u64,
    ) -> Result<Self> {
        const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";
        let mut header =
            format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {dim}), }}");
        // With a line's end after the spaces, the data begins at a multiple of the alignment.
        let before = MAGIC.len() + 2 + header.len() + 1;
        let spaces = before.next_multiple_of(NPY_ALIGNMENT_BYTES) - before;
        header.extend(std::iter::repeat_n(' ', spaces));
        header.push('\n');
        let length = u16::try_from(header.len()).unwrap_or(u16::MAX).to_le_bytes();
        file.append(&[MAGIC, &length, header.as_bytes()].concat())?;
        Ok(Self { file, payload, row_head: Vec::new() })
    }

    /// An `.fvecs` file.
    pub(super) fn fvecs(file: NewFile, payload: Option<NewFile>, dim: usize) -> Result<Self> {
        Ok(Self { file, payload, row_head: number(dim as u64)?.to_vec() })
    }

    /// An `.fbin` file of `rows` rows.
    pub(super) fn fbin(
        mut file: NewFile,
        payload: Option<NewFile>,
        dim: usize,
        rows: u64,
    ) -> Result<Self> {
        let head = [number(rows)?, number(dim as u64)?].concat();
        file.append(&head)?;
        Ok(Self { file, payload, row_head: Vec::new() })
    }
}

fn number(number: u64) -> Result<[u8; 4]> {
    let number = u32::try_from(number).map_err(|_| {
        Error::new(ErrorKind::NotSupported, "there are more rows than the format can count")
            .expected(format_args!("at most {}", u32::MAX))
            .found(number)
            .hint("export to .npy")
    })?;
    Ok(number.to_le_bytes())
}

impl Writer for MatrixWriter {
    fn write(&mut self, record: &RecordRef<'_>) -> Result<()> {
        let components = record.vector().iter().flat_map(|component| component.to_le_bytes());
        let row: Vec<u8> = self.row_head.iter().copied().chain(components).collect();
        self.file.append(&row)?;
        match &mut self.payload {
            Some(payload) => jsonl::append(payload, record, false),
            None => Ok(()),
        }
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let Self { file, payload, .. } = *self;
        file.finish()?;
        payload.map_or(Ok(()), NewFile::finish)
    }
}
