//! The calibration of a run: the recall that each effort reaches, measured on the rows themselves.
//!
//! ```text
//! sample = some live rows of the run; each is a query, and not a hit of its own
//! truth = their exact answers
//! for each effort, from the least: answer by the search itself, and compare
//!     until the limit is near enough to the mean, or the sample ends
//!     and until all was found, which more effort finds, too
//! ```
//! The recall that an effort is said to reach is the lower 95 % limit of the mean over the sample.

use iqdb_core::{Explain, Hits, Query, RecordId, Result, Scratch, Search, Vector};

use super::answer::{IndexScratch, Outcome, Target};
use super::efforts::{Chosen, Effort, Efforts, KS, Measured, is_near, lower_limit};
use super::random::Random;
use crate::exact::ExactSearch;

/// The most rows of the sample for each of [`KS`]: the more hits, the less the shares of queries differ.
/// Enough that a recall of 0.999 can be seen.
const SAMPLE_ROWS: [usize; KS.len()] = [3_200, 1_600, 400];

/// Rows after which the limit is looked at.
const STEP_ROWS: usize = 50;

/// Rows whose true answers are found in one batch.
const BATCH_ROWS: usize = 100;

/// A squared distance beyond which few clusters have a hit.
const FRONTIER_MAX: f32 = 4.0;

const SAMPLE_SEED: u64 = 0xca1b_0000_0000_0003;

/// A sampled row, and the ids of those nearest to it.
struct Sampled {
    vector: Vector,
    nearest: Vec<RecordId>,
}

/// Measures the efforts of a run. `None` where `go_on` ends the work.
///
/// # Errors
/// Whatever reading the snapshot reports.
pub(super) fn calibrate(
    exact: &ExactSearch,
    target: Target<'_>,
    go_on: &mut dyn FnMut(f64) -> bool,
) -> Result<Option<Efforts>> {
    let Some(sample) = sample(exact, target, go_on)? else { return Ok(None) };
    let mut scratch = IndexScratch::default();
    let mut measured: Vec<Measured> = Vec::new();
    let levels = Effort::levels(target.run.centroids().count());
    let mut is_complete = [false; KS.len()];
    for (n, effort) in levels.iter().enumerate() {
        let (mut recall, mut frontier) = ([0.0; KS.len()], [0.0; KS.len()]);
        for (at, k) in KS.into_iter().enumerate() {
            if is_complete[at] {
                recall[at] = measured.last().map_or(0.0, |before| before.recall[at]);
                frontier[at] = measured.last().map_or(0.0, |before| before.frontier[at]);
                continue;
            }
            let (mut shares, mut frontiers) = (Vec::new(), Vec::new());
            for sampled in sample.iter().take(SAMPLE_ROWS[at]) {
                if !go_on(0.85 + 0.15 * n as f64 / levels.len() as f64) {
                    return Ok(None);
                }
                if let Some(share) = share(target, sampled, *effort, k, &mut scratch)? {
                    shares.push(share);
                    frontiers.push(scratch.frontier(k + 1));
                }
                if shares.len().is_multiple_of(STEP_ROWS) && is_near(&shares, k) {
                    break;
                }
            }
            recall[at] = lower_limit(&shares, k);
            frontier[at] = median(&mut frontiers);
            is_complete[at] = shares.iter().all(|share| *share == 1.0);
        }
        measured.push(Measured { effort: *effort, recall, frontier });
        if is_complete == [true; KS.len()] {
            break;
        }
    }
    Ok(Some(Efforts::new(measured)))
}

/// The sampled rows and their exact answers.
fn sample(
    exact: &ExactSearch,
    target: Target<'_>,
    go_on: &mut dyn FnMut(f64) -> bool,
) -> Result<Option<Vec<Sampled>>> {
    let Target { on, field, run, placement, .. } = target;
    let mut sample = Vec::new();
    let mut vectors = Vec::new();
    let [rows, .., rows_of_most] = SAMPLE_ROWS;
    for number in Random::new(SAMPLE_SEED).sample(2 * rows, run.len()) {
        let Some((n, row)) = placement.find(number) else { continue };
        let block = on.block(n)?;
        let Some(column) = block.column(field)? else { continue };
        let block_row = column.block_row(row);
        if block.is_alive(block_row)? && vectors.len() < rows {
            vectors.push((block.id(block_row)?.to_id(), column.vector(row)?.to_vector()));
        }
    }
    let [.., some, most] = KS;
    let (mut hits, mut scratch) = (vec![Hits::new(); BATCH_ROWS], Scratch::new());
    let name = on.schema().fields()[field.index()].name();
    for (n, vectors) in vectors.chunks(hits.len()).enumerate() {
        let k = if n * BATCH_ROWS < rows_of_most { most } else { some };
        if !go_on(0.8 + 0.0015 * n as f64) {
            return Ok(None);
        }
        let queries: Vec<Query<'_>> = vectors
            .iter()
            .map(|(_, vector)| Query::nearest(vector.as_ref(), k + 1).with_field(name))
            .collect();
        let hits = &mut hits[..queries.len()];
        exact.search(on, &queries, hits, &mut scratch)?;
        for ((id, vector), hits) in vectors.iter().zip(hits) {
            let nearest = hits.iter().map(|hit| hit.id.to_id()).filter(|other| other != id);
            sample.push(Sampled { vector: vector.clone(), nearest: nearest.collect() });
        }
    }
    Ok(Some(sample))
}

/// The share of the `k` nearest that an effort finds; `None` where there are none.
fn share(
    target: Target<'_>,
    sampled: &Sampled,
    effort: Effort,
    k: usize,
    scratch: &mut IndexScratch,
) -> Result<Option<f32>> {
    let Target { on, .. } = target;
    let query = Query::nearest(sampled.vector.as_ref(), k + 1);
    let truth = &sampled.nearest[..k.min(sampled.nearest.len())];
    let mut explain = Explain::of("", "");
    let outcome = scratch.answer(target, &query, Chosen::of(effort), &mut explain)?;
    if truth.is_empty() || outcome != Outcome::Found {
        return Ok(None);
    }
    let mut found = 0;
    for candidate in scratch.sorted(on)? {
        let id = on.block(candidate.place.block)?.id(candidate.place.row)?;
        found += usize::from(truth.iter().any(|other| other.as_ref() == id));
    }
    Ok(Some(found as f32 / truth.len() as f32))
}

/// The middle one of some ratios of distances, up to [`FRONTIER_MAX`]; 0 of none.
fn median(of: &mut [f32]) -> f32 {
    of.sort_unstable_by(f32::total_cmp);
    // Where rows are equal, a ratio may be infinite or no number.
    of.get(of.len() / 2).map_or(0.0, |middle| middle.min(FRONTIER_MAX))
}
