//! Arrays of numpy that Rust may read as slices.

use numpy::ndarray::Dimension;
use numpy::{Element, PyArray, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::prelude::*;

/// Whether the items lie one after the other, each at an address that is a multiple of its alignment.
pub(crate) fn is_plain<T: Element, D: Dimension>(array: &Bound<'_, PyArray<T, D>>) -> bool {
    array.is_c_contiguous() && array.data().is_aligned()
}
