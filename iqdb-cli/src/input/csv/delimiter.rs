//! What stands between the cells of a row.

/// What separates the cells of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delimiter {
    /// In a `.csv` file.
    Comma,
    /// In a `.tsv` file.
    Tab,
}

impl Delimiter {
    /// Its byte.
    pub(super) fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Tab => b'\t',
        }
    }
}
