//! The layout of a block's codes in memory, and of the quantization errors stored with them.

use super::line::{BLOCK_LINES, CodeLine, GROUP_ROWS, LINE_COMPONENTS};
use super::planes;

/// The layout of a group of coded rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GroupLayout {
    /// Lines of codes, before the split into planes.
    code_lines: usize,
    /// Whether the group stores the norms of its rows, for the metrics that need them.
    has_norms: bool,
}

impl GroupLayout {
    /// The layout for rows of `dim` components.
    pub(crate) fn new(dim: usize, has_norms: bool) -> Self {
        Self { code_lines: dim.div_ceil(LINE_COMPONENTS), has_norms }
    }

    /// Lines of codes, before the split into planes.
    #[inline(always)]
    pub(crate) fn code_lines(self) -> usize {
        self.code_lines
    }

    /// How many blocks of four lines are split into planes.
    #[inline(always)]
    pub(super) fn blocks_of_4(self) -> usize {
        self.code_lines / BLOCK_LINES
    }

    /// Lines of codes behind the last block.
    #[inline(always)]
    pub(super) fn trailing_lines(self) -> usize {
        self.code_lines % BLOCK_LINES
    }

    /// Components that are split into planes; the group stores those behind them with all four
    /// bits in its upper part.
    pub(crate) fn planar_components(self) -> usize {
        self.blocks_of_4() * BLOCK_LINES * LINE_COMPONENTS
    }

    /// Lines of a group with merged planes: codes, errors, and the norms.
    #[inline(always)]
    pub(crate) fn merged_lines(self) -> usize {
        self.code_lines + self.extra_lines()
    }

    /// Lines of a group in the upper part.
    #[inline(always)]
    pub(crate) fn upper_lines(self) -> usize {
        self.upper_code_lines() + self.extra_lines()
    }

    /// Lines of a group in the lower part.
    #[inline(always)]
    pub(crate) fn lower_lines(self) -> usize {
        self.blocks_of_4() + 1
    }

    /// Lines of errors and of norms, beside codes of all bits or of the upper ones.
    #[inline(always)]
    fn extra_lines(self) -> usize {
        if self.has_norms { 2 } else { 1 }
    }

    /// Lines of codes in the upper part.
    #[inline(always)]
    fn upper_code_lines(self) -> usize {
        self.code_lines - self.blocks_of_4()
    }

    /// Which line of the upper part has the errors of the 3-bit codes.
    #[inline(always)]
    pub(super) fn upper_error_line(self) -> usize {
        self.upper_code_lines()
    }

    /// Which line of the lower part has the errors of the 4-bit codes.
    #[inline(always)]
    pub(super) fn lower_error_line(self) -> usize {
        self.blocks_of_4()
    }

    /// Which line of the upper part has the norms.
    #[inline(always)]
    pub(super) fn norm_line(self) -> Option<usize> {
        self.has_norms.then_some(self.upper_code_lines() + 1)
    }

    /// The unit of the counts in the [`CodeError`](super::CodeError) of 4-bit codes: a power of
    /// two, so that no such code is longer than 65,535 units. Those of 3-bit codes have twice this
    /// unit.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn error_unit(self) -> f32 {
        // The components of a code are at most 8; 8.5 leaves room for rounding.
        let most = 8.5 * ((self.code_lines * LINE_COMPONENTS) as f32).sqrt();
        let mut unit = 1.0 / 65_536.0;
        while most > 65_535.0 * unit {
            unit *= 2.0;
        }
        unit
    }

    /// Writes a group: its lines of codes, split into planes; the counted quantization errors of
    /// its rows, of the 3-bit codes and of the 4-bit codes; and their norms.
    ///
    /// # Panics
    /// When `codes` are not the lines of one group, or there is not room for a group.
    pub(crate) fn write_group(
        self,
        codes: &[CodeLine],
        [upper_errors, errors]: [[[u16; 2]; GROUP_ROWS]; 2],
        norms: [f32; GROUP_ROWS],
        (upper, lower): (&mut [CodeLine], &mut [CodeLine]),
    ) {
        assert_eq!(codes.len(), self.code_lines, "all lines of a group");
        let (blocks, trailing) = codes.as_chunks::<BLOCK_LINES>();
        let (planes, behind) = upper[..self.upper_code_lines()].split_at_mut(3 * blocks.len());
        let planes = planes.as_chunks_mut().0.iter_mut().zip(&mut *lower);
        for (block, (upper, lower)) in blocks.iter().zip(planes) {
            (*upper, *lower) = planes::split(block);
        }
        behind.copy_from_slice(trailing);
        upper[self.upper_error_line()] = CodeLine::of_pairs(upper_errors);
        lower[self.lower_error_line()] = CodeLine::of_pairs(errors);
        if let Some(line) = self.norm_line() {
            upper[line] = CodeLine::of_floats(norms);
        }
    }

    /// The counted quantization error of a row's 4-bit code; and the row's norm, not a number if
    /// the group has no norms.
    #[inline(always)]
    pub(crate) fn read_error(
        self,
        upper: &[CodeLine],
        lower: &[CodeLine],
        row: usize,
    ) -> ([u16; 2], f32) {
        let norm = self.norm_line().map_or(f32::NAN, |line| upper[line].float(row));
        (lower[self.lower_error_line()].pair(row), norm)
    }
}

/// Some groups of coded rows of one block, as they are stored: in planes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CodePlanes<'a> {
    upper: &'a [CodeLine],
    lower: &'a [CodeLine],
    layout: GroupLayout,
}

impl<'a> CodePlanes<'a> {
    /// # Panics
    /// When these are not the two parts of whole groups.
    pub(crate) fn new(upper: &'a [CodeLine], lower: &'a [CodeLine], layout: GroupLayout) -> Self {
        let groups = upper.len() / layout.upper_lines();
        assert_eq!(upper.len(), groups * layout.upper_lines(), "whole groups");
        assert_eq!(lower.len(), groups * layout.lower_lines(), "the same groups");
        Self { upper, lower, layout }
    }

    /// How many groups there are.
    pub(crate) fn group_count(&self) -> usize {
        self.upper.len() / self.layout.upper_lines()
    }

    #[inline(always)]
    pub(super) fn layout(&self) -> GroupLayout {
        self.layout
    }

    /// The upper and the lower part of each group.
    #[inline(always)]
    pub(super) fn groups(
        &self,
    ) -> impl Iterator<Item = (&'a [CodeLine], &'a [CodeLine])> + use<'a> {
        let upper = self.upper.chunks_exact(self.layout.upper_lines());
        upper.zip(self.lower.chunks_exact(self.layout.lower_lines()))
    }
}

/// Groups with merged planes: of each its lines of codes, the errors of its 4-bit codes, and the
/// norms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MergedCodes<'a> {
    lines: &'a [CodeLine],
    layout: GroupLayout,
}

impl<'a> MergedCodes<'a> {
    /// # Panics
    /// When these are not whole groups.
    pub(super) fn new(lines: &'a [CodeLine], layout: GroupLayout) -> Self {
        assert!(lines.len().is_multiple_of(layout.merged_lines()), "whole groups");
        Self { lines, layout }
    }

    /// How many groups there are.
    pub(crate) fn group_count(&self) -> usize {
        self.lines.len() / self.layout.merged_lines()
    }

    #[inline(always)]
    pub(super) fn layout(&self) -> GroupLayout {
        self.layout
    }

    /// The lines of each group.
    #[inline(always)]
    pub(super) fn groups(&self) -> impl Iterator<Item = &'a [CodeLine]> + use<'a> {
        self.lines.chunks_exact(self.layout.merged_lines())
    }
}
