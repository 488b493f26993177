//! A toy of an approximate index: cells of rows, kept on the shelf and carried over by lineage.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use iqdb_core::filter::MaskPool;
use iqdb_core::{
    Accuracy, Birthplace, Block, Blocks, Budget, Error, ErrorKind, Explain, FieldId, Hits,
    Progress, Query, RecordId, Result, RowMask, Scratch, Search, Snapshot, VectorRef, Verdict,
    Version,
};

use super::NaiveSearch;

/// A search that looks, where a query gives up enough of its exactness, only at rows whose first two
/// components have the signs of the query's, or all but one of them. Everything else it answers as
/// [`NaiveSearch`] does.
///
/// [`prepare`](Search::prepare) puts the cell of each sealed row on the store's shelf, by the row's
/// birthplace, so that a row that is copied keeps its cell.
#[derive(Debug, Clone, Default)]
pub struct NaiveIndex {
    rows_read: Arc<AtomicUsize>,
}

/// The recall of an answer from cells that have all signs of the query, and from those that have all but
/// one: less than was seen on vectors whose components are independent of each other.
const REACHED: [f32; 2] = [0.5, 0.8];

/// The cells of the rows of one field.
#[derive(Debug, Default)]
struct Cells {
    /// The newest version that they were made for.
    version: Version,
    cells: BTreeMap<Birthplace, u8>,
    /// Made from all of the cells.
    epoch: u128,
}

impl NaiveIndex {
    /// An index that has read nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many rows have been read to find their cells.
    #[must_use]
    pub fn rows_read(&self) -> usize {
        self.rows_read.load(Ordering::Relaxed)
    }

