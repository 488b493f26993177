//! What a value may be: finite, and within the limits.

use super::{List, Map, TooDeep, Value, ValueRef};
use crate::limits::{
    KEY_BYTES_MAX, LIST_LEN_MAX, PAYLOAD_BYTES_MAX, PAYLOAD_DEPTH_MAX, PAYLOAD_KEYS_MAX,
};
use crate::quoted::Quoted;
use crate::{Error, ErrorKind, Result};

impl Value {
    /// Checks that the value can be stored. O(size).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPayload`] for a float that is not finite, a list longer than
    /// [`LIST_LEN_MAX`], a map whose keys break a limit, nesting deeper than [`PAYLOAD_DEPTH_MAX`],
    /// or a value larger than [`PAYLOAD_BYTES_MAX`].
    pub fn check(&self) -> Result<()> {
        self.check_at(1)?;
        let bytes = self.size_bytes();
        if bytes > PAYLOAD_BYTES_MAX {
            return Err(invalid("a value is too large")
                .expected(format_args!("at most {PAYLOAD_BYTES_MAX} bytes"))
                .found(format_args!("{bytes} bytes")));
        }
        Ok(())
    }

    /// Checks everything but the size, for a value at this depth.
    pub(super) fn check_at(&self, depth: usize) -> Result<()> {
        let values = match self {
            Self::Float(value) if !value.is_finite() => {
                return Err(invalid("a number is not finite")
                    .expected("a finite number")
                    .found(value));
            }
            Self::List(List(Err(TooDeep))) | Self::Map(Map(Err(TooDeep))) => return Err(too_deep()),
            Self::List(List(Ok(values))) => values,
            Self::Map(map) => return map.check_at(depth),
            _ => return Ok(()),
        };
        if values.len() > LIST_LEN_MAX {
            return Err(invalid("a list is too long")
                .expected(format_args!("at most {LIST_LEN_MAX} elements"))
                .found(format_args!("{} elements", values.len())));
        }
        if depth == PAYLOAD_DEPTH_MAX && !values.is_empty() {
            return Err(too_deep());
        }
        values.iter().try_for_each(|value| value.check_at(depth + 1))
    }

    /// What the value counts towards [`PAYLOAD_BYTES_MAX`]: 8 per value, and the bytes of its strings
    /// and keys. O(size).
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.as_ref().size_bytes()
    }
}

impl Map {
    /// Checks everything but the size, for a map at this depth: 0 for a whole payload.
    pub(crate) fn check_at(&self, depth: usize) -> Result<()> {
        let Ok(entries) = &self.0 else {
            return Err(too_deep());
        };
        if entries.len() > PAYLOAD_KEYS_MAX {
            return Err(invalid("there are too many keys")
                .expected(format_args!("at most {PAYLOAD_KEYS_MAX}"))
                .found(entries.len()));
        }
        if depth == PAYLOAD_DEPTH_MAX && !entries.is_empty() {
            return Err(too_deep());
        }
        for (key, value) in entries {
            if key.is_empty() || key.len() > KEY_BYTES_MAX {
                return Err(invalid("a key has the wrong length")
                    .expected(format_args!("1 to {KEY_BYTES_MAX} bytes"))
                    .found(format_args!("{} bytes", key.len())));
            }
            value.check_at(depth + 1).map_err(|error| match depth {
                0 => {
                    let key = Quoted(key);
                    invalid(format!("a value can't be stored, at key {key}")).caused_by(error)
                }
                _ => error,
            })?;
        }
        Ok(())
    }
}

impl ValueRef<'_> {
    /// What the value counts towards [`PAYLOAD_BYTES_MAX`]: 8 per value, and the bytes of its strings
    /// and keys. O(size).
    #[must_use]
    pub fn size_bytes(self) -> usize {
        8 + match self {
            Self::Text(text) => text.len(),
            Self::List(values) => values.iter().map(ValueRef::size_bytes).sum(),
            Self::Map(values) => {
                values.iter().map(|(key, value)| key.len() + value.size_bytes()).sum()
            }
            _ => 0,
        }
    }
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidPayload, message)
}

pub(super) fn too_deep() -> Error {
    invalid("lists and maps are nested too deeply").expected(format_args!(
        "at most {PAYLOAD_DEPTH_MAX} inside each other, a payload's keys included"
    ))
}
