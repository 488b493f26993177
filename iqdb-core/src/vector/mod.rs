//! Vectors of every kind, owned and borrowed.

mod bits;
mod dense;
#[cfg(feature = "serde")]
mod serde_form;
mod sparse;

use std::fmt;

use half::{bf16, f16};

pub use self::bits::{Bits, BitsRef};
pub use self::dense::{Dense, DenseRef};
pub use self::sparse::{Sparse, SparseRef};
use crate::{Element, Error, ErrorKind, Result};

/// An owned vector. Closed on purpose: a store that doesn't know a kind of vector must not compile.
///
/// Its bits are the caller's: nothing is ever normalised, and `-0.0` stays `-0.0`. It converts from
/// slices, arrays and `Vec`s of its elements.
///
/// ```
/// use iqdb_core::{Element, Vector};
///
/// let vector = Vector::try_from([0.5, -1.0])?;
/// assert_eq!(vector.as_f32(), Some([0.5, -1.0].as_slice()));
/// assert!(Vector::try_from([f32::NAN]).is_err());
///
/// let half = vector.to_f16()?;
/// assert_eq!(half.element(), Some(Element::F16));
/// let bits = Vector::binary(12, [0b1010_0000, 0b0001_0000])?;
/// assert_eq!(bits.dim(), Some(12));
/// # Ok::<(), iqdb_core::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub enum Vector {
    /// A dense vector of `f32`.
    F32(Dense<f32>),
    /// A dense vector of [`struct@f16`].
    F16(Dense<f16>),
    /// A dense vector of [`bf16`].
    BF16(Dense<bf16>),
    /// A dense vector of `i8`.
    I8(Dense<i8>),
    /// A vector of bits.
    Binary(Bits),
    /// Indices and weights.
    Sparse(Sparse),
}

