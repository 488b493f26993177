//! The layout of a block's codes in memory, and of the quantization errors stored with them.

use super::planes;

/// How many rows a group has side by side.
pub(crate) const GROUP: usize = 16;

/// Components of each row in a line of codes of four bits.
pub(crate) const LINE_COMPONENTS: usize = 8;

/// A cache line. It holds codes of sixteen rows, or one plane of them, or a float or two 16-bit
/// numbers per row.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Line(pub(crate) [u8; LINE]);

impl Line {
    pub(crate) const ZERO: Self = Self([0; LINE]);

    /// A float per row.
    fn of_floats(floats: [f32; GROUP]) -> Self {
        Self::of_words(floats.map(f32::to_le_bytes))
    }

    /// Two numbers of 16 bits per row.
    fn of_pairs(pairs: [[u16; 2]; GROUP]) -> Self {
        let word = |[low, high]: [u16; 2]| (u32::from(high) << 16 | u32::from(low)).to_le_bytes();
        Self::of_words(pairs.map(word))
    }

    fn of_words(words: [[u8; 4]; GROUP]) -> Self {
        let mut line = Self::ZERO;
        line.0.as_chunks_mut().0.copy_from_slice(&words);
        line
    }

    /// One of the floats.
    #[inline(always)]
    fn float(&self, row: usize) -> f32 {
        f32::from_le_bytes(self.0.as_chunks().0[row])
    }

    /// One of the pairs.
    #[inline(always)]
    fn pair(&self, row: usize) -> [u16; 2] {
        let [a, b, c, d] = self.0.as_chunks().0[row];
        [u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])]
    }
}

/// Bytes of a line.
pub(super) const LINE: usize = 64;

/// How many lines of codes are split into planes together.
pub(super) const FOUR: usize = 4;

/// The layout of a group of coded rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Lines of codes.
    pub(super) depth: usize,
    /// Whether the group stores the norms of its rows, for the metrics that need them.
    pub(super) by_norm: bool,
}

impl Shape {
    /// The layout for rows of `dim` components.
    pub(crate) fn new(dim: usize, by_norm: bool) -> Self {
        Self { depth: dim.div_ceil(LINE_COMPONENTS), by_norm }
    }

    /// Lines of codes, before the split into planes.
    #[inline(always)]
    pub(crate) fn depth(self) -> usize {
        self.depth
    }

    /// How many blocks of four lines are split into planes.
    #[inline(always)]
    pub(super) fn fours(self) -> usize {
        self.depth / FOUR
    }

    /// Lines of codes in the upper part.
    #[inline(always)]
    fn upper_depth(self) -> usize {
        self.depth - self.fours()
    }

    /// Components in planes; the group stores those behind them with all four bits.
    pub(crate) fn parted(self) -> usize {
        self.fours() * FOUR * LINE_COMPONENTS
    }

    /// Lines of codes behind the last four.
    #[inline(always)]
    pub(super) fn rest(self) -> usize {
        self.depth % FOUR
    }

    /// Lines of a group with merged planes: codes, facts, and the norms.
    #[inline(always)]
    pub(crate) fn whole_lines(self) -> usize {
        self.depth + if self.by_norm { 2 } else { 1 }
    }

    /// Lines of a group in the upper part.
    #[inline(always)]
    pub(crate) fn upper_lines(self) -> usize {
        self.upper_depth() + if self.by_norm { 2 } else { 1 }
    }

    /// Lines of a group in the lower part.
    #[inline(always)]
    pub(crate) fn lower_lines(self) -> usize {
        self.fours() + 1
    }

    /// Which line of the upper part has its facts.
    #[inline(always)]
    pub(super) fn upper_facts(self) -> usize {
        self.upper_depth()
    }

    /// Which line of the lower part has its facts.
    #[inline(always)]
    pub(super) fn lower_facts(self) -> usize {
        self.fours()
    }

    /// Which line of the upper part has the norms.
    #[inline(always)]
    pub(super) fn norms(self) -> Option<usize> {
        self.by_norm.then_some(self.upper_depth() + 1)
    }

    /// The unit of the counts in the lower part's facts: a power of two, so that no 4-bit code is
    /// longer than 65,535 units. The facts of the upper part use twice this unit.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn unit(self) -> f32 {
        // The components of a code are at most 8, and the rest of 8.5 is for rounding.
        let most = 8.5 * ((self.depth * LINE_COMPONENTS) as f32).sqrt();
        let mut unit = 1.0 / 65_536.0;
        while most > 65_535.0 * unit {
            unit *= 2.0;
        }
        unit
    }

    /// Writes a group: its codes, as many lines as the shape is deep, split into planes; and the
    /// quantization errors of its rows, of the 3-bit codes and of the 4-bit codes, and their norms.
    ///
    /// # Panics
    /// When there are more lines or fewer, or there is not room for a group.
    pub(crate) fn write(
        self,
        codes: &[Line],
        [of_upper, of_whole]: [[[u16; 2]; GROUP]; 2],
        norms: [f32; GROUP],
        (upper, lower): (&mut [Line], &mut [Line]),
    ) {
        assert_eq!(codes.len(), self.depth, "all lines of a group");
        let (fours, rest) = codes.as_chunks::<FOUR>();
        let (parts, behind) = upper[..self.upper_depth()].split_at_mut(3 * fours.len());
        for ((four, upper), lower) in fours.iter().zip(parts.as_chunks_mut().0).zip(&mut *lower) {
            (*upper, *lower) = planes::part(four);
        }
        behind.copy_from_slice(rest);
        upper[self.upper_facts()] = Line::of_pairs(of_upper);
        lower[self.lower_facts()] = Line::of_pairs(of_whole);
        if let Some(line) = self.norms() {
            upper[line] = Line::of_floats(norms);
        }
    }

    /// The counted quantization error of a row's 4-bit code; and the row's norm, not a number if
    /// the group has no norms.
    #[inline(always)]
    pub(crate) fn facts(self, upper: &[Line], lower: &[Line], row: usize) -> ([u16; 2], f32) {
        let norm = self.norms().map_or(f32::NAN, |line| upper[line].float(row));
        (lower[self.lower_facts()].pair(row), norm)
    }
}

/// Some groups of coded rows of one block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sheet<'a> {
    pub(super) upper: &'a [Line],
    pub(super) lower: &'a [Line],
    pub(super) shape: Shape,
}

impl<'a> Sheet<'a> {
    /// # Panics
    /// When these are not the two parts of whole groups.
    pub(crate) fn new(upper: &'a [Line], lower: &'a [Line], shape: Shape) -> Self {
        let groups = upper.len() / shape.upper_lines();
        assert_eq!(upper.len(), groups * shape.upper_lines(), "whole groups");
        assert_eq!(lower.len(), groups * shape.lower_lines(), "the same groups");
        Self { upper, lower, shape }
    }

    /// How many groups there are.
    pub(crate) fn groups(&self) -> usize {
        self.upper.len() / self.shape.upper_lines()
    }
}

/// The groups of a sheet with merged planes: of each its lines of codes, the facts of its 4-bit
/// codes, and the norms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Together<'a> {
    pub(super) lines: &'a [Line],
    pub(super) shape: Shape,
}

impl Together<'_> {
    /// How many groups there are.
    pub(crate) fn groups(&self) -> usize {
        self.lines.len() / self.shape.whole_lines()
    }
}
