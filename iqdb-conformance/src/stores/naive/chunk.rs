//! Chunks: a few rows each. A chunk is copied on each append until it is full, and then sealed.

use std::collections::BTreeSet;
use std::sync::Arc;

use iqdb_core::{
    Birthplace, Block, BlockSource, Field, FieldId, IdRef, Lineage, Narrow, Payload, PayloadRef,
    Predicate, Record, RecordId, Result, Schema, Seal, SealId, VectorColumn, Version,
};

use super::column::PaddedColumn;
use crate::Model;

/// The rows of a full chunk. A small number, so that a small test has many blocks, most of them
/// sealed.
const ROWS_PER_CHUNK: usize = 5;

/// Rows that never change.
#[derive(Debug, Default)]
struct Chunk {
    /// One for each field that there was when a row was added last.
    columns: Vec<PaddedColumn>,
    ids: Vec<RecordId>,
    payloads: Vec<Payload>,
    /// Where its rows come from.
    lineage: Lineage,
    seal: Option<Arc<Seal>>,
}

/// A chunk as one version sees it.
#[derive(Debug, Clone)]
pub(super) struct View {
    chunk: Arc<Chunk>,
    /// The version that ended each row.
    ends: Vec<Option<Version>>,
    /// The last version whose ends are here.
    seen: Version,
}

impl View {
    fn empty() -> Self {
        Self { chunk: Arc::default(), ends: Vec::new(), seen: Version::default() }
    }

    pub(super) fn has_live_rows(&self) -> bool {
        self.ends.contains(&None)
    }

    pub(super) fn seal_id(&self) -> Option<SealId> {
        self.chunk.seal.as_ref().map(|seal| seal.id())
    }

    /// Ends the live rows of these ids that are here. O(rows · log ids).
    pub(super) fn end(&mut self, ids: &BTreeSet<RecordId>, version: Version) {
        for (id, end) in self.chunk.ids.iter().zip(&mut self.ends) {
            if end.is_none() && ids.contains(id) {
                *end = Some(version);
            }
        }
    }

    /// Says that the ends up to this version are here.
    pub(super) fn see(&mut self, version: Version) {
        self.seen = version;
    }

    pub(super) fn block<'a>(&'a self, schema: &'a Schema, at: Version) -> Result<Block<'a>> {
        let block = Block::new(self, schema, self.ends.len(), at)?;
        Ok(match &self.chunk.seal {
            Some(seal) => block.sealed(seal),
            None => block,
        })
    }
}

/// Appends a row: to the last chunk, or to a new one when that is sealed.
pub(super) fn append(
    views: &mut Vec<View>,
    schema: &Schema,
    record: &Record,
    birthplace: Option<Birthplace>,
) -> Result<()> {
    let open = views.pop_if(|view| view.chunk.seal.is_none());
    let View { chunk, mut ends, seen } = open.unwrap_or_else(View::empty);
    // A copy, because snapshots go on showing the chunk as it was.
    let mut longer = Chunk {
        columns: chunk.columns.clone(),
        ids: chunk.ids.clone(),
        payloads: chunk.payloads.clone(),
        lineage: chunk.lineage.clone(),
        seal: None,
    };
    // The chunk may be older than the last fields.
    let added = schema.fields().iter().skip(longer.columns.len());
    longer.columns.extend(added.map(|field| PaddedColumn::new(field.kind())));
    let row = u32::try_from(longer.ids.len()).unwrap_or(u32::MAX);
    for (column, field) in longer.columns.iter_mut().zip(schema.fields()) {
        push_field(column, field, row, record)?;
    }
    longer.ids.push(record.id.clone());
    longer.payloads.push(record.payload.clone());
    longer.lineage.push(birthplace);
    if longer.ids.len() == ROWS_PER_CHUNK {
        longer.seal = Some(Arc::new(Seal::new().with_lineage(longer.lineage.clone())));
    }
    ends.push(None);
    views.push(View { chunk: Arc::new(longer), ends, seen });
    Ok(())
}

