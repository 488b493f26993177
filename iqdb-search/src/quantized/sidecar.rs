//! The codes of a block as bytes that a backend may keep: the numbers of rows and components, the
//! typical norm, the lines, and the center.

use std::sync::Arc;

use iqdb_core::Metric;

use super::codes::Codes;
use crate::derived::sidecar::{self, Bytes, put_floats};
use crate::field_block::FieldBlock;
use crate::kernel::{CodeLine, GROUP_ROWS};

/// The key under which codes for a metric are saved. The number is the version of the encoder:
/// `prepare` codes the rows anew when a block has saved codes of another version.
fn key(metric: Metric) -> String {
    format!("codes 3 {metric}")
}

/// Saves the codes with their block.
pub(super) fn save(codes: &Codes, block: &FieldBlock<'_>) {
    sidecar::save(block, &key(codes.metric), |out| {
        for number in [codes.rows as u64, codes.dim as u64, codes.typical_norm.to_bits()] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        codes.lines.iter().for_each(|line| out.extend_from_slice(&line.0));
        put_floats(out, codes.center.iter().flat_map(|center| center.iter()));
    });
}

/// Loads the codes that were saved for a metric. They lie behind those of the block `before`, and
/// share their center if it is the same.
pub(super) fn load(
    block: &FieldBlock<'_>,
    metric: Metric,
    before: Option<&Codes>,
) -> Option<Codes> {
    sidecar::load(block, &key(metric), |bytes| read(bytes, block, metric, before))
}

fn read(
    bytes: &mut Bytes<'_>,
    block: &FieldBlock<'_>,
    metric: Metric,
    before: Option<&Codes>,
) -> Option<Codes> {
    let (rows, dim) = (block.len(), block.dim());
    if bytes.take_u64()? != rows as u64 || bytes.take_u64()? != dim as u64 {
        return None;
    }
    let typical_norm = f64::from_bits(bytes.take_u64()?);
    let layout = Codes::layout(dim, metric);
    let groups = rows.div_ceil(GROUP_ROWS);
    let count = groups.checked_mul(layout.upper_lines() + layout.lower_lines())?;
    let (found, _) = bytes.take(count.checked_mul(size_of::<CodeLine>())?)?.as_chunks();
    let mut lines = Codes::allocate(groups, layout, before);
    for (line, found) in lines.iter_mut().zip(found) {
        *line = CodeLine(*found);
    }
    let center = match metric {
        Metric::Euclidean => {
            let center: Arc<[f32]> = bytes.take_floats(dim)?.collect();
            let bits = |center: &[f32]| center.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            let shared = before.and_then(|before| before.center.as_ref());
            let shared = shared.filter(|shared| bits(shared) == bits(&center));
            Some(shared.map_or(center, Arc::clone))
        }
        _ => None,
    };
    let unit = layout.error_unit();
    Some(Codes { lines, layout, unit, center, typical_norm, rows, dim, metric })
}
