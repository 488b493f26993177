//! The large parts of a run: in memory of its own, or lent from a saved file.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use iqdb_core::SavedBytes;

use crate::pages::Lines;

/// Bytes that don't change once they are written.
pub(super) enum Memory {
    Own(Lines),
    /// A part of what was saved.
    Saved(Arc<SavedBytes>, Range<usize>),
}

impl Memory {
    /// This many zeros.
    pub(super) fn zeroed(bytes: usize) -> Self {
        Self::Own(Lines::zeroed(bytes.div_ceil(64), None))
    }

    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Own(lines) => lines.bytes(),
            Self::Saved(bytes, range) => &(***bytes).as_ref()[range.clone()],
        }
    }

    /// The bytes, to be written; none of what was saved.
    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Own(lines) => lines.bytes_mut(),
            Self::Saved(..) => &mut [],
        }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({} bytes)", self.bytes().len())
    }
}