/// A borrowed [`Vector`].
#[derive(Clone, Copy, PartialEq)]
pub enum VectorRef<'a> {
    /// A dense vector of `f32`.
    F32(DenseRef<'a, f32>),
    /// A dense vector of [`struct@f16`].
    F16(DenseRef<'a, f16>),
    /// A dense vector of [`bf16`].
    BF16(DenseRef<'a, bf16>),
    /// A dense vector of `i8`.
    I8(DenseRef<'a, i8>),
    /// A vector of bits.
    Binary(BitsRef<'a>),
    /// Indices and weights.
    Sparse(SparseRef<'a>),
}

impl Vector {
    /// A vector of `dim` bits: bit `i` is bit `7 - i mod 8` of byte `i / 8`, spare bits are 0.
    ///
    /// # Errors
    /// Those of [`Bits::new`].
    pub fn binary(dim: usize, bytes: impl Into<Box<[u8]>>) -> Result<Self> {
        Bits::new(dim, bytes).map(Self::Binary)
    }

    /// A sparse vector of terms: indices that rise strictly, and a weight for each.
    ///
    /// # Errors
    /// Those of [`Sparse::new`].
    pub fn sparse(indices: impl Into<Box<[u32]>>, weights: impl Into<Box<[f32]>>) -> Result<Self> {
        Sparse::new(indices, weights).map(Self::Sparse)
    }

    /// The vector as a borrow; costs nothing.
    #[must_use]
    pub fn as_ref(&self) -> VectorRef<'_> {
        match self {
            Self::F32(vector) => VectorRef::F32(vector.as_ref()),
            Self::F16(vector) => VectorRef::F16(vector.as_ref()),
            Self::BF16(vector) => VectorRef::BF16(vector.as_ref()),
            Self::I8(vector) => VectorRef::I8(vector.as_ref()),
            Self::Binary(vector) => VectorRef::Binary(vector.as_ref()),
            Self::Sparse(vector) => VectorRef::Sparse(vector.as_ref()),
        }
    }

    /// The components of a dense `f32` vector, else `None`.
    #[must_use]
    pub fn as_f32(&self) -> Option<&[f32]> {
        self.as_ref().as_f32()
    }

    /// The element of a dense vector; `None` for a sparse one.
    #[must_use]
    pub fn element(&self) -> Option<Element> {
        self.as_ref().element()
    }

    /// The dimension of a dense vector, in components or bits; `None` for a sparse one.
    #[must_use]
    pub fn dim(&self) -> Option<usize> {
        self.as_ref().dim()
    }

    /// The dense `f32` vector in half precision, each component rounded to nearest even. O(dim).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidVector`] for a component that would be infinite, and for a vector that
    /// isn't of `f32`.
    pub fn to_f16(&self) -> Result<Self> {
        self.as_ref().to_f16()
    }

    /// The dense `f32` vector in bfloat16, each component rounded to nearest even. O(dim).
    ///
    /// # Errors
    /// Those of [`to_f16`](Self::to_f16).
    pub fn to_bf16(&self) -> Result<Self> {
        self.as_ref().to_bf16()
    }
}

impl<'a> VectorRef<'a> {
    /// Borrows `components` as a dense vector of their element. O(dim).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidVector`] when there are none, more than
    /// [`DIM_MAX`](crate::limits::DIM_MAX), or one that is NaN or infinite.
    pub fn new<T>(components: &'a [T]) -> Result<Self>
    where
        Self: TryFrom<&'a [T], Error = Error>,
    {
        components.try_into()
    }

    /// The components of a dense `f32` vector, else `None`.
    #[must_use]
    pub fn as_f32(self) -> Option<&'a [f32]> {
        match self {
            Self::F32(vector) => Some(vector.as_slice()),
            _ => None,
        }
    }

    /// The element of a dense vector; `None` for a sparse one.
    #[must_use]
    pub fn element(self) -> Option<Element> {
        match self {
            Self::F32(_) => Some(Element::F32),
            Self::F16(_) => Some(Element::F16),
            Self::BF16(_) => Some(Element::BF16),
            Self::I8(_) => Some(Element::I8),
            Self::Binary(_) => Some(Element::Binary),
            Self::Sparse(_) => None,
        }
    }

    /// The dimension of a dense vector, in components or bits; `None` for a sparse one.
    #[must_use]
    pub fn dim(self) -> Option<usize> {
        match self {
            Self::F32(vector) => Some(vector.len()),
            Self::F16(vector) => Some(vector.len()),
            Self::BF16(vector) => Some(vector.len()),
            Self::I8(vector) => Some(vector.len()),
            Self::Binary(vector) => Some(vector.dim()),
            Self::Sparse(_) => None,
        }
    }

    /// Whether it has no direction: every component is 0. O(dim).
    #[must_use]
    pub fn is_zero(self) -> bool {
        match self {
            Self::F32(vector) => vector.iter().all(|x| *x == 0.0),
            Self::F16(vector) => vector.iter().all(|x| *x == f16::ZERO),
            Self::BF16(vector) => vector.iter().all(|x| *x == bf16::ZERO),
            Self::I8(vector) => vector.iter().all(|x| *x == 0),
            Self::Binary(vector) => vector.is_zero(),
            // A sparse vector has at least one weight, and none is 0.
            Self::Sparse(_) => false,
        }
    }

    /// An owned copy.
    #[must_use]
    pub fn to_vector(self) -> Vector {
        match self {
            Self::F32(vector) => Vector::F32(vector.to_dense()),
            Self::F16(vector) => Vector::F16(vector.to_dense()),
            Self::BF16(vector) => Vector::BF16(vector.to_dense()),
            Self::I8(vector) => Vector::I8(vector.to_dense()),
            Self::Binary(vector) => Vector::Binary(vector.to_bits()),
            Self::Sparse(vector) => Vector::Sparse(vector.to_sparse()),
        }
    }

    /// The dense `f32` vector in half precision, each component rounded to nearest even. O(dim).
    ///
    /// # Errors
    /// Those of [`Vector::to_f16`].
    pub fn to_f16(self) -> Result<Vector> {
        let components = self.widest("f16")?.iter().map(|x| f16::from_f32(*x));
        Dense::new(components.collect::<Vec<_>>()).map(Vector::F16).map_err(overflows)
    }

    /// The dense `f32` vector in bfloat16, each component rounded to nearest even. O(dim).
    ///
    /// # Errors
    /// Those of [`Vector::to_f16`].
    pub fn to_bf16(self) -> Result<Vector> {
        let components = self.widest("bf16")?.iter().map(|x| bf16::from_f32(*x));
        Dense::new(components.collect::<Vec<_>>()).map(Vector::BF16).map_err(overflows)
    }

    fn widest(self, narrower: &str) -> Result<&'a [f32]> {
        self.as_f32().ok_or_else(|| {
            Error::new(ErrorKind::InvalidVector, "the vector can't be rounded to fewer bits")
                .expected(format_args!("a vector of f32, to make one of {narrower}"))
                .found(self.element_name())
        })
    }

    /// The element's name, or `sparse`.
    pub(crate) fn element_name(self) -> &'static str {
        self.element().map_or("sparse", Element::as_str)
    }
}

fn overflows(error: Error) -> Error {
    error.hint("scale the vector down, or keep it in f32")
}

macro_rules! from_components {
    ($($type:ty, $kind:ident);*) => {$(
        impl From<Dense<$type>> for Vector {
            fn from(vector: Dense<$type>) -> Self {
                Self::$kind(vector)
            }
        }

        impl TryFrom<Box<[$type]>> for Vector {
            type Error = Error;
            fn try_from(components: Box<[$type]>) -> Result<Self> {
                Dense::new(components).map(Self::$kind)
            }
        }

        impl TryFrom<Vec<$type>> for Vector {
            type Error = Error;
            fn try_from(components: Vec<$type>) -> Result<Self> {
                Dense::new(components).map(Self::$kind)
            }
        }

        impl TryFrom<&[$type]> for Vector {
            type Error = Error;
            fn try_from(components: &[$type]) -> Result<Self> {
                Ok(DenseRef::new(components)?.to_dense().into())
            }
        }

        impl TryFrom<&Vec<$type>> for Vector {
            type Error = Error;
            fn try_from(components: &Vec<$type>) -> Result<Self> {
                Self::try_from(components.as_slice())
            }
        }

        impl<const N: usize> TryFrom<[$type; N]> for Vector {
            type Error = Error;
            fn try_from(components: [$type; N]) -> Result<Self> {
                Self::try_from(components.as_slice())
            }
        }

        impl<const N: usize> TryFrom<&[$type; N]> for Vector {
            type Error = Error;
            fn try_from(components: &[$type; N]) -> Result<Self> {
                Self::try_from(components.as_slice())
            }
        }

        impl<'a> TryFrom<&'a [$type]> for VectorRef<'a> {
            type Error = Error;
            fn try_from(components: &'a [$type]) -> Result<Self> {
                DenseRef::new(components).map(Self::$kind)
            }
        }
    )*};
}

from_components!(f32, F32; f16, F16; bf16, BF16; i8, I8);

impl From<Bits> for Vector {
    fn from(vector: Bits) -> Self {
        Self::Binary(vector)
    }
}

impl From<Sparse> for Vector {
    fn from(vector: Sparse) -> Self {
        Self::Sparse(vector)
    }
}

impl From<VectorRef<'_>> for Vector {
    fn from(vector: VectorRef<'_>) -> Self {
        vector.to_vector()
    }
}

