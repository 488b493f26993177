//! What core can compute of a payload.

use crate::{Error, ErrorKind, PayloadRef, Result};

/// How the column of a computed field is made of a payload. A store keeps the bytes as it keeps a
/// payload, lends them as [`RowsRef::Bytes`](crate::RowsRef), and knows nothing else of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Computation {
    /// The length of the text at the key of the field's name, or of each text in the list there:
    /// 4 bytes each, little-endian. A record with anything else there lacks the field. For tests of
    /// backends: it stands for every computation.
    #[cfg(feature = "testing")]
    TextLengths,
}

impl Computation {
    /// Its name with its version, by which a format of files knows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "testing")]
            Self::TextLengths => "text_lengths/1",
        }
    }

    /// The computation of this name.
    ///
    /// # Errors
    /// [`ErrorKind::NotSupported`] for one that this build doesn't have.
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            #[cfg(feature = "testing")]
            "text_lengths/1" => Ok(Self::TextLengths),
            _ => Err(Error::new(ErrorKind::NotSupported, "this build can't compute such a field")
                .found(format_args!("{name:?}"))
                .hint("open it with the version and the cargo features that made it")),
        }
    }

    /// Appends the bytes that the field of this name has for a record with this payload, and returns true;
    /// or returns false for a record that lacks the field, and leaves `out` alone.
    #[cfg_attr(not(feature = "testing"), allow(unused_variables, clippy::ptr_arg))]
    pub(crate) fn compute(
        self,
        field: &str,
        payload: &PayloadRef<'_>,
        out: &mut Vec<u8>,
    ) -> Result<bool> {
        match self {
            #[cfg(feature = "testing")]
            Self::TextLengths => text_lengths(field, payload, out),
        }
    }
}

#[cfg(feature = "testing")]
fn text_lengths(key: &str, payload: &PayloadRef<'_>, out: &mut Vec<u8>) -> Result<bool> {
    use crate::ValueRef;
    let mut push = |text: &str| {
        out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    };
    match payload.get(key)? {
        Some(ValueRef::Text(text)) => push(text),
        Some(ValueRef::List(list)) => {
            for item in list.iter() {
                if let ValueRef::Text(text) = item {
                    push(text);
                }
            }
        }
        _ => return Ok(false),
    }
    Ok(true)
}
