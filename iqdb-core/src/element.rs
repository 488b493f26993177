//! The elements of dense vectors: how one component is stored.

use std::fmt;
use std::str::FromStr;

use half::{bf16, f16};

use crate::{Error, ErrorKind, Result};

/// How one component of a dense vector is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Element {
    /// IEEE 754 binary32, 4 bytes.
    F32,
    /// IEEE 754 binary16, 2 bytes: 11 bits of precision, finite up to 65,504.
    F16,
    /// bfloat16, 2 bytes: 8 bits of precision, the range of `F32`.
    BF16,
    /// A signed integer, 1 byte.
    I8,
    /// One bit. Bit `i` of a vector is bit `7 - i mod 8` of byte `i / 8`.
    Binary,
}

impl Element {
    /// Every element, in the order of their declaration.
    pub const ALL: [Self; 5] = [Self::F32, Self::F16, Self::BF16, Self::I8, Self::Binary];

    /// The name: `f32`, `f16`, `bf16`, `i8` or `binary`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::BF16 => "bf16",
            Self::I8 => "i8",
            Self::Binary => "binary",
        }
    }

    /// The bytes of a vector of `dim` components, without padding.
    #[must_use]
    pub fn vector_bytes(self, dim: usize) -> usize {
        match self {
            Self::F32 => dim * 4,
            Self::F16 | Self::BF16 => dim * 2,
            Self::I8 => dim,
            Self::Binary => dim.div_ceil(8),
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Element {
    type Err = Error;

    /// Reads the name that [`as_str`](Self::as_str) gives.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidSchema`] for any other text.
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|element| element.as_str() == text).ok_or_else(|| {
            Error::new(ErrorKind::InvalidSchema, "there is no such element")
                .expected("f32, f16, bf16, i8 or binary")
                .found(format_args!("{text:?}"))
        })
    }
}

/// A component of a dense vector that is a number: `f32`, [`struct@f16`], [`bf16`] or `i8`.
///
/// Sealed: the elements are those of [`Element`], without [`Element::Binary`].
pub trait Number: sealed::Sealed + Copy + PartialEq + Default + fmt::Debug + Send + Sync {
    /// Which element it is.
    const ELEMENT: Element;

    /// The value, exactly.
    fn to_f64(self) -> f64;

    /// Whether it is neither NaN nor infinite.
    fn is_finite(self) -> bool;
}

mod sealed {
    pub trait Sealed: 'static {}
}

macro_rules! number {
    ($type:ty, $element:ident, $is_finite:expr) => {
        impl sealed::Sealed for $type {}
        impl Number for $type {
            const ELEMENT: Element = Element::$element;
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self.into()
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                $is_finite(self)
            }
        }
    };
}

number!(f32, F32, f32::is_finite);
number!(f16, F16, f16::is_finite);
number!(bf16, BF16, bf16::is_finite);
number!(i8, I8, |_| true);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back() {
        for element in Element::ALL {
            assert_eq!(element.as_str().parse::<Element>().unwrap(), element);
        }
        assert_eq!("f64".parse::<Element>().unwrap_err().kind(), ErrorKind::InvalidSchema);
    }

    #[test]
    fn a_vector_of_bits_ends_in_a_whole_byte() {
        assert_eq!(Element::Binary.vector_bytes(9), 2);
        assert_eq!(Element::BF16.vector_bytes(9), 18);
    }
}
