//! Writes column files: what core computes of the rows of a segment, for a field that is being added.

use iqdb_core::{Budget, Result, RowsRef, VectorColumn, Version};

use super::column_writer::ColumnWriter;
use super::section_writer::SectionWriter;
use crate::errors::{defect, refused};
use crate::fault::Defect;
use crate::format::file_name::FileName;
use crate::format::manifest::ColumnInfo;
use crate::format::segment::header::column_header;
use crate::format::segment::layout::{ColumnPart, Section};
use crate::read::column_file::ColumnFile;
use crate::read::context::SegmentContext;
use crate::read::segment::Segment;
use crate::vfs::FileId;

/// Writes and syncs the column of a field for the rows of a segment that are alive at `at`, to the file with
/// this number. The schema of the context has the field at this position. Calls `seen` with the number of rows of each block. Returns
/// the column, and the id of the file, which has to keep its name.
///
/// # Errors
/// Those of the system, of reading payloads, of the budget, and of `seen`; then the file may be there,
/// and no manifest refers to it.
pub(crate) fn write_column_file(
    context: &SegmentContext<'_>,
    (segment, at): (&Segment, Version),
    (position, number): (u8, u64),
    budget: Budget<'_>,
    seen: &mut dyn FnMut(u64) -> Result<()>,
) -> Result<(ColumnFile, FileId)> {
    let schema = &context.shape.schema;
    let field = schema.fields().get(usize::from(position));
    let field = field.ok_or_else(|| defect("a column has no field"))?;
    let (info, shape) = (segment.info(), segment.shape().of_column(field)?);
    let name = FileName::Column(number);
    let path = context.dir.path_of(name);
    let header = column_header(context.database, number, position, &shape);
    let file = context.dir.create(name, context.database, &header);
    let file = file.map_err(|error| refused(&path, "made", error))?;
    let mut file = SectionWriter::new(path, file.into(), header, Vec::new());
    let blocks = segment.blocks().len();
    let mut sections = vec![0..0; Section::Index.slot(blocks, shape.fields()) + 1];
    for n in 0..blocks {
        let block = segment.lend(schema, n, at)?;
        let mut column = ColumnWriter::new(field.kind());
        let computed = block.compute(field, budget)?;
        let RowsRef::Bytes(bytes) = computed.rows(0..computed.len())? else {
            return Err(defect("a column of vectors was computed"));
        };
        for (at, row) in computed.rows_of().unwrap_or_default().iter().enumerate() {
            column.push_bytes(*row, bytes.row(at))?;
        }
        let first = Section::Column(n, 0, ColumnPart::Vectors).slot(blocks, shape.fields());
        let places = file.append_column(&column.finish(block.len()))?;
        sections[first..first + places.len()].clone_from_slice(&places);
        seen(block.len() as u64)?;
    }
    let path = context.dir.path_of(name);
    let written = file.finish(info.rows, 0, sections)?;
    if !context.fault.has(Defect::ColumnFileNotSynced) {
        written.sync()?;
    }
    let id = written.file.id().map_err(|error| refused(&path, "looked up", error))?;
    let column = ColumnInfo { field: position, number, seal: written.seal };
    let file = ColumnFile::of(context, (&info, segment.shape()), column, written.file)?;
    file.trust();
    Ok((file, id))
}
