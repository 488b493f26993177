//! The payloads of a number of rows, field by field.

use iqdb_core::{Narrow, Path, PayloadColumns, Predicate, Result, ValueRef};

use crate::field::Field;
use crate::invalid::{FIELDS_MAX, Invalid};

/// The payloads of a number of rows, field by field, in the order of the fields' names. Immutable.
///
/// ```
/// use iqdb_columns::{Columns, Field};
/// use iqdb_core::{Payload, PayloadRef};
///
/// let payloads = [Payload::new().with("lang", "en"), Payload::new(), Payload::new().with("n", 7)];
/// let columns = Columns::from_payloads(&payloads).ok_or("too many fields")?;
/// assert_eq!(PayloadRef::of_row(&columns, 2).to_payload()?, payloads[2]);
/// assert_eq!(columns.fields().iter().map(Field::name).collect::<Vec<_>>(), ["lang", "n"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Columns {
    fields: Vec<Field>,
}

impl Columns {
    #[inline]
    fn field_named(&self, name: &str) -> Option<&Field> {
        let n = self.fields.binary_search_by(|field| field.name().cmp(name)).ok()?;
        self.fields.get(n)
    }

    /// The fields that a row has, with their values, in the order of the names. Yields nothing for a
    /// row beyond the last. O(fields of all rows).
    #[inline]
    pub fn row(&self, row: usize) -> impl Iterator<Item = (&str, ValueRef<'_>)> {
        self.fields.iter().filter_map(move |field| Some((field.name(), field.value_in(row)?)))
    }

    /// Narrows `mask` to the rows that match `leaf` and returns true. Returns false, and leaves the mask
    /// alone, for a condition on ids, and where evaluating it row by row is at least as fast.
    /// Allocates nothing. O(rows), and O(log values) or O(values) of the field. The contract is that of [`BlockSource::matching`](iqdb_core::BlockSource::matching).
    pub fn matching(&self, leaf: &Predicate, mask: &mut Narrow<'_>) -> bool {
        let Some(Ok(key)) = leaf.path().map(Path::first_key) else {
            return false;
        };
        match self.field_named(key) {
            Some(field) => field.select(leaf, mask),
            None => {
                // An absent key makes every condition on it false.
                mask.retain_words(|_, _| 0);
                true
            }
        }
    }
}

impl Columns {
    /// Columns of `rows` rows. O(fields).
    ///
    /// # Errors
    /// [`Invalid::Fields`] when there are more than [`FIELDS_MAX`]; [`Invalid::Name`] when a name doesn't
    /// come after the one before it; [`Invalid::Rows`] when a field has more or fewer rows.
    pub fn new(rows: usize, fields: Vec<Field>) -> Result<Self, Invalid> {
        if fields.len() > FIELDS_MAX {
            Err(Invalid::Fields)
        } else if fields.windows(2).any(|pair| pair[0].name() >= pair[1].name()) {
            Err(Invalid::Name)
        } else if fields.iter().any(|field| field.codes().len() != rows) {
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

impl PayloadColumns for Columns {
    /// O(fields).
    fn entry_at(&self, row: usize, n: usize) -> Result<Option<(&str, ValueRef<'_>)>> {
        Ok(self.row(row).nth(n))
    }

    /// O(log fields).
    fn get(&self, row: usize, key: &str) -> Result<Option<ValueRef<'_>>> {
        Ok(self.field_named(key).and_then(|field| field.value_in(row)))
    }
}

impl std::fmt::Debug for Columns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.fields.iter().map(Field::name)).finish()
    }
}