/// Appends what a record has of a field.
fn push_field(column: &mut PaddedColumn, field: &Field, row: u32, record: &Record) -> Result<()> {
    let mut bytes = Vec::new();
    match record.vector(field.name()) {
        Some(vector) => column.push(row, vector),
        None if field.compute(&(&record.payload).into(), &mut bytes)? => {
            column.push_bytes(row, &bytes);
            Ok(())
        }
        None => Ok(()),
    }
}

/// Gives the chunks the column of a computed field, the last one of the schema.
pub(super) fn add_column(views: &mut [View], schema: &Schema) -> Result<()> {
    let fields = schema.fields();
    let Some((field, before)) = fields.split_last().filter(|(it, _)| it.kind().is_computed())
    else {
        return Ok(());
    };
    for view in views {
        let chunk = &view.chunk;
        let mut columns = chunk.columns.clone();
        let older = before.iter().skip(columns.len());
        columns.extend(older.map(|field| PaddedColumn::new(field.kind())));
        let mut column = PaddedColumn::new(field.kind());
        for (row, payload) in (0..).zip(&chunk.payloads) {
            let record = Record::without_vector(0).with_payload(payload.clone());
            push_field(&mut column, field, row, &record)?;
        }
        columns.push(column);
        view.chunk = Arc::new(Chunk {
            columns,
            ids: chunk.ids.clone(),
            payloads: chunk.payloads.clone(),
            lineage: chunk.lineage.clone(),
            seal: chunk.seal.clone(),
        });
    }
    Ok(())
}

/// Copies the live rows into new chunks, once most rows are dead.
pub(super) fn compact(views: &mut Vec<View>, schema: &Schema, model: &Model) -> Result<()> {
    let rows: usize = views.iter().map(|view| view.ends.len()).sum();
    match rows < 2 * model.len() + 4 * ROWS_PER_CHUNK {
        true => Ok(()),
        false => pack(views, schema, model),
    }
}

/// Copies the live rows into new chunks.
pub(super) fn pack(views: &mut Vec<View>, schema: &Schema, model: &Model) -> Result<()> {
    let mut packed = Vec::new();
    for view in &*views {
        for (row, id) in (0..).zip(&view.chunk.ids) {
            if view.ends[row as usize].is_none()
                && let Some(record) = model.get(id)
            {
                let birthplace = view.chunk.seal.as_ref().map(|seal| seal.birthplace(row));
                append(&mut packed, schema, record, birthplace.transpose()?)?;
            }
        }
    }
    *views = packed;
    Ok(())
}

impl BlockSource for View {
    fn column(&self, field: FieldId) -> Result<Option<&dyn VectorColumn>> {
        Ok(self.chunk.columns.get(field.index()).map(|column| column as &dyn VectorColumn))
    }

    fn clear_dead(&self, _: Version, live: &mut Narrow<'_>) -> Result<()> {
        live.retain(|row| Ok(self.ends[row].is_none()))
    }

    fn is_alive(&self, row: usize, at: Version) -> Result<bool> {
        Ok(self.ends[row].is_none_or(|end| end > at))
    }

    fn ended(&self, since: Version, at: Version, out: &mut Vec<u32>) -> Result<bool> {
        let is_between = |end: &Option<Version>| end.is_some_and(|end| end > since && end <= at);
        if at <= self.seen {
            out.extend(
                (0..).zip(&self.ends).filter(|(_, end)| is_between(end)).map(|(row, _)| row),
            );
        }
        Ok(at <= self.seen)
    }

    fn id(&self, row: usize) -> Result<IdRef<'_>> {
        Ok(self.chunk.ids[row].as_ref())
    }

    fn payload(&self, row: usize) -> Result<PayloadRef<'_>> {
        Ok((&self.chunk.payloads[row]).into())
    }

    fn matching(&self, _: &Predicate, _: &mut Narrow<'_>) -> Result<bool> {
        Ok(false)
    }
}
