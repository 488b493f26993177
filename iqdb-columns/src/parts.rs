//! Packed columns taken apart and put together again, with nothing believed.

use std::fmt;

use iqdb_core::limits::FIELD_NAME_BYTES_MAX;

use super::{Codes, Columns, Dictionary, FIELDS_MAX, Field};

/// Why parts make no columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Invalid {
    /// There are more than [`FIELDS_MAX`] fields.
    Fields,
    /// A field's name is empty, too long, or not after the name before it.
    Name,
    /// A value can't be stored, or doesn't come after the value before it.
    Value,
    /// The strings of a field are of more than 4 GiB.
    Texts,
    /// The codes are wider or narrower than it takes to number the values.
    Width,
    /// There isn't a code for each row, or there are more values than rows.
    Rows,
    /// The code of this row, counted from 0, is the number of no value.
    Code(usize),
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fields => write!(f, "there are more than {FIELDS_MAX} fields"),
            Self::Name => f.write_str("a field's name is invalid or not after the one before it"),
            Self::Value => f.write_str("a value is invalid or not after the one before it"),
            Self::Texts => f.write_str("the strings of a field are of more than 4 GiB"),
            Self::Width => f.write_str("the codes don't have the width that the values take"),
            Self::Rows => f.write_str("there isn't a code for each row and a row for each value"),
            Self::Code(row) => write!(f, "the code of row {row} is the number of no value"),
        }
    }
}

impl std::error::Error for Invalid {}

impl Columns {
    /// Columns of `rows` rows. O(fields).
    ///
    /// # Errors
    /// [`Invalid::Fields`] when there are too many; [`Invalid::Name`] when a name doesn't come after
    /// the one before it; [`Invalid::Rows`] when a field is of more or fewer rows.
    pub fn new(rows: usize, fields: Vec<Field>) -> Result<Self, Invalid> {
        if fields.len() > FIELDS_MAX {
            Err(Invalid::Fields)
        } else if fields.windows(2).any(|pair| pair[0].name >= pair[1].name) {
            Err(Invalid::Name)
        } else if fields.iter().any(|field| field.codes.len() != rows) {
            Err(Invalid::Rows)
        } else {
            Ok(Self { fields })
        }
    }

    /// The fields in the order of their names.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }
}

impl Field {
    /// A field of as many rows as there are codes. O(rows).
    ///
    /// # Errors
    /// [`Invalid::Name`] when the name can't be a field's; [`Invalid::Rows`] when there are fewer
    /// rows than values; [`Invalid::Width`] or [`Invalid::Code`] when the codes are not those of
    /// this dictionary.
    pub fn new(name: &str, mut dictionary: Dictionary, codes: Codes) -> Result<Self, Invalid> {
        let values = dictionary.len();
        if !(1..=FIELD_NAME_BYTES_MAX).contains(&name.len()) {
            return Err(Invalid::Name);
        }
        if codes.len() < values {
            return Err(Invalid::Rows);
        }
        if codes.width() != Codes::width_for(values) {
            return Err(Invalid::Width);
        }
        let unknown = match &codes {
            Codes::U8(codes) => codes.iter().position(|code| usize::from(*code) > values),
            Codes::U16(codes) => codes.iter().position(|code| usize::from(*code) > values),
            Codes::U32(codes) => codes.iter().position(|code| *code as usize > values),
        };
        if let Some(row) = unknown {
            return Err(Invalid::Code(row));
        }
        dictionary.shrink();
        Ok(Self { name: name.into(), codes, dictionary })
    }

    /// The field's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The distinct values.
    #[must_use]
    pub fn dictionary(&self) -> &Dictionary {
        &self.dictionary
    }

    /// Which of them each row has.
    #[must_use]
    pub fn codes(&self) -> &Codes {
        &self.codes
    }
}

impl Codes {
    /// The width of the codes for `values` values: 1, 2 or 4 bytes.
    #[must_use]
    pub fn width_for(values: usize) -> usize {
        if u8::try_from(values).is_ok() {
            1
        } else if u16::try_from(values).is_ok() {
            2
        } else {
            4
        }
    }

    /// Bytes per code: 1, 2 or 4.
    #[must_use]
    pub fn width(&self) -> usize {
        match self {
            Self::U8(_) => 1,
            Self::U16(_) => 2,
            Self::U32(_) => 4,
        }
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::U8(codes) => codes.len(),
            Self::U16(codes) => codes.len(),
            Self::U32(codes) => codes.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
