//! Makes the codes of a sealed block: loads those that were saved, or codes the rows and saves them.

use std::sync::Arc;

use iqdb_core::{Matrix, Metric, Result};

use super::center::{center, subtract};
use super::codes::Codes;
use super::encode::encode;
use super::sidecar;
use crate::field_block::FieldBlock;
use crate::kernel::{CodeLine, GROUP_ROWS, GroupLayout, LINE_COMPONENTS};
use crate::widen::Widened;

/// Makes the codes of a sealed block, unless it has some, and keeps them with the block; returns
/// them. Where possible they lie in memory behind those of the block `before`, and share their
/// center. O(rows × dim).
///
/// Existing codes stay: a cell keeps the first value it is given. A field has one metric, so codes
/// for another metric belong to a stranger's seal, and searches go without codes.
///
/// # Errors
/// Those of reading rows.
pub(crate) fn prepare<'a>(
    block: &FieldBlock<'a>,
    metric: Metric,
    before: Option<&Codes>,
) -> Result<Option<&'a Codes>> {
    let Some(derived) = block.derived() else { return Ok(None) };
    if derived.get::<Codes>().is_none() {
        let codes = match sidecar::load(block, metric, before) {
            Some(codes) => codes,
            None => {
                let codes = build(block, metric, before)?;
                sidecar::save(&codes, block);
                codes
            }
        };
        derived.put(codes);
    }
    Ok(Codes::of(block, metric))
}

fn build(block: &FieldBlock<'_>, metric: Metric, before: Option<&Codes>) -> Result<Codes> {
    let layout = Codes::layout(block.dim(), metric);
    let groups = block.len().div_ceil(GROUP_ROWS);
    let mut lines = Codes::allocate(groups, layout, before);
    let (upper, lower) = lines.split_at_mut(groups * layout.upper_lines());
    let center = match metric {
        Metric::Euclidean => Some(center(block, before.and_then(|before| before.center.as_ref()))?),
        _ => None,
    };
    let mut widened = Widened::default();
    let mut encoder = GroupEncoder::new(block.dim(), layout, center);
    let parts = upper.chunks_mut(layout.upper_lines()).zip(lower.chunks_mut(layout.lower_lines()));
    for (group, parts) in parts.enumerate() {
        let first = group * GROUP_ROWS;
        let range = first..block.len().min(first + GROUP_ROWS);
        let rows = block.floats(range, &mut widened)?;
        encoder.encode(&rows, parts);
    }
    Ok(Codes {
        lines,
        layout,
        unit: layout.error_unit(),
        typical_norm: encoder.typical_norm(),
        center: encoder.center,
        rows: block.len(),
        dim: block.dim(),
        metric,
    })
}

/// Codes the rows of a block, group by group.
struct GroupEncoder {
    dim: usize,
    layout: GroupLayout,
    center: Option<Arc<[f32]>>,
    /// A row less the center.
    centered: Vec<f32>,
    /// The code of a row, with zeros up to whole lines.
    code: Vec<u8>,
    /// The codes of a group, before the split into planes.
    lines: Vec<CodeLine>,
    /// The sum of the logarithms of the known norms, and their number.
    logarithms: f64,
    count: f64,
}

impl GroupEncoder {
    fn new(dim: usize, layout: GroupLayout, center: Option<Arc<[f32]>>) -> Self {
        Self {
            dim,
            layout,
            center,
            centered: vec![0.0; dim],
            code: vec![0; layout.code_lines() * LINE_COMPONENTS],
            lines: vec![CodeLine::ZERO; layout.code_lines()],
            logarithms: 0.0,
            count: 0.0,
        }
    }

    /// Codes up to sixteen rows, and writes them to the upper and the lower part of a group.
    fn encode(&mut self, rows: &Matrix<'_, f32>, parts: (&mut [CodeLine], &mut [CodeLine])) {
        let unit = self.layout.error_unit();
        let [mut upper_errors, mut errors] = [[[0; 2]; GROUP_ROWS]; 2];
        let mut norms = [f32::NAN; GROUP_ROWS];
        self.lines.fill(CodeLine::ZERO);
        for row in 0..rows.len() {
            let code = &mut self.code[..self.dim];
            let planar = self.layout.planar_components();
            let of_row = match &self.center {
                None => encode(rows.row(row), planar, code),
                Some(center) => {
                    subtract(rows.row(row), center, &mut self.centered);
                    encode(&self.centered, planar, code)
                }
            };
            norms[row] = of_row.whole.norm;
            if norms[row].is_finite() {
                self.logarithms += f64::from(norms[row]).ln();
                self.count += 1.0;
            }
            upper_errors[row] = of_row.upper.to_counts(2.0 * unit);
            errors[row] = of_row.whole.to_counts(unit);
            let (parts, _) = self.code.as_chunks::<LINE_COMPONENTS>();
            for (line, part) in self.lines.iter_mut().zip(parts) {
                for j in 0..4 {
                    line.0[4 * row + j] = part[j] | part[4 + j] << 4;
                }
            }
        }
        self.layout.write_group(&self.lines, [upper_errors, errors], norms, parts);
    }

    /// The geometric mean of the known norms.
    fn typical_norm(&self) -> f64 {
        f64::exp(self.logarithms / f64::max(self.count, 1.0))
    }
}
