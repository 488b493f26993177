//! Where decisions come from.

use arbitrary::Unstructured;

/// A fuzzer's bytes.
pub(crate) type Entropy<'a> = Unstructured<'a>;
