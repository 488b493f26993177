//! Vectors: non-empty, finite `f32` components, owned or borrowed.

use std::fmt;
use std::ops::Deref;

use crate::limits::DIM_MAX;
use crate::{Error, ErrorKind, Result};

/// An owned vector of 1 to [`DIM_MAX`] finite components.
///
/// Its bits are the caller's: nothing is ever normalised, and `-0.0` stays `-0.0`.
///
/// ```
/// use iqdb_core::Vector;
///
/// let vector = Vector::try_from([0.5, -1.0])?;
/// assert_eq!(&*vector, [0.5, -1.0]);
/// assert!(Vector::try_from([f32::NAN]).is_err());
/// # Ok::<(), iqdb_core::Error>(())
/// ```
#[derive(Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
pub struct Vector(Box<[f32]>);

/// A borrowed vector of 1 to [`DIM_MAX`] finite components. Validated once, when it is made.
#[derive(Clone, Copy, PartialEq)]
pub struct VectorRef<'a>(&'a [f32]);

fn check(components: &[f32]) -> Result<()> {
    if components.is_empty() {
        return Err(Error::new(ErrorKind::InvalidVector, "the vector is empty")
            .expected("at least 1 component")
            .found("0 components"));
    }
    if components.len() > DIM_MAX {
        return Err(Error::new(ErrorKind::InvalidVector, "the vector is too long")
            .expected(format_args!("at most {DIM_MAX} components"))
            .found(format_args!("{} components", components.len())));
    }
    // No component ends the loop early, so that it runs at SIMD speed; a sum would not, because its
    // order is part of its value.
    if components.iter().fold(true, |finite, x| finite & x.is_finite()) {
        return Ok(());
    }
    let (position, value) = components
        .iter()
        .enumerate()
        .find(|(_, x)| !x.is_finite())
        .map_or((0, f32::NAN), |(position, value)| (position, *value));
    Err(Error::new(ErrorKind::InvalidVector, "a component is not finite")
        .expected("finite components")
        .found(format_args!("{value} in component {position}"))
        .hint("leave the vector out, or repair what made it"))
}

impl Vector {
    /// The components as a validated borrow; costs nothing.
    #[must_use]
    pub fn as_ref(&self) -> VectorRef<'_> {
        VectorRef(&self.0)
    }
}

impl<'a> VectorRef<'a> {
    /// Borrows `components` as a vector. O(dim).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidVector`] when there are none, more than [`DIM_MAX`], or one that is NaN
    /// or infinite.
    pub fn new(components: &'a [f32]) -> Result<Self> {
        check(components)?;
        Ok(Self(components))
    }

    /// The components, for as long as they were lent.
    #[must_use]
    pub fn as_slice(self) -> &'a [f32] {
        self.0
    }
}

impl Deref for Vector {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        &self.0
    }
}

impl Deref for VectorRef<'_> {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        self.0
    }
}

impl TryFrom<Box<[f32]>> for Vector {
    type Error = Error;
    fn try_from(components: Box<[f32]>) -> Result<Self> {
        check(&components)?;
        Ok(Self(components))
    }
}

impl TryFrom<Vec<f32>> for Vector {
    type Error = Error;
    fn try_from(components: Vec<f32>) -> Result<Self> {
        check(&components)?;
        Ok(Self(components.into_boxed_slice()))
    }
}

impl TryFrom<&[f32]> for Vector {
    type Error = Error;
    fn try_from(components: &[f32]) -> Result<Self> {
        check(components)?;
        Ok(Self(components.into()))
    }
}

impl TryFrom<&Vec<f32>> for Vector {
    type Error = Error;
    fn try_from(components: &Vec<f32>) -> Result<Self> {
        Self::try_from(components.as_slice())
    }
}

impl<const N: usize> TryFrom<[f32; N]> for Vector {
    type Error = Error;
    fn try_from(components: [f32; N]) -> Result<Self> {
        Self::try_from(components.as_slice())
    }
}

impl<const N: usize> TryFrom<&[f32; N]> for Vector {
    type Error = Error;
    fn try_from(components: &[f32; N]) -> Result<Self> {
        Self::try_from(components.as_slice())
    }
}

impl From<VectorRef<'_>> for Vector {
    fn from(vector: VectorRef<'_>) -> Self {
        Self(vector.0.into())
    }
}

impl From<&Vector> for Vector {
    fn from(vector: &Vector) -> Self {
        vector.clone()
    }
}

impl fmt::Debug for Vector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

/// The first few components and how many there are, so that a record prints on a screen.
impl fmt::Debug for VectorRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 8;
        if self.0.len() <= SHOWN {
            return f.debug_list().entries(self.0).finish();
        }
        f.write_str("[")?;
        for component in &self.0[..SHOWN] {
            write!(f, "{component:?}, ")?;
        }
        write!(f, "… {} components]", self.0.len())
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Vector {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Components;
        impl<'de> serde::de::Visitor<'de> for Components {
            type Value = Vector;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "1 to {DIM_MAX} finite numbers")
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut sequence: A,
            ) -> Result<Vector, A::Error> {
                // The length that the input claims is a hint to distrust: memory grows with what
                // is really there, and never past the limit.
                let claimed = sequence.size_hint().unwrap_or(0).min(1_024);
                let mut components = Vec::with_capacity(claimed);
                while let Some(component) = sequence.next_element::<f32>()? {
                    components.push(component);
                    if components.len() > DIM_MAX {
                        break;
                    }
                }
                Vector::try_from(components).map_err(serde::de::Error::custom)
            }
        }
        deserializer.deserialize_seq(Components)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_that_is_not_finite_is_named() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let error = Vector::try_from(vec![1.0, bad, 0.0]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidVector);
            assert!(error.finding().unwrap().contains("component 1"), "{error}");
        }
    }

    #[test]
    fn the_largest_finite_values_are_accepted() {
        assert!(Vector::try_from([f32::MAX; 64]).is_ok());
        assert!(Vector::try_from([f32::MIN; 64]).is_ok());
        assert!(Vector::try_from([-0.0, f32::from_bits(1)]).is_ok());
    }

    #[test]
    fn the_length_is_limited_on_both_sides() {
        assert!(Vector::try_from(Vec::new()).is_err());
        assert!(Vector::try_from(vec![0.0; DIM_MAX]).is_ok());
        assert!(Vector::try_from(vec![0.0; DIM_MAX + 1]).is_err());
    }
}
