//! A query as the kernels compare it with coded rows.

use super::bound::AngleBound;
use super::line::LINE_COMPONENTS;

/// A coded query with its bound.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CodedQuery<'a> {
    components: &'a [i8],
    bias: BiasCorrection,
    bound: AngleBound,
}

/// The bias correction of a query: added to its sums of products, it makes them inner products of
/// codes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BiasCorrection {
    /// For sums with 4-bit codes.
    pub(crate) whole: i32,
    /// For twice the sums with 3-bit codes.
    pub(crate) upper: i32,
}

impl<'a> CodedQuery<'a> {
    /// A query of components from -127 to 127, with zeros behind the last one up to whole lines.
    ///
    /// # Panics
    /// When the components are not whole lines.
    pub(crate) fn new(components: &'a [i8], bias: BiasCorrection, bound: AngleBound) -> Self {
        assert!(components.len().is_multiple_of(LINE_COMPONENTS), "whole lines");
        Self { components, bias, bound }
    }

    /// The bound that excludes rows.
    #[inline(always)]
    pub(crate) fn bound(&self) -> &AngleBound {
        &self.bound
    }

    #[inline(always)]
    pub(super) fn components(&self) -> &'a [i8] {
        self.components
    }

    #[inline(always)]
    pub(super) fn bias(&self) -> BiasCorrection {
        self.bias
    }
}
