//! Column files: what core computed of the rows of a segment for a field that was added after the segment
//! was written. Laid out as a segment of that one field, with nothing but columns.

use std::sync::Arc;

use iqdb_core::Result;

use super::body::Body;
use super::column::SegmentColumn;
use super::context::SegmentContext;
use super::segment_file::{open_named, read_footer};
use crate::errors::{damaged, defect};
use crate::format::file_name::FileName;
use crate::format::manifest::{ColumnInfo, SegmentInfo};
use crate::format::segment::header::column_header;
use crate::format::segment::layout::{ColumnPart, Section, Shape};
use crate::vfs::File;

/// An open column file.
#[derive(Debug)]
pub(crate) struct ColumnFile {
    info: ColumnInfo,
    body: Arc<Body>,
    /// One for each block of the segment.
    columns: Box<[Arc<SegmentColumn>]>,
}

impl ColumnFile {
    /// Opens a column file that a manifest names, beside a segment of this shape. O(blocks), and reads
    /// only header and footer.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`](iqdb_core::ErrorKind::Damaged) when it is not what was written;
    /// [`ErrorKind::Io`](iqdb_core::ErrorKind::Io).
    pub(crate) fn open(
        context: &SegmentContext<'_>,
        segment: (&SegmentInfo, &Shape),
        info: ColumnInfo,
    ) -> Result<Self> {
        Self::of(context, segment, info, open_named(context, FileName::Column(info.number))?)
    }

    /// Opens the column in this file. The context has its field.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) fn of(
        context: &SegmentContext<'_>,
        (segment, shape): (&SegmentInfo, &Shape),
        info: ColumnInfo,
        file: Arc<dyn File>,
    ) -> Result<Self> {
        let path = context.dir.path_of(FileName::Column(info.number));
        let field = context.shape.schema.fields().get(usize::from(info.field));
        let shape = shape.of_column(field.ok_or_else(|| defect("a column has no field"))?)?;
        let header = column_header(context.database, info.number, info.field, &shape);
        let footer = read_footer(&*file, &path, &header, info.seal, &shape)?;
        if footer.rows != segment.rows {
            return Err(damaged(&path, "it has another number of rows than its segment")
                .expected(segment.rows)
                .found(footer.rows));
        }
        let blocks = shape.blocks(segment.rows);
        let rows = (0..blocks).map(|block| footer.vectors(&shape, block, 0));
        let rows = rows.collect::<Result<Vec<usize>>>()?;
        let modes = (context.read_mode, context.fault);
        let body = Arc::new(Body::new(path, file, modes, footer.pieces, footer.sections)?);
        let kind = shape.schema.fields()[0].kind();
        let column = |(block, len): (usize, usize)| {
            let slot = Section::Column(block, 0, ColumnPart::Vectors).slot(blocks, shape.fields());
            let of = (len, shape.rows_in(block, segment.rows));
            Arc::new(SegmentColumn::new(Arc::clone(&body), kind, of, slot))
        };
        let columns = rows.into_iter().enumerate().map(column).collect();
        Ok(Self { info, body, columns })
    }

    pub(crate) fn info(&self) -> ColumnInfo {
        self.info
    }

    /// The column of a block.
    pub(crate) fn column(&self, block: usize) -> Option<&Arc<SegmentColumn>> {
        self.columns.get(block)
    }

    /// Skips the checks of a file that this process has just written.
    pub(crate) fn trust(&self) {
        self.body.trust();
    }

    /// Reads and checks all pieces. Calls `seen` with the number of bytes of each.
    pub(crate) fn check_pieces(&self, seen: &mut dyn FnMut(u64) -> Result<()>) -> Result<()> {
        self.body.check_all(seen)
    }
}
