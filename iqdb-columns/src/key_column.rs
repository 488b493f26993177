//! The column of one key, made of its parts, all of which are checked.

use iqdb_core::ValueRef;
use iqdb_core::limits::KEY_BYTES_MAX;

use crate::codes::Codes;
use crate::dictionary::Dictionary;
use crate::exact::ExactValue;
use crate::invalid::Invalid;

/// The column of one key: its value in every row.
#[derive(Debug)]
pub struct KeyColumn {
    name: Box<str>,
    codes: Codes,
    dictionary: Dictionary,
}

impl KeyColumn {
    /// The column of a key, one row per code. O(rows).
    ///
    /// # Errors
    /// [`Invalid::Name`] when the name can't be a key's; [`Invalid::Rows`] when there are fewer
    /// rows than values; [`Invalid::Width`] or [`Invalid::Code`] when the codes are not those of
    /// this dictionary.
    pub fn new(name: &str, mut dictionary: Dictionary, codes: Codes) -> Result<Self, Invalid> {
        let values = dictionary.len();
        if !(1..=KEY_BYTES_MAX).contains(&name.len()) {
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

    /// The key's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The distinct values.
    #[must_use]
    pub fn dictionary(&self) -> &Dictionary {
        &self.dictionary
    }

    /// Per row the code of its value in the dictionary.
    #[must_use]
    pub fn codes(&self) -> &Codes {
        &self.codes
    }

    /// The column of a key, one row per code, from distinct values in any order: a row's code is the number of
    /// its value among `values`, counted from 1, or 0 where the row lacks the key. Sorts the values
    /// and renumbers the codes. O(rows + n log n) for n values.
    ///
    /// # Errors
    /// [`Invalid::Name`] when the name can't be a key's; [`Invalid::Value`] when a value is there
    /// twice or can't be stored; [`Invalid::Texts`] when the strings are of more than 4 GiB;
    /// [`Invalid::Code`] when a code is the number of no value; [`Invalid::Rows`] when there are
    /// fewer rows than values.
    pub fn from_unsorted<'a>(
        name: &str,
        values: impl IntoIterator<Item = ValueRef<'a>>,
        codes: impl ExactSizeIterator<Item = u32>,
    ) -> Result<Self, Invalid> {
        if !(1..=KEY_BYTES_MAX).contains(&name.len()) {
            return Err(Invalid::Name);
        }
        let mut sorted: Vec<(ExactValue<'_>, usize)> =
            values.into_iter().map(ExactValue).zip(1..).collect();
        if codes.len() < sorted.len() {
            return Err(Invalid::Rows);
        }
        sorted.sort_unstable();
        let mut dictionary = Dictionary::new();
        let mut code_of = vec![0_u32; sorted.len() + 1];
        for (code, (value, n)) in (1..).zip(sorted) {
            dictionary.push(value.0)?;
            code_of[n] = code;
        }
        dictionary.shrink();

        let mut unknown = None;
        let codes = codes.enumerate().map(|(row, code)| {
            code_of.get(code as usize).copied().unwrap_or_else(|| {
                unknown.get_or_insert(row);
                0
            })
        });
        let codes = Codes::of(codes, dictionary.len());
        match unknown {
            Some(row) => Err(Invalid::Code(row)),
            None => Ok(Self { name: name.into(), codes, dictionary }),
        }
    }

    /// The value of a row; `None` where the row lacks the key. O(1).
    #[inline]
    pub(crate) fn value_in(&self, row: usize) -> Option<ValueRef<'_>> {
        self.dictionary.value(self.codes.get(row)?.checked_sub(1)?)
    }
}
