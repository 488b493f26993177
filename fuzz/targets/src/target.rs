//! What a target is.

use crate::seed::Seed;

/// Something to fuzz.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name of its function, its shim and its folders of inputs.
    pub name: &'static str,
    /// What it holds against what, in a sentence.
    pub story: &'static str,
    /// Panics where iqdb is wrong about these bytes.
    pub run: fn(&[u8]),
    /// Inputs to begin with.
    pub seeds: fn() -> Vec<Seed>,
}