    fn prepare_field(
        &self,
        on: &dyn Blocks,
        field: FieldId,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<bool> {
        let Some(shelf) = on.shelf() else { return Ok(true) };
        loop {
            let old = shelf.get::<Cells>(&key(field));
            let known = old.as_deref().map(|old| &old.cells);
            let (mut cells, mut is_new) = (BTreeMap::new(), false);
            for n in 0..on.block_count() {
                if !go_on() {
                    return Ok(false);
                }
                for (birthplace, position) in sealed_rows(&on.block(n)?, field)? {
                    let cell = match known.and_then(|known| known.get(&birthplace)) {
                        Some(cell) => *cell,
                        None => {
                            is_new = true;
                            self.rows_read.fetch_add(1, Ordering::Relaxed);
                            let column = on.block(n)?.column(field)?;
                            column.map_or(Ok(0), |column| column.vector(position).map(cell_of))?
                        }
                    };
                    cells.insert(birthplace, cell);
                }
            }
            if !is_new {
                return Ok(true);
            }
            let before = old.as_deref().map_or(Version(0), |old| old.version);
            if let Some(known) = known.filter(|_| before > on.version()) {
                // Another search has prepared a later version.
                cells.extend(known.iter().map(|(place, cell)| (*place, *cell)));
            }
            let (version, epoch) = (before.max(on.version()), epoch_of(&cells));
            let new = Arc::new(Cells { version, cells, epoch });
            if shelf.replace(&key(field), old.as_ref(), new) {
                return Ok(true);
            }
        }
    }
}

impl Search for NaiveIndex {
    fn search(
        &self,
        on: &dyn Snapshot,
        queries: &[Query<'_>],
        hits: &mut [Hits],
        scratch: &mut Scratch,
    ) -> Result<Explain> {
        Query::check_batch(queries, hits, on.schema())?;
        let all_exact = queries.iter().all(|query| query.accuracy().is_exact());
        if all_exact {
            return NaiveSearch.search(on, queries, hits, scratch);
        }
        let answered = queries.iter().zip(&mut *hits).try_for_each(|(query, hits)| {
            match (query.accuracy(), cells_for(on, query)?) {
                (Accuracy::Recall(recall), Some((blocks, cells))) if recall <= REACHED[1] => {
                    estimate(blocks, query, usize::from(recall > REACHED[0]), &cells, hits)
                }
                _ => {
                    let hits = std::slice::from_mut(hits);
                    NaiveSearch.search(on, std::slice::from_ref(query), hits, scratch).map(drop)
                }
            }
        });
        if let Err(error) = answered {
            hits.iter_mut().for_each(Hits::clear);
            return Err(error.during("search"));
        }
        Ok(Explain::of("cells", "canonical"))
    }

    fn prepare(
        &self,
        on: &dyn Snapshot,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<bool> {
        let Some(on) = on.blocks() else { return Ok(true) };
        let of = on.block_count() as u64;
        let mut done = 0;
        let mut go_on = || {
            progress.report(done, of);
            done = of.min(done + 1);
            budget.check().is_ok()
        };
        for (field, _) in on.schema().iter() {
            if !self.prepare_field(on, field, &mut go_on)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn build_index(
        &self,
        on: &dyn Snapshot,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<bool> {
        self.prepare(on, budget, progress)
    }
}

fn key(field: FieldId) -> String {
    format!("cells of field {}", field.index())
}

/// The blocks of the snapshot, and the cells of the query's field.
fn cells_for<'a>(
    on: &'a dyn Snapshot,
    query: &Query<'_>,
) -> Result<Option<(&'a dyn Blocks, Arc<Cells>)>> {
    let field = query.field_in(on.schema())?;
    Ok(on.blocks().and_then(|blocks| Some((blocks, blocks.shelf()?.get(&key(field))?))))
}

/// Which of the first components of a vector are negative; the same for all but those of `f32`.
fn cell_of(vector: VectorRef<'_>) -> u8 {
    let components = vector.as_f32().unwrap_or_default();
    components.iter().take(2).fold(0, |cell, x| 2 * cell + u8::from(*x < 0.0))
}

/// A number made from all cells: another one for other cells.
fn epoch_of(cells: &BTreeMap<Birthplace, u8>) -> u128 {
    const ODD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
    cells.iter().fold(1, |epoch, (place, cell)| {
        let row = u128::from(place.row) << 8 | u128::from(*cell);
        let mixed = (epoch ^ place.seal.to_u128()).wrapping_mul(ODD).rotate_left(41);
        (mixed ^ row).wrapping_mul(ODD).rotate_left(67)
    })
}

/// The birthplace of each row of a sealed block that has a vector, and its position in the column.
fn sealed_rows(block: &Block<'_>, field: FieldId) -> Result<Vec<(Birthplace, usize)>> {
    let (Some(seal), Some(column)) = (block.seal(), block.column(field)?) else {
        return Ok(Vec::new());
    };
    let place = |n: usize| {
        let row = u32::try_from(column.block_row(n)).unwrap_or(u32::MAX);
        Ok((seal.birthplace(row)?, n))
    };
    (0..column.len()).map(place).collect()
}

/// The nearest rows of the cells that have all signs of the query but this many, and of those whose cell
/// is not known.
fn estimate(
    on: &dyn Blocks,
    query: &Query<'_>,
    signs: usize,
    cells: &Cells,
    hits: &mut Hits,
) -> Result<()> {
    let field = query.field_in(on.schema())?;
    let kind = on.schema().fields()[field.index()].kind();
    let wanted = cell_of(query.vector()?);
    let (mut found, mut mask, mut pool) = (Vec::new(), RowMask::new(), MaskPool::default());
    for n in 0..on.block_count() {
        let block = on.block(n)?;
        let Some(column) = block.column(field)? else { continue };
        let places = sealed_rows(&block, field)?;
        block.select(0..block.len(), query.filter(), &mut mask, &mut pool)?;
        for at in (0..column.len()).filter(|at| mask.contains(column.block_row(*at))) {
            let known = places.get(at).and_then(|(place, _)| cells.cells.get(place));
            if known.is_some_and(|cell| (*cell ^ wanted).count_ones() as usize > signs) {
                continue;
            }
            let id = block.id(column.block_row(at))?.to_id();
            let distance = kind.distance(column.vector(at)?, query.vector()?).map_err(|error| {
                Error::new(ErrorKind::Damaged, "a stored row is not a vector")
                    .with_id(&id)
                    .caused_by(error)
            })?;
            let within = distance.filter(|distance| *distance <= query.goal().max_distance());
            found.extend(within.map(|distance| (distance, id, n, column.block_row(at))));
        }
    }
    found.sort_by(|a: &(f64, RecordId, usize, usize), b| {
        a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1))
    });
    found.truncate(query.goal().limit());
    for (distance, id, n, row) in found {
        let payload = match query.wants_payload() {
            true => Some(on.block(n)?.payload(row)?.to_payload()?),
            false => None,
        };
        hits.push(id.as_ref(), distance, payload);
    }
    hits.set_verdict(Verdict::Estimated { recall: REACHED[signs], epoch: Some(cells.epoch) });
    Ok(())
}
