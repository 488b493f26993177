//! Vectors of bits, owned and borrowed.

use std::fmt;

use crate::limits::DIM_MAX;
use crate::{Error, ErrorKind, Result};

/// An owned vector of 1 to [`DIM_MAX`] bits.
///
/// Bit `i` is bit `7 - i mod 8` of byte `i / 8`, as `numpy.packbits` and pgvector pack it. The spare
/// bits of the last byte are 0.
#[derive(Clone, PartialEq)]
pub struct Bits {
    dim: usize,
    bytes: Box<[u8]>,
}

/// A borrowed [`Bits`]. Validated once, when it is made.
#[derive(Clone, Copy, PartialEq)]
pub struct BitsRef<'a> {
    dim: usize,
    bytes: &'a [u8],
}

impl Bits {
    /// Takes `dim` bits, packed into bytes.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidVector`] when `dim` is 0 or above [`DIM_MAX`], when there are not
    /// `dim / 8` bytes, rounded up, or when a spare bit of the last byte is not 0.
    pub fn new(dim: usize, bytes: impl Into<Box<[u8]>>) -> Result<Self> {
        let bytes = bytes.into();
        check(dim, &bytes)?;
        Ok(Self { dim, bytes })
    }

    /// The vector as a borrow; costs nothing.
    #[must_use]
    pub fn as_ref(&self) -> BitsRef<'_> {
        BitsRef { dim: self.dim, bytes: &self.bytes }
    }
}

impl<'a> BitsRef<'a> {
    /// Borrows `dim` bits, packed into bytes.
    ///
    /// # Errors
    /// Those of [`Bits::new`].
    pub fn new(dim: usize, bytes: &'a [u8]) -> Result<Self> {
        check(dim, bytes)?;
        Ok(Self { dim, bytes })
    }

    /// How many bits there are.
    #[must_use]
    pub fn dim(self) -> usize {
        self.dim
    }

    /// The packed bits, for as long as they were lent.
    #[must_use]
    pub fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// Whether every bit is 0.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.bytes.iter().all(|byte| *byte == 0)
    }

    /// An owned copy.
    #[must_use]
    pub fn to_bits(self) -> Bits {
        Bits { dim: self.dim, bytes: self.bytes.into() }
    }
}

fn check(dim: usize, bytes: &[u8]) -> Result<()> {
    let invalid = |message: &'static str| Error::new(ErrorKind::InvalidVector, message);
    if dim == 0 || dim > DIM_MAX {
        return Err(invalid("the number of bits is out of range")
            .expected(format_args!("1 to {DIM_MAX} bits"))
            .found(format_args!("{dim} bits")));
    }
    if bytes.len() != dim.div_ceil(8) {
        return Err(invalid("the bits don't fill their bytes")
            .expected(format_args!("{} bytes for {dim} bits", dim.div_ceil(8)))
            .found(format_args!("{} bytes", bytes.len())));
    }
    let spare = bytes.len() * 8 - dim;
    match bytes.last() {
        Some(last) if last.trailing_zeros() < u32::try_from(spare).unwrap_or(u32::MAX) => {
            Err(invalid("a spare bit of the last byte is set")
                .expected(format_args!("its {spare} lowest bits to be 0"))
                .found(format_args!("{last:#010b}")))
        }
        _ => Ok(()),
    }
}

impl fmt::Debug for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

/// The first few bits and how many there are.
impl fmt::Debug for BitsRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 32;
        f.write_str("bits ")?;
        for i in 0..self.dim.min(SHOWN) {
            f.write_str(if self.bytes[i / 8] & (0x80 >> (i % 8)) == 0 { "0" } else { "1" })?;
        }
        if self.dim > SHOWN {
            write!(f, "… {} bits", self.dim)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spare_bits_are_0_and_the_first_bit_is_the_highest() {
        assert!(Bits::new(9, [0xff, 0x80]).is_ok());
        assert!(Bits::new(9, [0xff, 0xc0]).is_err());
        assert!(Bits::new(9, [0xff]).is_err() && Bits::new(9, [0xff, 0, 0]).is_err());
        assert!(Bits::new(0, []).is_err());
        assert!(Bits::new(DIM_MAX, vec![0; DIM_MAX / 8]).is_ok());
        assert!(Bits::new(DIM_MAX + 1, vec![0; DIM_MAX / 8 + 1]).is_err());
        assert_eq!(format!("{:?}", Bits::new(9, [0x81, 0x80]).unwrap()), "bits 100000011");
    }
}