impl From<&Vector> for Vector {
    fn from(vector: &Vector) -> Self {
        vector.clone()
    }
}

impl<'a> From<&'a Vector> for VectorRef<'a> {
    fn from(vector: &'a Vector) -> Self {
        vector.as_ref()
    }
}

impl fmt::Debug for Vector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

impl fmt::Debug for VectorRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::F32(vector) => vector.fmt(f),
            Self::F16(vector) => vector.fmt(f),
            Self::BF16(vector) => vector.fmt(f),
            Self::I8(vector) => vector.fmt(f),
            Self::Binary(vector) => vector.fmt(f),
            Self::Sparse(vector) => vector.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_goes_to_the_nearest_even_and_never_to_infinity() {
        let vector = Vector::try_from([1.0 + f32::powi(2.0, -11), 65_504.0, -0.0]).unwrap();
        let expected = [f16::ONE, f16::MAX, f16::NEG_ZERO];
        assert_eq!(vector.to_f16().unwrap(), Vector::try_from(expected).unwrap());
        let too_large = Vector::try_from([65_520.0_f32]).unwrap();
        assert_eq!(too_large.to_f16().unwrap_err().kind(), ErrorKind::InvalidVector);
        assert!(too_large.to_bf16().is_ok());
        assert!(Vector::try_from([f32::MAX]).unwrap().to_bf16().is_err());
        assert!(Vector::try_from([1_i8]).unwrap().to_f16().is_err());
    }

    #[test]
    fn a_vector_is_small() {
        assert!(size_of::<Vector>() <= 40);
    }
}
