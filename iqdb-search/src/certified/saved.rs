//! Codes as bytes: the shape, the lines, and what is known of each row.

use std::sync::Arc;

use iqdb_core::{Block, Metric};

use super::Codes;
use crate::kernel::{GROUP, LINE_COMPONENTS, Line};
use crate::saved::{Bytes, Saved, put_floats};

/// Where codes for a metric are saved. The number is that of the way in which they are made: codes
/// that were made in another way are made anew.
pub(super) fn key(metric: Metric) -> String {
    format!("codes 1 {metric}")
}

impl Saved for Codes {
    fn write(&self, out: &mut Vec<u8>) {
        for number in [self.rows as u64, self.dim as u64, self.typical_norm.to_bits()] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for present in [self.norms.is_some(), self.center.is_some()] {
            out.extend_from_slice(&u64::from(present).to_le_bytes());
        }
        self.lines.iter().for_each(|line| out.extend_from_slice(&line.0));
        for facts in [Some(&self.along), Some(&self.across), self.norms.as_ref()] {
            put_floats(out, facts.into_iter().flatten().flatten());
        }
        put_floats(out, self.center.iter().flat_map(|center| center.iter()));
    }

    fn read(bytes: &mut Bytes<'_>, block: &Block<'_>) -> Option<Self> {
        let (rows, dim) = (block.len(), block.dim());
        if bytes.take_u64()? != rows as u64 || bytes.take_u64()? != dim as u64 {
            return None;
        }
        let typical_norm = f64::from_bits(bytes.take_u64()?);
        let (has_norms, has_center) = (bytes.take_u64()? == 1, bytes.take_u64()? == 1);
        let (groups, depth) = (rows.div_ceil(GROUP), dim.div_ceil(LINE_COMPONENTS));
        let (lines, _) = bytes.take(groups.checked_mul(depth)?.checked_mul(64)?)?.as_chunks::<64>();
        let lines = lines.iter().map(|line| Line(*line)).collect();
        let mut facts = || {
            let all: Vec<f32> = bytes.take_floats(groups * GROUP)?.collect();
            Some(all.as_chunks::<GROUP>().0.into())
        };
        let (along, across) = (facts()?, facts()?);
        let norms = if has_norms { Some(facts()?) } else { None };
        let center = match has_center {
            true => Some(bytes.take_floats(dim)?.collect::<Arc<[f32]>>()),
            false => None,
        };
        // Whoever asks for the metric has it in the key.
        let metric = Metric::Cosine;
        Some(Self { lines, depth, along, across, norms, center, typical_norm, rows, dim, metric })
    }
}

impl Codes {
    /// Those that were saved for a metric. They share their center with the block before if it is
    /// the same.
    pub(super) fn load(
        block: &Block<'_>,
        metric: Metric,
        before: Option<&Arc<[f32]>>,
    ) -> Option<Self> {
        let mut codes = Self { metric, ..crate::saved::load(block, &key(metric))? };
        let fits = codes.norms.is_some() == (metric != Metric::Cosine)
            && codes.center.is_some() == (metric == Metric::Euclidean);
        if let (Some(center), Some(before)) = (&mut codes.center, before)
            && center.iter().zip(before.iter()).all(|(a, b)| a.to_bits() == b.to_bits())
        {
            *center = Arc::clone(before);
        }
        fits.then_some(codes)
    }
}
