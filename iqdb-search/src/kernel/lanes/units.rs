//! The units of the steps, and what they return.

/// Lanes of a sum, and the unit of dimensions.
pub(crate) const LANES: usize = 64;

/// How many rounds a rotation has.
pub(crate) const ROUNDS: usize = 4;

/// A query's components as bytes: what each unit stands for, and the sum of the bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Quantized {
    pub(crate) scale: f32,
    pub(crate) sum: i32,
}

/// A query's table: what each unit stands for, and the inner product of a sum of 0.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Table {
    pub(crate) step: f32,
    pub(crate) base: f32,
}
