//! The norms of a sealed block's rows, computed once and kept with the block.

use crate::derived::sidecar;
use crate::field_block::FieldBlock;
use crate::kernel::{Engine, Tile};
use crate::widen::Widened;

/// The norm of every row, alive or not, as [`Engine::norms`] computes it.
#[derive(Debug)]
struct Norms(Box<[f32]>);

/// The key under which norms are saved. It names no engine: the bounds hold for any order of
/// summation.
const KEY: &str = "norms 1";

/// How many rows `compute` reads at a time.
const ROWS: u32 = 1_024;

/// The norm of every row of a sealed block. The first caller computes them, and the block keeps
/// them. `None` for a block without a seal, or one that can't be read whole. O(1) but for the first
/// time.
pub(crate) fn of<'a>(block: &FieldBlock<'a>, engine: Engine) -> Option<&'a [f32]> {
    let derived = block.derived()?;
    let norms = match derived.get::<Norms>() {
        Some(norms) => norms,
        None => derived.put(Norms(compute(block, engine)?))?,
    };
    // A seal belongs to one matrix. A backend that lends another one under it gets no wrong norm
    // from here.
    (norms.0.len() == block.len()).then_some(&norms.0)
}

/// Computes the norms of a sealed block before a search wants them, or loads those that were saved,
/// which reads no row. O(rows × dim).
pub(crate) fn prepare(block: &FieldBlock<'_>, engine: Engine) {
    let Some(derived) = block.derived() else { return };
    if derived.get::<Norms>().is_some() {
        return;
    }
    let saved = sidecar::load(block, KEY, |bytes| Some(bytes.take_floats(block.len())?.collect()));
    if let Some(norms) = saved {
        derived.put(Norms(norms));
    } else if let Some(norms) = compute(block, engine) {
        sidecar::save(block, KEY, |out| sidecar::put_floats(out, &norms));
        derived.put(Norms(norms));
    }
}

fn compute(block: &FieldBlock<'_>, engine: Engine) -> Option<Box<[f32]>> {
    let mut norms = vec![f32::NAN; block.len()].into_boxed_slice();
    let list: Vec<u32> = (0..ROWS).collect();
    let mut widened = Widened::default();
    let mut start = 0;
    for norms in norms.chunks_mut(list.len()) {
        let rows = block.floats(start..start + norms.len(), &mut widened).ok()?;
        start += norms.len();
        let (stride, list) = (rows.stride(), &list[..norms.len()]);
        engine.norms(&Tile::new(rows.components(), block.dim(), stride, list), norms);
    }
    Some(norms)
}
