//! Vectors of one field alone, and beside them, if asked for, a line of JSON with the id and payload
//! of each.

use iqdb::{Element, Error, ErrorKind, Field, FieldKind, RecordRef, Result, VectorRef};

use super::file::NewFile;
use super::jsonl::{self, Line};
use super::writer::Writer;

/// The bytes that numpy aligns an array's data to.
const NPY_ALIGNMENT_BYTES: usize = 64;

#[derive(Debug)]
pub(super) struct MatrixWriter {
    file: NewFile,
    payload: Option<NewFile>,
    field: String,
    /// What stands before each row.
    row_head: Vec<u8>,
}

impl MatrixWriter {
    /// A `.npy` file of `rows` rows.
    pub(super) fn npy(
        mut file: NewFile,
        payload: Option<NewFile>,
        field: &Field,
        rows: u64,
    ) -> Result<Self> {
        const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";
        let (descr, columns) = match field.kind() {
            FieldKind::Dense { element: Element::F32, dim, .. } => ("<f4", dim),
            FieldKind::Dense { element: Element::F16, dim, .. } => ("<f2", dim),
            FieldKind::Dense { element: Element::I8, dim, .. } => ("|i1", dim),
            FieldKind::Dense { element: Element::Binary, dim, .. } => ("|u1", dim.div_ceil(8)),
            _ => return Err(unfit(field, "a field of f32, f16, i8 or bits")),
        };
        let mut header = format!(
            "{{'descr': '{descr}', 'fortran_order': False, 'shape': ({rows}, {columns}), }}"
        );
        // With a line's end after the spaces, the data begins at a multiple of the alignment.
        let before = MAGIC.len() + 2 + header.len() + 1;
        let spaces = before.next_multiple_of(NPY_ALIGNMENT_BYTES) - before;
        header.extend(std::iter::repeat_n(' ', spaces));
        header.push('\n');
        let length = u16::try_from(header.len()).unwrap_or(u16::MAX).to_le_bytes();
        file.append(&[MAGIC, &length, header.as_bytes()].concat())?;
        Ok(Self { file, payload, field: field.name().to_owned(), row_head: Vec::new() })
    }

    /// An `.fvecs` file.
    pub(super) fn fvecs(file: NewFile, payload: Option<NewFile>, field: &Field) -> Result<Self> {
        let row_head = number(dim_of_f32(field)?)?.to_vec();
        Ok(Self { file, payload, field: field.name().to_owned(), row_head })
    }

    /// An `.fbin` file of `rows` rows.
    pub(super) fn fbin(
        mut file: NewFile,
        payload: Option<NewFile>,
        field: &Field,
        rows: u64,
    ) -> Result<Self> {
        let head = [number(rows)?, number(dim_of_f32(field)?)?].concat();
        file.append(&head)?;
        Ok(Self { file, payload, field: field.name().to_owned(), row_head: Vec::new() })
    }
}

fn dim_of_f32(field: &Field) -> Result<u64> {
    match field.kind() {
        FieldKind::Dense { element: Element::F32, dim, .. } => Ok(dim as u64),
        _ => Err(unfit(field, "a field of f32")),
    }
}

fn unfit(field: &Field, expected: &'static str) -> Error {
    Error::new(ErrorKind::NotSupported, "the format has no such vectors")
        .expected(expected)
        .found(format_args!("{}: {}", field.name(), field.kind()))
        .hint("export to .jsonl")
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

fn append_components(vector: VectorRef<'_>, row: &mut Vec<u8>) {
    match vector {
        VectorRef::F32(vector) => row.extend(vector.iter().flat_map(|x| x.to_le_bytes())),
        VectorRef::F16(vector) => row.extend(vector.iter().flat_map(|x| x.to_le_bytes())),
        VectorRef::BF16(vector) => row.extend(vector.iter().flat_map(|x| x.to_le_bytes())),
        VectorRef::I8(vector) => row.extend(vector.iter().map(|x| x.cast_unsigned())),
        VectorRef::Binary(bits) => row.extend(bits.bytes()),
        // No matrix has a row of these: no writer is made for them.
        VectorRef::Sparse(_) => {}
    }
}

impl Writer for MatrixWriter {
    fn write(&mut self, record: &RecordRef<'_>) -> Result<bool> {
        let Some(vector) = record.vector(&self.field)? else {
            return Ok(false);
        };
        let mut row = self.row_head.clone();
        append_components(vector, &mut row);
        self.file.append(&row)?;
        if let Some(payload) = &mut self.payload {
            let (id, fields) = (record.id()?.to_id(), record.payload()?.to_payload()?);
            jsonl::append(payload, &Line::without_vectors(&id, &fields))?;
        }
        Ok(true)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let Self { file, payload, .. } = *self;
        file.finish()?;
        payload.map_or(Ok(()), NewFile::finish)
    }
}
