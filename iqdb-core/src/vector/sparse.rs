//! Sparse vectors, owned and borrowed.

use std::fmt;

use crate::limits::SPARSE_TERMS_MAX;
use crate::{Error, ErrorKind, Result};

/// An owned sparse vector: 1 to [`SPARSE_TERMS_MAX`] pairs of index and weight, by rising index.
#[derive(Clone, PartialEq)]
pub struct Sparse {
    indices: Box<[u32]>,
    weights: Box<[f32]>,
}

/// A borrowed [`Sparse`]. Validated once, when it is made.
#[derive(Clone, Copy, PartialEq)]
pub struct SparseRef<'a> {
    indices: &'a [u32],
    weights: &'a [f32],
}

impl Sparse {
    /// Takes the pairs: `weights[n]` is the component `indices[n]`. O(terms).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidVector`] when there are none (leave the field out instead), more than
    /// [`SPARSE_TERMS_MAX`], not as many weights as indices, indices that don't rise strictly, or a
    /// weight that is 0, NaN or infinite.
    pub fn new(indices: impl Into<Box<[u32]>>, weights: impl Into<Box<[f32]>>) -> Result<Self> {
        let (indices, weights) = (indices.into(), weights.into());
        check(&indices, &weights)?;
        Ok(Self { indices, weights })
    }

    /// The vector as a borrow; costs nothing.
    #[must_use]
    pub fn as_ref(&self) -> SparseRef<'_> {
        SparseRef { indices: &self.indices, weights: &self.weights }
    }
}

impl<'a> SparseRef<'a> {
    /// Borrows the pairs.
    ///
    /// # Errors
    /// Those of [`Sparse::new`].
    pub fn new(indices: &'a [u32], weights: &'a [f32]) -> Result<Self> {
        check(indices, weights)?;
        Ok(Self { indices, weights })
    }

    /// The indices, rising strictly.
    #[must_use]
    pub fn indices(self) -> &'a [u32] {
        self.indices
    }

    /// The weights, one for each index.
    #[must_use]
    pub fn weights(self) -> &'a [f32] {
        self.weights
    }

    /// An owned copy.
    #[must_use]
    pub fn to_sparse(self) -> Sparse {
        Sparse { indices: self.indices.into(), weights: self.weights.into() }
    }
}

fn check(indices: &[u32], weights: &[f32]) -> Result<()> {
    let invalid = |message: &'static str| Error::new(ErrorKind::InvalidVector, message);
    if indices.is_empty() {
        return Err(invalid("the sparse vector is empty")
            .expected("at least 1 term")
            .found("0 terms")
            .hint("leave the field out of the record"));
    }
    if indices.len() > SPARSE_TERMS_MAX {
        return Err(invalid("the sparse vector is too long")
            .expected(format_args!("at most {SPARSE_TERMS_MAX} terms"))
            .found(format_args!("{} terms", indices.len())));
    }
    if indices.len() != weights.len() {
        return Err(invalid("a sparse vector needs one weight for each index")
            .expected(format_args!("{} weights", indices.len()))
            .found(format_args!("{} weights", weights.len())));
    }
    if let Some(at) = indices.windows(2).position(|pair| pair[0] >= pair[1]) {
        return Err(invalid("the indices don't rise strictly")
            .expected(format_args!("an index above {} in term {}", indices[at], at + 1))
            .found(indices[at + 1]));
    }
    match weights.iter().position(|weight| !weight.is_finite() || *weight == 0.0) {
        Some(at) => Err(invalid("a weight is 0 or not finite")
            .expected("finite weights other than 0")
            .found(format_args!("{} at index {}", weights[at], indices[at]))),
        None => Ok(()),
    }
}

impl fmt::Debug for Sparse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

/// The first few terms and how many there are.
impl fmt::Debug for SparseRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 8;
        let terms = self.indices.iter().zip(self.weights);
        f.debug_map().entries(terms.take(SHOWN)).finish()?;
        match self.indices.len() > SHOWN {
            true => write!(f, "… {} terms", self.indices.len()),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_sparse_vector_is_refused() {
        assert!(Sparse::new([0, u32::MAX], [1.0, -1.0]).is_ok());
        let bad: [(&[u32], &[f32]); 8] = [
            (&[], &[]),
            (&[1], &[]),
            (&[1, 1], &[1.0, 1.0]),
            (&[2, 1], &[1.0, 1.0]),
            (&[1], &[0.0]),
            (&[1], &[-0.0]),
            (&[1], &[f32::NAN]),
            (&[1], &[f32::INFINITY]),
        ];
        for (indices, weights) in bad {
            let error = Sparse::new(indices, weights).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidVector, "{indices:?} {weights:?}");
        }
    }

    #[test]
    fn the_number_of_terms_is_limited() {
        let indices: Vec<u32> = (0..=65_536).collect();
        assert!(Sparse::new(indices.clone(), vec![1.0; 65_537]).is_err());
        assert!(Sparse::new(&indices[1..], vec![1.0; 65_536]).is_ok());
    }
}
